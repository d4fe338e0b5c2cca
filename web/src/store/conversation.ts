// A conversation as a tree: an edited question or another answer is a sibling of the first one. All functions are pure
// or change only the conversation that they are given.
import type { Votes } from "./votes.ts";

export type Outcome = "running" | "done" | "stopped" | "failed" | "cut";

export interface Figures {
  promptTokens: number;
  answerTokens: number; // thinking included
  thinkingTokens: number;
  thinkingMs: number;
  firstTokenMs: number;
  tokensPerSecond: number;
}

// An answer on its way, as far as a page that goes on with it must know. Times are milliseconds since 1970; 0: not yet.
export interface Stream {
  answer: string; // the server's name of the answer; empty: not known yet
  events: number; // how many of its events are in the message
  started: number;
  firstToken: number;
  answerBegan: number;
  promptTokens: number;
  thinkingTokens: number; // pieces so far; the server says the exact number at the end
  answerTokens: number;
  before?: Figures; // of the part that is continued
}

export interface Message {
  id: string;
  parent: string | null;
  role: "user" | "assistant";
  content: string;
  created: number; // milliseconds since 1970
  thinking?: string;
  outcome?: Outcome;
  error?: string;
  model?: string;
  figures?: Figures;
  votes?: Votes; // the answers among which this one was chosen
  stream?: Stream; // while the outcome is "running"
}

export interface Sampling {
  temperature?: number;
  top_p?: number;
  top_k?: number;
  min_p?: number;
  max_tokens?: number;
  seed?: number;
  thinkingBudget?: number;
}

export interface Conversation {
  id: string;
  title: string;
  created: number;
  updated: number;
  system: string;
  model?: string; // of several that the server has
  votes?: number; // how many answers are drawn for a question; absent: one
  thinks: boolean;
  sampling: Sampling;
  messages: Message[];
  leaf: string | null; // the last message of the branch that is shown
  draft: string;
}

export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
}

export function newConversation(now: number): Conversation {
  return {
    id: newId(),
    title: "",
    created: now,
    updated: now,
    system: "",
    thinks: true,
    sampling: {},
    messages: [],
    leaf: null,
    draft: "",
  };
}

// The messages from the first one to `leaf`.
export function branchOf(conversation: Conversation, leaf = conversation.leaf): Message[] {
  const byId = new Map(conversation.messages.map((m) => [m.id, m]));
  const branch: Message[] = [];
  for (let m = leaf ? byId.get(leaf) : undefined; m; m = m.parent ? byId.get(m.parent) : undefined) branch.push(m);
  return branch.reverse();
}

export function siblingsOf(conversation: Conversation, message: Message): Message[] {
  return conversation.messages.filter((m) => m.parent === message.parent && m.role === message.role);
}

// The place of each message among its siblings, from 0, and how many they are.
export function versionsOf(conversation: Conversation): Map<Message, { version: number; versions: number }> {
  const groups = new Map<string, Message[]>();
  for (const m of conversation.messages) {
    const key = `${m.role} ${m.parent}`;
    const group = groups.get(key);
    if (group) group.push(m);
    else groups.set(key, [m]);
  }
  const places = [...groups.values()].map((group) =>
    group.map((m, version) => [m, { version, versions: group.length }] as const),
  );
  return new Map(places.flat());
}

// Shows the branch through `id`, and from there on the newest messages.
export function showBranch(conversation: Conversation, id: string): void {
  let leaf = id;
  for (;;) {
    const children = conversation.messages.filter((m) => m.parent === leaf);
    const newest = children.at(-1);
    if (!newest) break;
    leaf = newest.id;
  }
  conversation.leaf = leaf;
}

export function addMessage(conversation: Conversation, message: Omit<Message, "id" | "created">, now: number): Message {
  const added: Message = { id: newId(), created: now, ...message };
  conversation.messages.push(added);
  conversation.leaf = added.id;
  conversation.updated = now;
  return added;
}

// A title from the first question: its first line, cut at a word.
export function titleFrom(question: string): string {
  const line = question.trim().split("\n")[0]!.replace(/\s+/g, " ");
  if ([...line].length <= 60) return line;
  const cut = [...line].slice(0, 57).join("");
  const space = cut.lastIndexOf(" ");
  return (space > 30 ? cut.slice(0, space) : cut) + "…";
}

// Whether all words of a search occur in the title or in a message.
export function matches(conversation: Conversation, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const text = [conversation.title, ...conversation.messages.map((m) => m.content)].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

// What the server is asked. Thinking of earlier answers is left out, as DeepSeek's template does it.
export function requestMessages(conversation: Conversation, leaf: string | null): { role: string; content: string }[] {
  const branch = branchOf(conversation, leaf).filter((m) => m.role === "user" || m.content);
  const system = conversation.system.trim();
  return [
    ...(system ? [{ role: "system", content: system }] : []),
    ...branch.map((m) => ({ role: m.role, content: m.content })),
  ];
}
