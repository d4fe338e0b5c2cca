// The models that the server has, and which of them a conversation asks.
import { signal } from "@preact/signals";
import type { Conversation } from "../store/conversation.ts";
import { getModels, type Loading, type ModelEntry } from "./api.ts";

export const models = signal<ModelEntry[]>([]);

export async function readModels(): Promise<void> {
  models.value = await getModels();
}

// The model of a conversation: the chosen one, or the server's first if none was chosen or the server has it no more.
export function modelOf(conversation: Conversation): ModelEntry | undefined {
  return models.value.find((m) => m.id === conversation.model) ?? models.value[0];
}

// Takes over what a stream says about a model; null: it is loaded.
export function noteLoading(id: string, loading: Loading | null): void {
  models.value = models.peek().map((m) => {
    if (m.id !== id) return m;
    const { progress, ...others } = m;
    return loading
      ? { ...others, status: "loading", progress: loading.progress }
      : { ...others, ...(m.status ? { status: "loaded" } : {}) };
  });
}
