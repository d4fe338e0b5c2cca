// A text in Markdown that may still grow. Frozen blocks are drawn once; only the last one is drawn again.
import { memo } from "preact/compat";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { BlockSplitter } from "../markdown/blocks.ts";
import { graft } from "../markdown/graft.ts";
import { lexBlocks, renderBlock } from "../markdown/render.ts";
import { language, t } from "../words.ts";
import { type Sizes, useSteps } from "./steps.ts";

export const COPIED_MS = 1600;

// A bar over each block of code: the language, and a button that copies.
function dressCode(nodes: DocumentFragment): void {
  for (const pre of nodes.querySelectorAll("pre")) {
    const frame = document.createElement("div");
    frame.className = "code";
    const bar = document.createElement("div");
    bar.className = "code-bar";
    const label = document.createElement("span");
    label.textContent = pre.dataset["language"] ?? "";
    const copy = document.createElement("button");
    copy.type = "button";
    copy.className = "quiet small";
    copy.textContent = t("copyCode");
    copy.onclick = () => {
      void copyText(copy.closest(".code")?.querySelector("pre")?.textContent ?? "").then((done) => {
        if (!done) return;
        copy.textContent = t("copied");
        setTimeout(() => (copy.textContent = t("copyCode")), COPIED_MS);
      });
    };
    bar.append(label, copy);
    pre.replaceWith(frame);
    pre.tabIndex = 0; // a long line must be reachable with the keyboard
    frame.append(bar, pre);
  }
  for (const table of nodes.querySelectorAll<HTMLElement>(".table, .maths .display")) table.tabIndex = 0;
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages over plain HTTP from another machine have no clipboard; the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "offscreen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

const Block = memo(function Block({ raw, growing }: { raw: string; growing: boolean; language: string }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const nodes = renderBlock(raw, growing);
    dressCode(nodes);
    graft(place.current!, nodes);
  });
  return <div class="block" ref={place} />;
});

// Blocks that stand together. Those of a whole group need nothing any more: they are compared as one, and the browser
// leaves them alone while they are not on the screen.
const Group = memo(function Group(given: {
  blocks: string[];
  tail: string | null;
  far: boolean;
  growing: boolean;
  language: string;
}) {
  const { blocks, tail, far, growing, language } = given;
  // One list, so that the last block keeps its nodes when it is frozen: Preact compares the keys of one list only.
  const all = tail === null ? blocks : [...blocks, tail];
  return (
    <div class={far ? "group far" : "group"}>
      {all.map((raw, i) => (
        <Block key={i} raw={raw} growing={growing && i === blocks.length} language={language} />
      ))}
    </div>
  );
});

const NEAR = 2; // groups before the end that are styled and laid out wherever they are
const STEPS: Sizes = { first: 1500, least: 500, most: 8000 }; // characters
const BACKLOG = 4000; // characters: an answer that was begun before a reload comes in large steps until it has caught up
const SMALL = 40; // characters of a step that may take what is behind a blank line, too

// The steps of an answer on its way are small and end with a block, so that a frame shows one large formula and not two.
const growingSteps = (text: string): Sizes => ({
  first: 150,
  least: 150,
  most: 150,
  cut: (from, to) => {
    const blank = text.indexOf("\n\n", from + SMALL);
    return blank < 0 ? to : Math.min(to, blank + 2);
  },
});

export function Markdown({ text, growing: grows }: { text: string; growing: boolean }) {
  const splitter = useMemo(() => new BlockSplitter(lexBlocks), []);
  const before = useRef(0);
  const sizes = grows && text.length - before.current < BACKLOG ? growingSteps(text) : STEPS;
  const drawn = text.slice(0, useSteps(text.length, sizes, "visible"));
  before.current = drawn.length;
  const growing = grows || drawn.length < text.length;
  splitter.update(drawn);
  const { groups, open, tail } = splitter;
  return (
    <div class="markdown" aria-busy={drawn.length < text.length}>
      {[...groups, open].map((blocks, i) => (
        <Group
          key={i}
          blocks={blocks}
          tail={i === groups.length ? tail : null}
          far={groups.length - i > NEAR}
          growing={growing && i === groups.length}
          language={language.value}
        />
      ))}
    </div>
  );
}
