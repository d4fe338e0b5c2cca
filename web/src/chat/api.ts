// The server's HTTP API, as far as the page uses it.
import type { Stream } from "../store/conversation.ts";
import { SseParser } from "./sse.ts";

export interface Props {
  model: string;
  build: string;
  default_sampling?: Record<string, number>; // of the model that is loaded
  queued: number;
  running: number;
}

export interface ModelEntry {
  id: string;
  context_length?: number;
  status?: "loaded" | "loading" | "unloaded";
  progress?: number; // while it is being loaded, from 0 to 1
}

export interface Loading {
  model: string;
  progress: number; // from 0 to 1
}

export interface Chunk {
  id?: string;
  model?: string;
  choices?: { delta?: { content?: string | null; reasoning_content?: string | null }; finish_reason?: string | null }[];
  loading?: Loading;
  prompt_progress?: { total: number; cache: number; processed: number };
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    completion_tokens_details?: { reasoning_tokens?: number };
  } | null;
  timings?: { predicted_per_second?: number };
  error?: { message?: string; code?: string };
}

// An answer that is no success. `status` 0: the server could not be reached or the stream broke off.
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const KEY = "r1.key";

export function storedKey(): string {
  return sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? "";
}

export function storeKey(key: string, keep: boolean): void {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
  if (key) (keep ? localStorage : sessionStorage).setItem(KEY, key);
}

async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const key = storedKey();
  if (key) headers.set("Authorization", `Bearer ${key}`);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers, cache: "no-store" });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", (error as Error).message);
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as { error?: { message?: string; code?: string } };
  throw new ApiError(response.status, body.error?.code ?? "", body.error?.message ?? `HTTP ${response.status}`);
}

export async function getProps(): Promise<Props> {
  return (await request("/props")).json() as Promise<Props>;
}

export async function getModels(): Promise<ModelEntry[]> {
  return ((await (await request("/v1/models")).json()) as { data: ModelEntry[] }).data;
}

const RESUME_AFTER_MS = [0, 500, 1000, 2000, 4000, 8000];

// Waits `ms` milliseconds, or until the signal is aborted. One signal outlives many pauses, so none may leave a listener.
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      done();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

interface Choice {
  message: { content?: string | null; reasoning_content?: string | null };
  finish_reason: string;
}

// An answer that was chosen by a majority. It comes as a whole.
export interface Elected extends Pick<Chunk, "model" | "usage" | "timings"> {
  choices: Choice[];
  votes: { winner: number; cast: (Choice & { answer: string | null; group: number | null })[] };
}

export async function askVotes(body: object, signal: AbortSignal): Promise<Elected> {
  return (await post(body, signal)).json() as Promise<Elected>;
}

// Where an answer was read to.
type Place = Pick<Stream, "answer" | "events">;

// The chunks of an answer as they come, behind `place`, which goes with them. `body`: the request; null: the answer was
// requested before. A connection that breaks off is made again, and the answer is read on where it broke: the server
// keeps it for a while. Only another reader ends a stream before its last event without breaking it.
export async function* streamChat(body: object | null, place: Place, signal: AbortSignal): AsyncGenerator<Chunk> {
  let response = await (body ? post(body, signal) : readOn(place, 0, signal).catch(whetherGone));
  for (let tries = 0; ; ++tries) {
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = response.body!.getReader();
    let broken: unknown;
    for (;;) {
      let piece: ReadableStreamReadResult<Uint8Array>;
      try {
        piece = await reader.read();
      } catch (error) {
        if (signal.aborted) throw error;
        broken = error;
        break;
      }
      if (piece.done) throw new ApiError(0, "broken", "the stream ended early");
      for (const { data, id } of parser.push(decoder.decode(piece.value, { stream: true }))) {
        if (data === "[DONE]") return;
        const chunk = JSON.parse(data) as Chunk;
        if (chunk.error) throw new ApiError(500, chunk.error.code ?? "", chunk.error.message ?? "");
        place.answer = chunk.id ?? place.answer;
        if (id) place.events = Number(id);
        tries = 0;
        yield chunk;
      }
    }
    const failed = new ApiError(0, "broken", (broken as Error).message);
    response = await readOn(place, tries, signal).catch((error) => {
      throw signal.aborted ? error : failed;
    });
  }
}

function post(body: object, signal: AbortSignal): Promise<Response> {
  return request("/v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

// The rest of the answer behind `place`. Tries again while the server cannot be reached.
async function readOn(place: Place, tries: number, signal: AbortSignal): Promise<Response> {
  if (!place.answer || !place.events) throw new Error("the stream cannot be read on");
  for (let i = tries; i < RESUME_AFTER_MS.length; ++i) {
    await pause(RESUME_AFTER_MS[i]!, signal);
    try {
      return await request(`/v1/streams/${encodeURIComponent(place.answer)}?after=${place.events}`, { signal });
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError) || error.status !== 0) throw error;
    }
  }
  throw new ApiError(0, "unreachable", "the server cannot be reached");
}

function whetherGone(error: unknown): never {
  const gone = error instanceof ApiError && [400, 404, 410].includes(error.status);
  throw gone ? new ApiError(error.status, "gone", error.message) : error;
}

// Ends an answer, which would go on for a while without a reader.
export function cancelAnswer(answer: string): void {
  const path = `/v1/streams/${encodeURIComponent(answer)}/cancel`;
  const headers = { "Content-Type": "application/json" };
  request(path, { method: "POST", headers, body: "{}" }).catch(() => {});
}

// Ends the thinking of a running answer.
export async function answerNow(answer: string): Promise<void> {
  await request("/v1/chat/completions/control", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ id: answer, action: "reasoning_end" }),
  });
}
