// From a question to its answer: one request to the server, and its answer put into the conversation.
import { effect } from "@preact/signals";
import {
  addMessage,
  branchOf,
  type Conversation,
  type Message,
  requestMessages,
  titleFrom,
} from "../store/conversation.ts";
import { canLock, whileDrawing } from "../store/drawing.ts";
import { changed, conversations, moveToTop, takeOver } from "../store/history.ts";
import { ApiError, askVotes, streamChat } from "./api.ts";
import { modelOf, models, readModels } from "./models.ts";
import { beginRun, endRun, isBusy, type Run, runs, setFigures, take, takeElected, tick } from "./run.ts";
import { connect, serverState } from "./server_state.ts";

const SAVE_EVERY_MS = 1000;
const SHOW_EVERY_MS = 40;
// Error codes of a server that is starting or ending. Neither is a fault of the request, so the page waits for the server.
const NOT_READY = ["loading", "shutting_down"];

function requestOf(
  conversation: Conversation,
  question: string | null,
  continued: Message | null,
  votes: number,
): object {
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
    ...(models.peek().length > 1 ? { model: modelOf(conversation)!.id } : {}),
    ...(votes > 1
      ? { votes }
      : { stream: true, resumable: true, stream_options: { include_usage: true }, return_progress: true }),
    ...sampling,
    ...(thinkingBudget === undefined ? {} : { thinking_token_budget: thinkingBudget }),
    ...(conversation.thinks ? {} : { thinking: { type: "disabled" } }),
    ...(continued ? { continue_final_message: true } : {}),
  };
}

// What a failure is called in the message: a known word, or the server's sentence.
function nameOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.code === "context_length_exceeded") return "contextFull";
  if (error.status === 429) return "queueFull";
  if (NOT_READY.includes(error.code)) return "notReady";
  if (error.code === "events_lost") return "gone";
  return ["unreachable", "broken", "gone"].includes(error.code) ? error.code : error.message;
}

// Work that is done `ms` after it was first asked for, however often it is asked for meanwhile.
function afterwards(ms: number, work: () => void): { ask: () => void; clear: () => void } {
  let timer = 0;
  const clear = () => {
    clearTimeout(timer);
    timer = 0;
  };
  const run = () => {
    timer = 0;
    work();
  };
  return { ask: () => (timer ||= window.setTimeout(run, ms)), clear };
}

async function readStream(conversation: Conversation, run: Run, body: object | null): Promise<void> {
  const show = afterwards(SHOW_EVERY_MS, () => ++tick.value);
  const save = afterwards(SAVE_EVERY_MS, () => void changed(conversation, true));
  try {
    for await (const chunk of streamChat(body, run.stream, run.stopper.signal)) {
      take(run, chunk);
      show.ask();
      if (run.stream.events === 1) void changed(conversation, true);
      else save.ask();
    }
  } finally {
    show.clear();
    save.clear();
  }
}

// Reads the answer of a run to its end. `body`: the request; null: the answer is on its way already.
async function draw(conversation: Conversation, run: Run, body: object | null): Promise<void> {
  const { message, stopper } = run;
  try {
    if (run.votes > 1) takeElected(run, await askVotes(body!, stopper.signal));
    else await readStream(conversation, run, body);
    if (message.outcome === "running") message.outcome = "done";
  } catch (error) {
    message.outcome = stopper.signal.aborted ? "stopped" : "failed";
    if (message.outcome === "failed") {
      message.error = nameOf(error);
      if (error instanceof ApiError && ([0, 401].includes(error.status) || NOT_READY.includes(error.code))) {
        if (error.status === 401) serverState.value = "locked";
        void connect();
      }
    }
    setFigures(run);
  }
  conversation.updated = Date.now();
  endRun(conversation, run);
  if (models.peek().length > 1) void readModels().catch(() => {}); // one may have made room for another
  await changed(conversation, true);
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
  const votes = continued ? 1 : (conversation.votes ?? 1);
  const body = requestOf(conversation, question.id, continued, votes);
  const run = beginRun(conversation, message, votes);
  moveToTop(conversation);
  void changed(conversation, true);
  await whileDrawing(conversation.id, false, () => draw(conversation, run, body));
}

// Goes on with an answer that was on its way when its page was closed or reloaded.
async function resume(id: string): Promise<void> {
  await takeOver(id); // another tab may have read more of it, or all
  const conversation = conversations.peek().find((c) => c.id === id);
  if (!conversation || runs.peek().has(id)) return;
  for (const message of conversation.messages.filter(isUnfinished)) {
    if (message.stream?.events) {
      await draw(conversation, beginRun(conversation, message), null);
    } else {
      message.outcome = "stopped"; // no event of it came, so it cannot be read on
      delete message.stream;
      await changed(conversation, true);
    }
  }
}

const isUnfinished = (message: Message) => message.outcome === "running";
const waiting = new Set<string>(); // conversations whose answer this tab wants to go on with

// Resumes what is unfinished as soon as the server can answer. An answer that another tab reads is left to it until that
// tab is closed; without locks it cannot be told, so only what was found when the page was loaded is resumed then.
export function resumeUnfinished(): void {
  let begun = false;
  effect(() => {
    if (serverState.value !== "ready" || (begun && !canLock)) return;
    begun = true;
    for (const { id, messages } of conversations.value) {
      if (waiting.has(id) || runs.peek().has(id) || !messages.some(isUnfinished)) continue;
      waiting.add(id);
      void whileDrawing(id, true, () => resume(id)).finally(() => waiting.delete(id));
    }
  });
}

// A page that is left stores what it has, so that the next one need not read it again.
export function saveRunsWithPage(): void {
  addEventListener("pagehide", () => {
    for (const conversation of conversations.peek())
      if (runs.peek().has(conversation.id)) void changed(conversation, true);
  });
}

// Asks `text` behind the message `parent`.
export function ask(conversation: Conversation, text: string, parent: string | null): Promise<void> {
  if (isBusy(conversation)) return Promise.resolve();
  const question = addMessage(conversation, { parent, role: "user", content: text }, Date.now());
  if (!conversation.title) conversation.title = titleFrom(text);
  return generate(conversation, question);
}

// Another answer to the question of `answer`. One that failed before its first word is replaced.
export function regenerate(conversation: Conversation, answer: Message): Promise<void> {
  const question = conversation.messages.find((m) => m.id === answer.parent);
  if (!question || isBusy(conversation)) return Promise.resolve();
  if (!answer.content && !answer.thinking && !conversation.messages.some((m) => m.parent === answer.id))
    conversation.messages = conversation.messages.filter((m) => m !== answer);
  return generate(conversation, question);
}

// Goes on with an answer that reached its limit, was stopped or broke off.
export function continueAnswer(conversation: Conversation, answer: Message): Promise<void> {
  const question = conversation.messages.find((m) => m.id === answer.parent);
  return question && !isBusy(conversation) ? generate(conversation, question, answer) : Promise.resolve();
}

export function lastOf(conversation: Conversation, role: Message["role"]): Message | undefined {
  return branchOf(conversation).findLast((m) => m.role === role);
}
