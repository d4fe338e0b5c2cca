// What is long is drawn in steps: as much at a time as keeps no reader waiting who scrolls or writes meanwhile.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

const WANTED_MS = 12; // of work before the browser may draw
const MORE_MS = WANTED_MS / 2; // a task that took less takes another step

type Step = () => void;
const visible: Step[] = []; // these may change what is on the screen, and each is taken at most once before a frame
const hidden: Step[] = []; // these change nothing there, so they need no frame; they come after the visible ones
let planned = false;

async function takeSteps(): Promise<void> {
  const begun = performance.now();
  const steps = visible.length ? visible : hidden;
  let most = steps === visible ? visible.length : Infinity; // what is planned meanwhile waits for the next frame
  while (most-- > 0 && steps.length && performance.now() - begun < MORE_MS) {
    steps.shift()!();
    await Promise.resolve(); // Preact draws in a microtask, which is before this one
  }
  planned = false;
  planNext();
}

function planNext(): void {
  if (planned || !(visible.length + hidden.length)) return;
  planned = true;
  // A frame whose text came in two tasks would take as long as the frames of both.
  if (visible.length) requestAnimationFrame(() => setTimeout(takeSteps));
  else setTimeout(takeSteps);
}

// Takes a step in a task to come. Returns what takes it back.
function plan(step: Step, kind: "visible" | "hidden"): () => void {
  (kind === "visible" ? visible : hidden).push(step);
  planNext();
  return () => {
    for (const steps of [visible, hidden]) {
      const at = steps.indexOf(step);
      if (at >= 0) steps.splice(at, 1);
    }
  };
}

export interface Sizes {
  first: number;
  least: number;
  most: number;
  cut?: (from: number, to: number) => number; // where a step ends that would draw `from` to `to`
}

// How many of `total` parts are drawn. The component that asks is drawn again for each step, and a step is as large as
// suits the time that the one before it took. A component that is drawn for another reason draws no more of it.
export function useSteps(total: number, { first, least, most, cut }: Sizes, kind: "visible" | "hidden"): number {
  const state = useRef({ drawn: 0, step: first, isDue: true }).current;
  const more = useSignal(0);
  more.value;
  const step = Math.min(most, Math.max(least, state.step));
  let end = Math.min(total, state.drawn + (state.isDue ? step : 0));
  if (cut && end > state.drawn) end = cut(state.drawn, end);
  const begun = performance.now();
  useLayoutEffect(() => {
    const added = end - state.drawn;
    state.drawn = end;
    state.isDue = end === total;
    if (added >= step)
      state.step = Math.round(Math.min(2 * step, (step * WANTED_MS) / Math.max(1, performance.now() - begun)));
    if (end === total) return;
    return plan(() => {
      state.isDue = true;
      ++more.value;
    }, kind);
  });
  return end;
}
