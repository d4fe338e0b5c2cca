// Whether the server can answer, what it serves, and whether it wants a key.
import { signal } from "@preact/signals";
import { ApiError, getProps, type Props, storeKey } from "./api.ts";
import { readModels } from "./models.ts";

export type ServerState = "connecting" | "loading" | "ready" | "locked" | "unreachable";

export const serverState = signal<ServerState>("connecting");
export const props = signal<Props | null>(null);
export const keyRefused = signal(false);

const RETRY_MS = 1500;
let timer = 0;
let keyTried = false;

// Asks the server until it is ready or wants a key.
export async function connect(): Promise<void> {
  clearTimeout(timer);
  try {
    props.value = await getProps();
    await readModels();
    serverState.value = "ready";
    keyRefused.value = false;
    return;
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 0;
    if (status === 401) {
      serverState.value = "locked";
      keyRefused.value = keyTried;
      return;
    }
    serverState.value = status === 503 ? "loading" : "unreachable";
  }
  timer = window.setTimeout(connect, RETRY_MS);
}

export function unlock(key: string, keep: boolean): Promise<void> {
  storeKey(key, keep);
  keyTried = true;
  return connect();
}
