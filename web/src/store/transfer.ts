// Conversations as files: JSON, which can be read again, and Markdown for people. A file comes from anywhere, so each of
// its values is checked before anything is stored. And other files as parts of a question.
import { branchOf, type Conversation, type Message, type Sampling } from "./conversation.ts";
import type { Vote, Votes } from "./votes.ts";

const FORMAT = "r1-conversations";
const VERSION = 1;
const MOST_CONVERSATIONS = 20_000;
const MOST_MESSAGES = 50_000; // of a conversation
const MOST_VOTES = 64;
const MOST_TEXT = 4_000_000; // characters of a message

export function toJson(conversations: Conversation[]): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, conversations }, null, 1) + "\n";
}

// Prose for people: the branch that is shown, with the thinking as quotations.
export function toMarkdown(
  conversation: Conversation,
  words: { user: string; model: string; thinking: string },
): string {
  const parts = [`# ${conversation.title.replace(/\n/g, " ") || conversation.id}`];
  if (conversation.system.trim()) parts.push(conversation.system.trim().replace(/^/gm, "> "));
  for (const message of branchOf(conversation)) {
    parts.push(`## ${message.role === "user" ? words.user : (message.model ?? words.model)}`);
    if (message.thinking?.trim())
      parts.push(`> **${words.thinking}**\n>\n` + message.thinking.trim().replace(/^/gm, "> "));
    parts.push(message.content.trim());
  }
  return parts.join("\n\n") + "\n";
}

export class ImportError extends Error {}

function fail(where: string, what: string): never {
  throw new ImportError(`${where}: ${what}`);
}

function objectAt(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(where, "expected an object");
  return value as Record<string, unknown>;
}

function arrayAt(value: unknown, where: string, most: number): unknown[] {
  if (!Array.isArray(value)) fail(where, "expected a list");
  if (value.length > most) fail(where, `${value.length} entries, at most ${most} are allowed`);
  return value;
}

function textAt(value: unknown, where: string, most = MOST_TEXT): string {
  if (typeof value !== "string") fail(where, "expected a text");
  if (value.length > most) fail(where, `${value.length} characters, at most ${most} are allowed`);
  return value;
}

function numberAt(value: unknown, where: string, least: number, most: number): number {
  if (typeof value !== "number" || !(value >= least && value <= most))
    fail(where, `${JSON.stringify(value)?.slice(0, 40)}, expected a number from ${least} to ${most}`);
  return value;
}

function oneOf<T extends string>(value: unknown, where: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T))
    fail(where, `${JSON.stringify(value)?.slice(0, 40)}, known: ${allowed.join(", ")}`);
  return value as T;
}

const time = (value: unknown, where: string) => numberAt(value, where, 0, 8.64e15);
const idAt = (value: unknown, where: string) => {
  const id = textAt(value, where, 64);
  return /^[\w-]+$/.test(id) ? id : fail(where, "expected letters, digits, - and _");
};

export const SAMPLING_RANGES: Record<keyof Sampling, { least: number; most: number; step: number }> = {
  temperature: { least: 0, most: 2, step: 0.05 },
  top_p: { least: 0.01, most: 1, step: 0.01 },
  top_k: { least: 0, most: 1_000_000, step: 1 },
  min_p: { least: 0, most: 1, step: 0.01 },
  max_tokens: { least: 1, most: 10_000_000, step: 1 },
  seed: { least: 0, most: Number.MAX_SAFE_INTEGER, step: 1 },
  thinkingBudget: { least: 0, most: 10_000_000, step: 1 },
};
const FIGURES = [
  "promptTokens",
  "answerTokens",
  "thinkingTokens",
  "thinkingMs",
  "firstTokenMs",
  "tokensPerSecond",
] as const;

function samplingAt(value: unknown, where: string): Sampling {
  const given = objectAt(value, where);
  const sampling: Sampling = {};
  for (const [name, range] of Object.entries(SAMPLING_RANGES) as [keyof Sampling, { least: number; most: number }][])
    if (given[name] != null) sampling[name] = numberAt(given[name], `${where}.${name}`, range.least, range.most);
  return sampling;
}

function voteAt(value: unknown, where: string): Vote {
  const given = objectAt(value, where);
  return {
    content: textAt(given["content"], `${where}.content`),
    ...(given["thinking"] == null ? {} : { thinking: textAt(given["thinking"], `${where}.thinking`) }),
    answer: given["answer"] == null ? null : textAt(given["answer"], `${where}.answer`),
    group: given["group"] == null ? null : numberAt(given["group"], `${where}.group`, 0, MOST_VOTES),
  };
}

function votesAt(value: unknown, where: string): Votes {
  const given = objectAt(value, where);
  const cast = arrayAt(given["cast"], `${where}.cast`, MOST_VOTES).map((v, i) => voteAt(v, `${where}.cast[${i}]`));
  return { winner: numberAt(given["winner"], `${where}.winner`, 0, cast.length - 1), cast };
}

function messageAt(value: unknown, where: string, before: Map<string, Message>): Message {
  const given = objectAt(value, where);
  const message: Message = {
    id: idAt(given["id"], `${where}.id`),
    parent: given["parent"] == null ? null : idAt(given["parent"], `${where}.parent`),
    role: oneOf(given["role"], `${where}.role`, ["user", "assistant"] as const),
    content: textAt(given["content"], `${where}.content`),
    created: time(given["created"], `${where}.created`),
  };
  if (before.has(message.id)) fail(`${where}.id`, `"${message.id}" occurs twice`);
  // A parent stands before its children, so there can be no circle.
  if (message.parent !== null && !before.has(message.parent))
    fail(`${where}.parent`, `no message "${message.parent}" stands before this one`);
  if (given["thinking"] != null) message.thinking = textAt(given["thinking"], `${where}.thinking`);
  if (given["error"] != null) message.error = textAt(given["error"], `${where}.error`, 10_000);
  if (given["votes"] != null) message.votes = votesAt(given["votes"], `${where}.votes`);
  if (given["model"] != null) message.model = textAt(given["model"], `${where}.model`, 500);
  if (given["outcome"] != null) {
    const outcome = oneOf(given["outcome"], `${where}.outcome`, [
      "running",
      "done",
      "stopped",
      "failed",
      "cut",
    ] as const);
    message.outcome = outcome === "running" ? "stopped" : outcome;
  }
  if (given["figures"] != null) {
    const figures = objectAt(given["figures"], `${where}.figures`);
    message.figures = Object.fromEntries(
      FIGURES.map((name) => [name, numberAt(figures[name], `${where}.figures.${name}`, 0, 1e15)]),
    ) as unknown as Message["figures"] & object;
  }
  return message;
}

function conversationAt(value: unknown, where: string): Conversation {
  const given = objectAt(value, where);
  const byId = new Map<string, Message>();
  arrayAt(given["messages"], `${where}.messages`, MOST_MESSAGES).forEach((entry, i) => {
    const message = messageAt(entry, `${where}.messages[${i}]`, byId);
    byId.set(message.id, message);
  });
  const leaf = given["leaf"] == null ? null : idAt(given["leaf"], `${where}.leaf`);
  if (leaf !== null && !byId.has(leaf)) fail(`${where}.leaf`, `there is no message "${leaf}"`);
  return {
    id: idAt(given["id"], `${where}.id`),
    title: textAt(given["title"], `${where}.title`, 1000),
    created: time(given["created"], `${where}.created`),
    updated: time(given["updated"], `${where}.updated`),
    system: textAt(given["system"] ?? "", `${where}.system`),
    ...(given["model"] == null ? {} : { model: textAt(given["model"], `${where}.model`, 500) }),
    ...(given["votes"] == null ? {} : { votes: numberAt(given["votes"], `${where}.votes`, 1, MOST_VOTES) }),
    thinks: given["thinks"] !== false,
    sampling: samplingAt(given["sampling"] ?? {}, `${where}.sampling`),
    messages: [...byId.values()],
    leaf,
    draft: textAt(given["draft"] ?? "", `${where}.draft`),
  };
}

// The conversations of a file. Errors: ImportError with a sentence that names the value.
export function fromJson(text: string): Conversation[] {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    fail("the file", `no JSON (${(error as Error).message})`);
  }
  const given = objectAt(file, "the file");
  oneOf(given["format"], "format", [FORMAT] as const);
  if (given["version"] !== VERSION)
    fail("version", `${JSON.stringify(given["version"])?.slice(0, 40)}, expected ${VERSION}`);
  const seen = new Set<string>();
  return arrayAt(given["conversations"], "conversations", MOST_CONVERSATIONS).map((entry, i) => {
    const conversation = conversationAt(entry, `conversations[${i}]`);
    if (seen.has(conversation.id)) fail(`conversations[${i}].id`, `"${conversation.id}" occurs twice`);
    seen.add(conversation.id);
    return conversation;
  });
}

// A file as a part of a question: its name, and its text as a block of code that no fence in the text can end.
export function quoteFile(name: string, text: string): string {
  let longest = 2;
  for (const [fence] of text.matchAll(/`{3,}/g)) longest = Math.max(longest, fence.length);
  const fence = "`".repeat(longest + 1);
  return `${name}\n${fence}\n${text.replace(/\r\n?/g, "\n").replace(/\n$/, "")}\n${fence}\n`;
}
