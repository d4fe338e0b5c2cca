// Markdown to DOM nodes. An answer is the work of a model that may repeat what strangers wrote, so every step is closed
// by default: raw HTML is shown as text, DOMPurify lets through the elements and attributes that the renderer below
// writes and nothing else, images are never fetched, and links leave only to http, https and mailto.
import DOMPurify from "dompurify";
import katex from "katex";
import { Marked, type Tokens } from "marked";
import type { Lex } from "./blocks.ts";
import { highlight } from "./highlight.ts";
import { blockFormula, blockStart, type Formula, inlineFormula, inlineStart } from "./maths.ts";

const TAGS =
  "p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong del a span div sub sup kbd table thead " +
  "tbody tr th td";
const ATTRIBUTES = ["href", "class", "start", "align", "data-tex", "data-display", "data-language"];
// Tags that models write for want of Markdown. They carry no attributes.
const PLAIN_HTML = /^<\/?(?:br|sub|sup|kbd)\s*\/?>$/i;
const SAFE_LINK = /^(?:https?:\/\/|mailto:)/i;
const MOST_TEX = 4000;

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function formulaHtml(formula: Formula): string {
  const name = formula.open ? "maths open" : "maths";
  const tag = formula.display ? "div" : "span";
  return (
    `<${tag} class="${name}" data-tex="${escapeHtml(formula.tex)}" data-display="${formula.display}">` +
    `${escapeHtml(formula.raw.trim())}</${tag}>`
  );
}

let live = false; // whether the text that is being parsed may still grow

const marked = new Marked({ gfm: true });
marked.use({
  extensions: [
    {
      name: "blockFormula",
      level: "block",
      start: blockStart,
      tokenizer(src) {
        const formula = blockFormula(src, live);
        return formula ? { type: "blockFormula", raw: formula.raw, formula } : undefined;
      },
      renderer: (token) => formulaHtml(token["formula"] as Formula),
    },
    {
      name: "inlineFormula",
      level: "inline",
      start: (src) => {
        const at = inlineStart(src);
        return at < 0 ? undefined : at;
      },
      tokenizer(src) {
        const formula = inlineFormula(src);
        return formula ? { type: "inlineFormula", raw: formula.raw, formula } : undefined;
      },
      // A paragraph may hold no div, so a display formula inside a line is a span as well.
      renderer: (token) =>
        formulaHtml(token["formula"] as Formula).replace(/^<div|div>$/g, (t) => t.replace("div", "span")),
    },
  ],
  renderer: {
    html: ({ text }: Tokens.HTML | Tokens.Tag) => (PLAIN_HTML.test(text.trim()) ? text : escapeHtml(text)),
    code: ({ text, lang }: Tokens.Code) => {
      const language = (lang ?? "").trim().split(/\s/)[0]!.slice(0, 24);
      return `<pre data-language="${escapeHtml(language)}"><code>${escapeHtml(text)}</code></pre>`;
    },
    image: ({ href, text }: Tokens.Image) =>
      SAFE_LINK.test(href) ? `<a href="${escapeHtml(href)}">${escapeHtml(text || href)}</a>` : escapeHtml(text || href),
    link(token: Tokens.Link) {
      const inner = this.parser.parseInline(token.tokens);
      return SAFE_LINK.test(token.href) ? `<a href="${escapeHtml(token.href)}">${inner}</a>` : inner;
    },
    checkbox: ({ checked }: Tokens.Checkbox) => (checked ? "☑ " : "☐ "),
    table(token: Tokens.Table) {
      const row = (cells: Tokens.TableCell[], tag: string) =>
        `<tr>${cells
          .map((c) => `<${tag}${c.align ? ` align="${c.align}"` : ""}>${this.parser.parseInline(c.tokens)}</${tag}>`)
          .join("")}</tr>`;
      return `<div class="table"><table><thead>${row(token.header, "th")}</thead><tbody>${token.rows
        .map((r) => row(r, "td"))
        .join("")}</tbody></table></div>`;
    },
  },
});

export const lexBlocks: Lex = (text) => {
  live = true;
  try {
    return marked.lexer(text).map((t) => ({ raw: t.raw, blank: t.type === "space" }));
  } catch {
    return [{ raw: text, blank: false }]; // nested too deeply for the parser
  }
};

const known = new Map<string, Node>(); // formulas that were drawn before: the last block is parsed many times
const MOST_KNOWN = 400;

function drawTex(tex: string, display: boolean, output: "html" | "mathml" | "htmlAndMathml"): HTMLElement {
  const holder = document.createElement("span");
  katex.render(tex, holder, {
    output,
    displayMode: display,
    throwOnError: true,
    trust: false,
    strict: "ignore",
    maxSize: 20,
    maxExpand: 200,
  });
  holder.className = display ? "drawn display" : "drawn";
  return holder;
}

// The form of a formula for screen readers goes behind the one to see.
function addSpoken(drawn: HTMLElement, spoken: Element): void {
  spoken.className = "katex-mathml";
  drawn.querySelector(".katex")!.append(spoken);
}

// KaTeX writes style attributes, which the page's Content-Security-Policy refuses in markup. So it draws into the
// finished nodes, where it sets styles through the DOM. A formula has two forms, one to see and one for screen readers.
// While the text grows, screen readers are silent, and the second form would only make its frame take longer. It follows
// when the block is complete, and leaves the nodes of the first one as they are.
function drawFormula(place: HTMLElement, growing: boolean): void {
  const tex = place.dataset["tex"] ?? "";
  const display = place.dataset["display"] === "true";
  const key = `${display}${tex}`;
  let drawn = known.get(key)?.cloneNode(true) as HTMLElement | undefined;
  try {
    if (tex.length > MOST_TEX) throw new Error("too long");
    if (!drawn && growing) {
      drawn = drawTex(tex, display, "html");
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(key, drawn.cloneNode(true));
    } else if (!drawn) {
      drawn = drawTex(tex, display, "htmlAndMathml");
      addSpoken(drawn, drawn.querySelector(".katex-mathml")!);
    } else if (!growing) {
      addSpoken(drawn, drawTex(tex, display, "mathml").querySelector(".katex")!);
    }
  } catch {
    drawn = document.createElement("span");
    drawn.className = "undrawn";
    drawn.textContent = place.textContent;
  }
  place.replaceChildren(drawn);
  delete place.dataset["tex"];
}

// The nodes of one block of Markdown. `growing`: the text may still get longer.
export function renderBlock(raw: string, growing: boolean): DocumentFragment {
  live = growing;
  let html: string;
  try {
    html = marked.parse(raw, { async: false });
  } catch {
    html = `<p>${escapeHtml(raw)}</p>`; // nested too deeply for the parser
  }
  const nodes = DOMPurify.sanitize(html, {
    ALLOWED_TAGS: TAGS.split(" "),
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: SAFE_LINK,
    ADD_URI_SAFE_ATTR: ATTRIBUTES.filter((name) => name !== "href"), // their values are no addresses
    RETURN_DOM_FRAGMENT: true,
  });
  for (const link of nodes.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const place of nodes.querySelectorAll<HTMLElement>(".maths:not(.open)")) drawFormula(place, growing);
  for (const code of nodes.querySelectorAll("pre > code")) {
    const { language } = code.parentElement!.dataset;
    const coloured = language && highlight(code.textContent, language, growing);
    if (coloured) code.replaceChildren(coloured);
  }
  return nodes;
}

// The fonts of most formulas. One that comes after its formula was shown makes the browser lay out the answer again.
const FONTS = ["1em KaTeX_Main", "italic 1em KaTeX_Math", ...[1, 2, 3, 4].map((size) => `1em KaTeX_Size${size}`)];

// Does once what the first answer needs, while nothing else is to be done: the first call of each library is the slowest.
export function warmUp(): void {
  const samples = [
    "A **text** with a [link](https://example.org/) and `code`.\n\n1. A list\n   - in a list\n\n> quoted\n",
    "| a | b |\n|--:|---|\n| 1 | 2 |\n",
    "$x^2$ and \\boxed{1}\n",
    "$$\\sum_{k=1}^n \\frac{k}{\\sqrt{k+1}} \\le \\int_0^1 \\begin{pmatrix} x & 1 \\\\ 1 & x \\end{pmatrix} dx$$\n",
    '```python\ndef f(x: int) -> str:\n    return f"{x}"  # as text\n```\n',
  ];
  const next = () => {
    const sample = samples.shift();
    if (sample === undefined) return FONTS.forEach((font) => void document.fonts.load(font).catch(() => []));
    renderBlock(sample, false);
    later(next);
  };
  const later = (work: () => void) =>
    typeof requestIdleCallback === "undefined" ? setTimeout(work, 200) : requestIdleCallback(work);
  later(next);
}
