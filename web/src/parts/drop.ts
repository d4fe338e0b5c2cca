// Files that are dropped on the page: exported conversations are imported, another text goes into the question. Without
// this a browser would leave the page and show the file.
import { changedDraft, shown } from "../store/history.ts";
import { t } from "../words.ts";
import { focusComposer } from "./composer.tsx";
import { importFile } from "./sidebar.tsx";
import { dialog, say } from "./view_state.ts";

const MOST_BYTES = 1_000_000;

// The text of a file, or null if it holds anything else.
async function textOf(file: File): Promise<string | null> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

// A block of code that no fence inside can end.
export function quoteFile(name: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([fence]) => fence.length));
  const fence = "`".repeat(longest + 1);
  return `${name}\n${fence}\n${text.replace(/\r\n?/g, "\n").replace(/\n$/, "")}\n${fence}\n`;
}

async function take(file: File): Promise<void> {
  if (file.name.endsWith(".json") && (await file.slice(0, 200).text()).includes('"r1-conversations"'))
    return importFile(file);
  const text = file.size <= MOST_BYTES ? await textOf(file) : null;
  if (text === null) return say(t("noText", { name: file.name }));
  const conversation = shown.peek();
  const before = conversation.draft.trimEnd();
  conversation.draft = (before ? `${before}\n\n` : "") + quoteFile(file.name, text);
  changedDraft(conversation);
  focusComposer();
}

export function takeDroppedFiles(): void {
  const ofFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!ofFiles(event)) return;
    event.preventDefault();
    event.dataTransfer!.dropEffect = dialog.peek() ? "none" : "copy";
  });
  addEventListener("drop", (event) => {
    if (!ofFiles(event)) return;
    event.preventDefault();
    if (!dialog.peek()) for (const file of event.dataTransfer!.files) void take(file);
  });
}
