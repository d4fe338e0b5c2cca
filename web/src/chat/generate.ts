// From a question to its answer: one request to the server, and what arrives put into the conversation.
import { signal } from "@preact/signals";
import {
  addMessage,
  branchOf,
  type Conversation,
  type Figures,
  type Message,
  requestMessages,
  titleFrom,
} from "../store/conversation.ts";
import { changed, moveToTop } from "../store/history.ts";
import { ApiError, cancelAnswer, type Chunk, streamChat } from "./api.ts";
import { connect, serverState } from "./server_state.ts";

export type Phase = "queued" | "reading" | "thinking" | "answering";

// An answer on its way.
export interface Run {
  message: Message;
  answer: string; // the server's name of the answer; empty: not known yet
  phase: Phase;
  read: number; // tokens of the prompt
  total: number;
  started: number;
  firstToken: number; // times of performance.now(); 0: not yet
  answerBegan: number;
  thinkingTokens: number; // pieces so far; the server says the exact number at the end
  answerTokens: number;
  before: Figures | undefined; // of the part that is continued
  stop: () => void;
}

export const runs = signal<ReadonlyMap<string, Run>>(new Map()); // by conversation
export const tick = signal(0); // changes whenever text of a running answer was added

const SAVE_EVERY_MS = 1000;
const SHOW_EVERY_MS = 40;

// An answer without a reader would go on for a while, so a page that is closed ends its own.
export function endRunsWithPage(): void {
  addEventListener("pagehide", (event) => {
    if (!event.persisted) for (const run of runs.peek().values()) if (run.answer) cancelAnswer(run.answer, true);
  });
}

export function runOf(conversation: Conversation): Run | undefined {
  return runs.value.get(conversation.id);
}

function setRun(id: string, run: Run | null): void {
  const next = new Map(runs.peek());
  if (run) next.set(id, run);
  else next.delete(id);
  runs.value = next;
}

function requestOf(conversation: Conversation, question: string | null, continued: Message | null): object {
  const { thinkingBudget, ...sampling } = conversation.sampling;
  const messages: object[] = requestMessages(conversation, question);
  if (continued)
    messages.push({
      role: "assistant",
      content: continued.content,
      reasoning_content: continued.thinking || undefined,
    });
  return {
    messages,
    stream: true,
    stream_options: { include_usage: true },
    return_progress: true,
    ...sampling,
    ...(thinkingBudget === undefined ? {} : { thinking_token_budget: thinkingBudget }),
    ...(conversation.thinks ? {} : { thinking: { type: "disabled" } }),
    ...(continued ? { continue_final_message: true } : {}),
  };
}

function take(run: Run, chunk: Chunk): void {
  const { message } = run;
  run.answer = chunk.id ?? run.answer;
  if (chunk.model) message.model = chunk.model;
  if (chunk.prompt_progress) {
    run.phase = "reading";
    run.read = chunk.prompt_progress.processed;
    run.total = chunk.prompt_progress.total;
  }
  const choice = chunk.choices?.[0];
  const thinking = choice?.delta?.reasoning_content;
  const content = choice?.delta?.content;
  if (thinking || content) run.firstToken ||= performance.now();
  if (thinking) {
    run.phase = "thinking";
    message.thinking = (message.thinking ?? "") + thinking.replace(/\r\n?/g, "\n");
    ++run.thinkingTokens;
  }
  if (content) {
    run.phase = "answering";
    run.answerBegan ||= performance.now();
    message.content += content.replace(/\r\n?/g, "\n");
    ++run.answerTokens;
  }
  if (choice?.finish_reason) message.outcome = choice.finish_reason === "length" ? "cut" : "done";
  if (chunk.usage) {
    run.total = chunk.usage.prompt_tokens;
    run.thinkingTokens = chunk.usage.completion_tokens_details?.reasoning_tokens ?? run.thinkingTokens;
    run.answerTokens = chunk.usage.completion_tokens - run.thinkingTokens;
    setFigures(run, chunk.timings?.predicted_per_second);
  }
}

export function thinkingMs(run: Run): number {
  return run.firstToken && run.thinkingTokens ? (run.answerBegan || performance.now()) - run.firstToken : 0;
}

export function tokensPerSecond(run: Run): number {
  const seconds = (performance.now() - run.firstToken) / 1000;
  return run.firstToken && seconds > 0.3 ? (run.thinkingTokens + run.answerTokens) / seconds : 0;
}

function setFigures(run: Run, rate?: number): void {
  const { before } = run;
  const thinkingTokens = run.thinkingTokens + (before?.thinkingTokens ?? 0);
  run.message.figures = {
    promptTokens: before?.promptTokens || run.total,
    answerTokens: run.thinkingTokens + run.answerTokens + (before?.answerTokens ?? 0),
    thinkingTokens,
    thinkingMs: thinkingMs(run) + (before?.thinkingMs ?? 0),
    firstTokenMs: before?.firstTokenMs || (run.firstToken ? run.firstToken - run.started : 0),
    tokensPerSecond: rate ?? tokensPerSecond(run),
  };
}

// Draws an answer to the user's message `question`, as a new message or as the continuation of `continued`.
export async function generate(
  conversation: Conversation,
  question: Message,
  continued: Message | null = null,
): Promise<void> {
  if (runs.peek().has(conversation.id)) return;
  const message =
    continued ?? addMessage(conversation, { parent: question.id, role: "assistant", content: "" }, Date.now());
  message.outcome = "running";
  delete message.error;
  const controller = new AbortController();
  const run: Run = {
    message,
    answer: "",
    phase: "queued",
    read: 0,
    total: 0,
    started: performance.now(),
    firstToken: 0,
    answerBegan: 0,
    thinkingTokens: 0,
    answerTokens: 0,
    before: continued?.figures,
    stop: () => {
      controller.abort();
      if (run.answer) cancelAnswer(run.answer);
    },
  };
  const body = requestOf(conversation, question.id, continued);
  setRun(conversation.id, run);
  moveToTop(conversation);
  changed(conversation, true);
  let saved = performance.now();
  let showing = 0;
  try {
    for await (const chunk of streamChat(body, controller.signal)) {
      take(run, chunk);
      showing ||= window.setTimeout(() => {
        showing = 0;
        ++tick.value;
      }, SHOW_EVERY_MS);
      if (performance.now() - saved > SAVE_EVERY_MS) {
        saved = performance.now();
        changed(conversation, true);
      }
    }
    if (message.outcome === "running") message.outcome = "done";
  } catch (error) {
    if (controller.signal.aborted) {
      message.outcome = "stopped";
    } else {
      message.outcome = "failed";
      message.error = error instanceof ApiError ? error.code || error.message : String(error);
      if (error instanceof ApiError && !["unreachable", "broken"].includes(error.code)) message.error = error.message;
      if (error instanceof ApiError && error.code === "context_length_exceeded") message.error = "contextFull";
      if (error instanceof ApiError && error.status === 429) message.error = "queueFull";
      if (error instanceof ApiError && [0, 401, 503].includes(error.status)) {
        if (error.status === 401) serverState.value = "locked";
        void connect();
      }
    }
    setFigures(run);
  }
  clearTimeout(showing);
  conversation.updated = Date.now();
  setRun(conversation.id, null);
  ++tick.value;
  changed(conversation, true);
}

// Asks `text` behind the message `parent`.
export function ask(conversation: Conversation, text: string, parent: string | null): Promise<void> {
  const question = addMessage(conversation, { parent, role: "user", content: text }, Date.now());
  if (!conversation.title) conversation.title = titleFrom(text);
  return generate(conversation, question);
}

// Another answer to the question of `answer`. One that failed before its first word is replaced.
export function regenerate(conversation: Conversation, answer: Message): Promise<void> {
  const question = conversation.messages.find((m) => m.id === answer.parent);
  if (!question) return Promise.resolve();
  if (!answer.content && !answer.thinking && !conversation.messages.some((m) => m.parent === answer.id))
    conversation.messages = conversation.messages.filter((m) => m !== answer);
  return generate(conversation, question);
}

// Goes on with an answer that reached its limit, was stopped or broke off.
export function continueAnswer(conversation: Conversation, answer: Message): Promise<void> {
  const question = conversation.messages.find((m) => m.id === answer.parent);
  return question ? generate(conversation, question, answer) : Promise.resolve();
}

export function lastOf(conversation: Conversation, role: Message["role"]): Message | undefined {
  return branchOf(conversation).findLast((m) => m.role === role);
}
