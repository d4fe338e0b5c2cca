// Files that are dropped on the page: exported conversations are imported, another text goes into the question. Without
// this a browser would leave the page and show the file.
import type { Conversation } from "../store/conversation.ts";
import { changedDraft, shown } from "../store/history.ts";
import { quoteFile } from "../store/transfer.ts";
import { t } from "../words.ts";
import { focusComposer } from "./composer.tsx";
import { importFile } from "./sidebar.tsx";
import { say } from "./view_state.ts";

const MOST_BYTES = 1_000_000;

// The text of a file, or null if it holds anything else. Throws if it cannot be read, as a folder cannot.
async function textOf(file: File): Promise<string | null> {
  const bytes = await file.arrayBuffer();
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

async function take(file: File, conversation: Conversation): Promise<void> {
  if (file.name.endsWith(".json") && (await file.slice(0, 200).text()).includes('"r1-conversations"'))
    return importFile(file);
  const text = file.size <= MOST_BYTES ? await textOf(file) : null;
  if (text === null) return say(t("noText", { name: file.name }));
  const before = conversation.draft.trimEnd();
  conversation.draft = (before ? `${before}\n\n` : "") + quoteFile(file.name, text);
  changedDraft(conversation);
  focusComposer();
}

// One file after the other, so that they stand in the question in the order in which they were dropped.
async function takeAll(files: File[], conversation: Conversation): Promise<void> {
  for (const file of files) await take(file, conversation).catch(() => say(t("notRead", { name: file.name })));
}

// Files are taken where the conversation is. Elsewhere, and under a dialog, a drop does nothing.
const isTaken = (event: DragEvent) => event.target instanceof Element && event.target.closest("main") !== null;

export function takeDroppedFiles(): void {
  const ofFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!ofFiles(event)) return;
    event.preventDefault();
    event.dataTransfer!.dropEffect = isTaken(event) ? "copy" : "none";
  });
  addEventListener("drop", (event) => {
    if (!ofFiles(event)) return;
    event.preventDefault();
    if (isTaken(event)) void takeAll([...event.dataTransfer!.files], shown.peek());
  });
}
