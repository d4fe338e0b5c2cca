// Where formulas begin and end in Markdown. All functions are pure; marked calls them through extensions (render.ts).

export interface Formula {
  raw: string; // with its delimiters
  tex: string;
  display: boolean;
  open?: boolean; // a block whose end has not come yet
}

// Longer texts between two dollars are no formula, and a block that long stops hiding what follows.
const MOST_INLINE = 1000;
const MOST_BLOCK = 6000;

function between(src: string, open: string, close: string, display: boolean): Formula | null {
  if (!src.startsWith(open)) return null;
  const end = src.indexOf(close, open.length);
  if (end < 0 || end > MOST_BLOCK) return null;
  const tex = src.slice(open.length, end);
  if (!tex.trim() || /\n[ \t]*\n/.test(tex)) return null;
  return { raw: src.slice(0, end + close.length), tex: tex.trim(), display };
}

// "$5 or 10 dollars" is no formula although a dollar may follow later: it has words and no sign of mathematics.
function looksLikePrice(tex: string): boolean {
  return /^\d/.test(tex) && /[ ,.-][A-Za-z]{2,}/.test(tex) && !/[\\^_=]/.test(tex);
}

// pandoc's rule: no space inside either dollar, no digit after the second one.
function singleDollar(src: string): Formula | null {
  if (src[0] !== "$" || src[1] === "$" || src[1] === undefined || /\s/.test(src[1])) return null;
  for (let i = 1; i < src.length && i <= MOST_INLINE; ++i) {
    const c = src[i];
    if (c === "\\") {
      ++i;
    } else if (c === "`" || (c === "\n" && /^\n[ \t]*(\n|$)/.test(src.slice(i)))) {
      return null;
    } else if (c === "$") {
      if (i === 1 || /\s/.test(src[i - 1]!) || /[\d$]/.test(src[i + 1] ?? "")) return null;
      const tex = src.slice(1, i);
      return looksLikePrice(tex) ? null : { raw: src.slice(0, i + 1), tex, display: false };
    }
  }
  return null;
}

// R1 writes its final answer as \boxed{...}, often without any delimiter around it.
function boxed(src: string): Formula | null {
  if (!src.startsWith("\\boxed{")) return null;
  let depth = 0;
  for (let i = "\\boxed".length; i < src.length && i <= MOST_INLINE; ++i) {
    if (src[i] === "\\") ++i;
    else if (src[i] === "\n") return null;
    else if (src[i] === "{") ++depth;
    else if (src[i] === "}" && --depth === 0)
      return { raw: src.slice(0, i + 1), tex: src.slice(0, i + 1), display: false };
  }
  return null;
}

// The formula with which `src` begins, inside a line of text.
export function inlineFormula(src: string): Formula | null {
  return (
    between(src, "\\(", "\\)", false) ??
    between(src, "\\[", "\\]", true) ??
    between(src, "$$", "$$", true) ??
    singleDollar(src) ??
    boxed(src)
  );
}

// Where the next formula may begin inside a line; -1: nowhere. A dollar behind a letter or digit ("US$5") begins none.
export function inlineStart(src: string): number {
  for (let i = 0; i < src.length; ++i) {
    const before = src[i - 1] ?? " ";
    if (src[i] === "\\" && /^(?:[([]|boxed\{)/.test(src.slice(i + 1, i + 7)) && before !== "\\") return i;
    if (src[i] === "$" && !/[\w\\$]/.test(before)) return i;
  }
  return -1;
}

const ENVIRONMENTS = "(?:equation|align|aligned|gather|gathered|multline|cases|[pbvBV]?matrix|split|array)\\*?";
const BEGIN = new RegExp(`^ {0,3}(\\$\\$|\\\\\\[|\\\\begin\\{(${ENVIRONMENTS})\\})`);

// The formula that fills whole lines at the beginning of `src`. While an answer still arrives (`live`), a formula
// without its end takes all that is there, so that half a formula is not shown as text.
export function blockFormula(src: string, live: boolean): Formula | null {
  const begin = BEGIN.exec(src);
  if (!begin) return null;
  const open = begin[1]!;
  const environment = begin[2];
  const close = environment ? `\\end{${environment}}` : open === "$$" ? "$$" : "\\]";
  const start = begin[0].length;
  const end = src.indexOf(close, start);
  if (end < 0) {
    const wanted = live && src.length < MOST_BLOCK;
    return wanted ? { raw: src, tex: src.slice(start), display: true, open: true } : null;
  }
  if (end > MOST_BLOCK) return null;
  const rest = /^[ \t]*[.,;]?[ \t]*(?:\n+|$)/.exec(src.slice(end + close.length));
  const inner = src.slice(start, end);
  if (!rest || !inner.trim()) return null;
  const tex = environment ? open + inner + close : inner.trim();
  return { raw: src.slice(0, end + close.length + rest[0].length), tex, display: true };
}

// Where a block formula may interrupt a paragraph: the index of the line break before it.
export function blockStart(src: string): number | undefined {
  return /\n(?= {0,3}(?:\$\$|\\\[|\\begin\{))/.exec(src)?.index;
}
