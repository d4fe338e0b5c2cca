// What is open on the screen.
import { signal } from "@preact/signals";

export type Dialog = "settings" | "preferences" | "shortcuts" | null;

export const dialog = signal<Dialog>(null);
export const drawer = signal(false); // the list of conversations on a narrow window
export const editing = signal<string | null>(null); // the message whose text is being edited
export const openThinking = signal<ReadonlySet<string>>(new Set()); // messages whose thinking is unfolded
export const toast = signal<{ text: string; undo?: () => void } | null>(null);

// Closes what stands over a conversation or in it, for one that is no longer on the screen.
export function closeAll(): void {
  dialog.value = null;
  drawer.value = false;
  editing.value = null;
}

// Opens or closes the thinking of a message.
export function toggleThinking(id: string): void {
  const next = new Set(openThinking.value);
  if (!next.delete(id)) next.add(id);
  openThinking.value = next;
}

const TOAST_MS = 8000;
let timer = 0;

export function say(text: string, undo?: () => void): void {
  toast.value = undo ? { text, undo } : { text };
  clearTimeout(timer);
  timer = window.setTimeout(() => (toast.value = null), TOAST_MS);
}
