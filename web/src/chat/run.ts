// An answer on its way: what is known about it, and what arrives put into its message.
import { signal } from "@preact/signals";
import type { Conversation, Message, Stream } from "../store/conversation.ts";
import { canLock } from "../store/drawing.ts";
import { cancelAnswer, type Chunk, type Elected, type Loading } from "./api.ts";
import { noteLoading } from "./models.ts";

export type Phase = "queued" | "loading" | "reading" | "thinking" | "answering";

export interface Run {
  message: Message;
  stream: Stream; // the message's
  phase: Phase;
  read: number; // tokens of the prompt, of stream.promptTokens
  votes: number; // answers that are drawn at once; 1: a stream
  loading: Loading | null; // the model that is being loaded
  stopper: AbortController;
}

export const runs = signal<ReadonlyMap<string, Run>>(new Map()); // by conversation
export const tick = signal(0); // changes whenever text of a running answer was added

export function runOf(conversation: Conversation): Run | undefined {
  return runs.value.get(conversation.id);
}

// Whether an answer is on its way, here or in another tab. Without locks a tab cannot know of the others.
export function isBusy(conversation: Conversation): boolean {
  return runOf(conversation) !== undefined || (canLock && conversation.messages.some((m) => m.outcome === "running"));
}

function setRun(id: string, run: Run | null): void {
  const next = new Map(runs.peek());
  if (run) next.set(id, run);
  else next.delete(id);
  runs.value = next;
}

// A run whose text goes into `message`, behind what is there already.
export function beginRun(conversation: Conversation, message: Message, votes = 1): Run {
  const { figures: before } = message;
  message.stream = {
    answer: "",
    events: 0,
    started: Date.now(),
    firstToken: 0,
    answerBegan: 0,
    promptTokens: 0,
    thinkingTokens: 0,
    answerTokens: 0,
    ...(message.stream ?? (before ? { before } : {})),
  };
  message.outcome = "running";
  delete message.error;
  const run: Run = {
    message,
    stream: message.stream,
    phase: message.stream.answerTokens ? "answering" : message.stream.thinkingTokens ? "thinking" : "queued",
    read: 0,
    votes,
    loading: null,
    stopper: new AbortController(),
  };
  setRun(conversation.id, run);
  return run;
}

export function endRun(conversation: Conversation, run: Run): void {
  delete run.message.stream;
  setRun(conversation.id, null);
  ++tick.value;
}

export function stopRun(run: Run): void {
  run.stopper.abort();
  if (run.stream.answer) cancelAnswer(run.stream.answer);
}

export function take(run: Run, chunk: Chunk): void {
  const { message, stream } = run;
  if (chunk.model) message.model = chunk.model;
  if (chunk.loading || run.loading) {
    noteLoading((chunk.loading ?? run.loading)!.model, chunk.loading ?? null);
    run.loading = chunk.loading ?? null;
    run.phase = chunk.loading ? "loading" : "queued";
  }
  if (chunk.prompt_progress) {
    run.phase = "reading";
    run.read = chunk.prompt_progress.processed;
    stream.promptTokens = chunk.prompt_progress.total;
  }
  const choice = chunk.choices?.[0];
  const thinking = choice?.delta?.reasoning_content;
  const content = choice?.delta?.content;
  if (thinking || content) stream.firstToken ||= Date.now();
  if (thinking) {
    run.phase = "thinking";
    message.thinking = (message.thinking ?? "") + thinking.replace(/\r\n?/g, "\n");
    ++stream.thinkingTokens;
  }
  if (content) {
    run.phase = "answering";
    stream.answerBegan ||= Date.now();
    message.content += content.replace(/\r\n?/g, "\n");
    ++stream.answerTokens;
  }
  if (choice?.finish_reason) message.outcome = choice.finish_reason === "length" ? "cut" : "done";
  takeUsage(run, chunk);
}

function takeUsage(run: Run, { usage, timings }: Pick<Chunk, "usage" | "timings">): void {
  if (!usage) return;
  const { stream } = run;
  stream.promptTokens = usage.prompt_tokens;
  stream.thinkingTokens = usage.completion_tokens_details?.reasoning_tokens ?? stream.thinkingTokens;
  stream.answerTokens = usage.completion_tokens - stream.thinkingTokens;
  setFigures(run, timings?.predicted_per_second);
}

// Takes the answer that was elected, and the others beside it.
export function takeElected(run: Run, elected: Elected): void {
  const { message } = run;
  const texts = (choice: Elected["choices"][0]) => ({
    content: (choice.message.content ?? "").replace(/\r\n?/g, "\n"),
    thinking: (choice.message.reasoning_content ?? "").replace(/\r\n?/g, "\n"),
  });
  Object.assign(message, texts(elected.choices[0]!));
  if (elected.model) message.model = elected.model;
  message.outcome = elected.choices[0]!.finish_reason === "length" ? "cut" : "done";
  message.votes = {
    winner: elected.votes.winner,
    cast: elected.votes.cast.map((vote) => ({ ...texts(vote), answer: vote.answer, group: vote.group })),
  };
  takeUsage(run, elected);
}

export function thinkingMs({ stream }: Run): number {
  return stream.firstToken && stream.thinkingTokens ? (stream.answerBegan || Date.now()) - stream.firstToken : 0;
}

export function tokensPerSecond({ stream }: Run): number {
  const seconds = (Date.now() - stream.firstToken) / 1000;
  return stream.firstToken && seconds > 0.3 ? (stream.thinkingTokens + stream.answerTokens) / seconds : 0;
}

export function setFigures(run: Run, rate?: number): void {
  const { stream } = run;
  const { before } = stream;
  const thinkingTokens = stream.thinkingTokens + (before?.thinkingTokens ?? 0);
  run.message.figures = {
    promptTokens: before?.promptTokens || stream.promptTokens,
    answerTokens: stream.thinkingTokens + stream.answerTokens + (before?.answerTokens ?? 0),
    thinkingTokens,
    thinkingMs: thinkingMs(run) + (before?.thinkingMs ?? 0),
    firstTokenMs: before?.firstTokenMs || (stream.firstToken ? stream.firstToken - stream.started : 0),
    tokensPerSecond: rate ?? tokensPerSecond(run),
  };
}
