// What is long is drawn in steps: as much at a time as keeps no reader waiting who scrolls or writes meanwhile.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

const WANTED_MS = 12; // of work before the browser may draw
const MORE_MS = WANTED_MS / 2; // a task that took less takes another step

type Step = () => void;
const waiting: Step[] = []; // the next one is at the end
let planned = false;

async function takeSteps(): Promise<void> {
  const begun = performance.now();
  while (waiting.length && performance.now() - begun < MORE_MS) {
    waiting.pop()!();
    await Promise.resolve(); // Preact draws in a microtask, which is before this one
  }
  planned = waiting.length > 0;
  if (planned) setTimeout(takeSteps);
}

// Takes a step in a task to come. Returns what takes it back.
function plan(step: Step, last: boolean): () => void {
  if (last) waiting.unshift(step);
  else waiting.push(step);
  if (!planned) setTimeout(takeSteps);
  planned = true;
  return () => {
    const at = waiting.indexOf(step);
    if (at >= 0) waiting.splice(at, 1);
  };
}

interface Sizes {
  first: number;
  least: number;
  most: number;
  last?: boolean; // whether the steps of all others come before these
}

// How many of `total` parts are drawn. The component that asks is drawn again for each step, and a step is as large as
// suits the time that the one before it took.
export function useSteps(total: number, { first, least, most, last = false }: Sizes): number {
  const state = useRef({ drawn: 0, step: first }).current;
  const more = useSignal(0);
  more.value;
  const end = Math.min(total, state.drawn + state.step);
  const begun = performance.now();
  useLayoutEffect(() => {
    const added = end - state.drawn;
    state.drawn = end;
    if (added >= state.step) {
      const suits = (state.step * WANTED_MS) / Math.max(1, performance.now() - begun);
      state.step = Math.round(Math.min(most, 2 * state.step, Math.max(least, suits)));
    }
    if (end < total) return plan(() => ++more.value, last);
  });
  return end;
}
