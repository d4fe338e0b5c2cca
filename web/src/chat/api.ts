// The server's HTTP API, as far as the page uses it.
import { SseParser } from "./sse.ts";

export interface Props {
  model: string;
  context_length: number;
  build: string;
  default_sampling: Record<string, number>;
  queued: number;
  running: number;
}

export interface Chunk {
  model?: string;
  choices?: { delta?: { content?: string | null; reasoning_content?: string | null }; finish_reason?: string | null }[];
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

// The chunks of an answer as they come.
export async function* streamChat(body: object, signal: AbortSignal): AsyncGenerator<Chunk> {
  const response = await request("/v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = response.body!.getReader();
  for (;;) {
    let piece: ReadableStreamReadResult<Uint8Array>;
    try {
      piece = await reader.read();
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ApiError(0, "broken", (error as Error).message);
    }
    if (piece.done) throw new ApiError(0, "broken", "the stream ended early");
    for (const data of parser.push(decoder.decode(piece.value, { stream: true }))) {
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.error) throw new ApiError(500, chunk.error.code ?? "", chunk.error.message ?? "");
      yield chunk;
    }
  }
}
