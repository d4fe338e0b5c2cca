// A text in Markdown that may still grow. Frozen blocks are drawn once; only the last one is drawn again.
import { memo } from "preact/compat";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { BlockSplitter } from "../markdown/blocks.ts";
import { lexBlocks, renderBlock } from "../markdown/render.ts";
import { language, t } from "../words.ts";

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
      void copyText(pre.textContent ?? "").then((done) => {
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
    place.current!.replaceChildren(nodes);
  });
  return <div class="block" ref={place} />;
});

export function Markdown({ text, growing }: { text: string; growing: boolean }) {
  const splitter = useMemo(() => new BlockSplitter(lexBlocks), []);
  splitter.update(text);
  const blocks = [...splitter.frozen, splitter.tail].map((raw, i, all) => (
    <Block key={i} raw={raw} growing={growing && i === all.length - 1} language={language.value} />
  ));
  return <div class="markdown">{blocks}</div>;
}
