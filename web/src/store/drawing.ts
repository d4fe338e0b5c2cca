// Which tab draws the answer of a conversation. The browser takes the lock from a page that is closed or reloaded, so an
// answer always has one reader. Browsers offer locks to secure pages only; others have to do without.

export const canLock = navigator.locks !== undefined;

// Does `work` as the one that draws. `waits`: until no other tab does; otherwise it begins at once in any case.
export function whileDrawing(conversation: string, waits: boolean, work: () => Promise<void>): Promise<void> {
  if (!canLock) return work();
  return navigator.locks.request(`r1.drawing.${conversation}`, { ifAvailable: !waits }, work);
}
