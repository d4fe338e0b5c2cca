// The conversations that the page shows, and their way into the browser's database.
import { computed, signal } from "@preact/signals";
import { type Conversation, newConversation } from "./conversation.ts";
import * as database from "./database.ts";

const SAVE_AFTER_MS = 400;
const DRAFT = "r1.draft"; // of the conversation that has no message yet

export const conversations = signal<Conversation[]>([]);
export const kept = signal(true); // whether they outlive the page
export const revision = signal(0); // changes with each change of a conversation
export const draftRevision = signal(0); // changes with each letter of a question that is being written
const blank = signal<Conversation>(newConversation(Date.now()));
const shownId = signal<string | null>(null);

// The conversation on the screen. A new one is not in the list before its first message.
export const shown = computed<Conversation>(() => {
  revision.value;
  return conversations.value.find((c) => c.id === shownId.value) ?? blank.value;
});

const pending = new Map<string, number>(); // timers by conversation

function write(conversation: Conversation): Promise<void> {
  return database.save(structuredClone(conversation)).catch(() => void (kept.value = false));
}

function dontSave(id: string): void {
  clearTimeout(pending.get(id));
  pending.delete(id);
}

// Stores a conversation once it has not changed for a moment. Another tab's state may have replaced the object by then,
// so the conversation is looked up again.
function saveLater(id: string): void {
  dontSave(id);
  const save = () => {
    pending.delete(id);
    const conversation = conversations.peek().find((c) => c.id === id);
    if (conversation) void write(conversation);
  };
  pending.set(id, window.setTimeout(save, SAVE_AFTER_MS));
}

// Says that a conversation has changed. It is stored a moment later; `now`: before the promise is fulfilled.
export async function changed(conversation: Conversation, now = false): Promise<void> {
  ++revision.value;
  if (conversation === blank.peek()) {
    if (!conversation.messages.length) return localStorage.setItem(DRAFT, conversation.draft);
    localStorage.removeItem(DRAFT);
    conversations.value = [conversation, ...conversations.peek()];
    show(conversation.id, "in place");
    blank.value = newConversation(Date.now());
  }
  if (!now) return saveLater(conversation.id);
  dontSave(conversation.id);
  if (conversations.peek().includes(conversation)) await write(conversation);
}

// Says that the draft has changed. Only what shows the draft reads `draftRevision`, so a letter redraws nothing else.
export function changedDraft(conversation: Conversation): void {
  ++draftRevision.value;
  if (conversation === blank.peek()) localStorage.setItem(DRAFT, conversation.draft);
  else saveLater(conversation.id);
}

// Whether this tab is drawing an answer of that conversation, and so knows better than the others.
let isDrawing: (id: string) => boolean = () => false;

// Takes over what another tab has stored, except the draft, which belongs to the tab where it is written.
export async function takeOver(id: string): Promise<void> {
  const stored = await database.loadOne(id);
  if (isDrawing(id)) return;
  const own = conversations.peek().find((c) => c.id === id);
  if (own && stored) stored.draft = own.draft;
  const others = conversations.peek().filter((c) => c !== own);
  conversations.value = stored ? [...others, stored].sort((a, b) => b.updated - a.updated) : others;
  ++revision.value;
}

export async function load(draws: (id: string) => boolean): Promise<void> {
  isDrawing = draws;
  database.onOtherTab((id) => void takeOver(id));
  kept.value = await database.isKept();
  const all = await database.loadAll();
  conversations.value = all.sort((a, b) => b.updated - a.updated);
  blank.value = { ...newConversation(Date.now()), draft: localStorage.getItem(DRAFT) ?? "" };
  show(location.hash.slice(1) || null, "in place");
  addEventListener("popstate", () => (shownId.value = location.hash.slice(1) || null));
}

// Shows a conversation, or a new one if `id` is null. "as a step" adds an entry to the browser's history, so that Back
// leads to the conversation that was shown before. "in place" replaces the entry, as where that conversation is gone.
export function show(id: string | null, way: "as a step" | "in place" = "as a step"): void {
  shownId.value = id;
  const found = conversations.peek().some((c) => c.id === id);
  const address = found ? `#${id}` : location.pathname;
  if (way === "in place") history.replaceState(null, "", address);
  else if (address !== (location.hash || location.pathname)) history.pushState(null, "", address);
}

export function startNew(): void {
  show(null);
}

// Removes a conversation. Returns what brings it back.
export function removeConversation(conversation: Conversation): () => void {
  const before = conversations.peek();
  conversations.value = before.filter((c) => c !== conversation);
  dontSave(conversation.id);
  if (shownId.peek() === conversation.id) show(null, "in place");
  void database.remove(conversation.id);
  return () => {
    conversations.value = [...conversations.peek(), conversation].sort((a, b) => b.updated - a.updated);
    write(conversation);
    show(conversation.id);
  };
}

// Adds conversations from a file. One whose id is taken gets another, so that nothing is overwritten.
export function addConversations(added: Conversation[], freshId: () => string): void {
  const taken = new Set(conversations.peek().map((c) => c.id));
  for (const conversation of added) {
    if (taken.has(conversation.id)) conversation.id = freshId();
    write(conversation);
  }
  conversations.value = [...conversations.peek(), ...added].sort((a, b) => b.updated - a.updated);
}

export function moveToTop(conversation: Conversation): void {
  if (conversations.peek()[0] === conversation || !conversations.peek().includes(conversation)) return;
  conversations.value = [conversation, ...conversations.peek().filter((c) => c !== conversation)];
}
