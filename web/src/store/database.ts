// The conversations of this browser, in IndexedDB. Nothing else keeps them. Where a browser offers no IndexedDB (some
// private windows), the page works and forgets.
import type { Conversation } from "./conversation.ts";

const NAME = "r1";
const STORE = "conversations";

let opened: Promise<IDBDatabase | null> | undefined;

function open(): Promise<IDBDatabase | null> {
  return (opened ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
      request.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  }));
}

function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
  return open().then(
    (database) =>
      new Promise((resolve, reject) => {
        if (!database) return resolve(null);
        const transaction = database.transaction(STORE, mode);
        const request = work(transaction.objectStore(STORE));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onerror = transaction.onabort = () => reject(transaction.error);
      }),
  );
}

// Other tabs of the page hear which conversation was stored or removed, so that none of them overwrites it with an old
// state.
const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("r1");
export function onOtherTab(changed: (id: string) => void): void {
  if (channel) channel.onmessage = (event) => changed(String(event.data));
}

// Whether conversations outlive the page.
export const isKept = async (): Promise<boolean> => (await open()) !== null;
export const loadAll = async (): Promise<Conversation[]> =>
  (await run<Conversation[]>("readonly", (store) => store.getAll())) ?? [];
export const loadOne = async (id: string): Promise<Conversation | null> =>
  (await run<Conversation | undefined>("readonly", (store) => store.get(id))) ?? null;
export const save = async (conversation: Conversation): Promise<void> => {
  await run("readwrite", (store) => store.put(conversation));
  channel?.postMessage(conversation.id);
};
export const remove = async (id: string): Promise<void> => {
  await run("readwrite", (store) => store.delete(id));
  channel?.postMessage(id);
};
