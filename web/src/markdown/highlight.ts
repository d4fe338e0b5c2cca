// Colours for code, in the languages that people ask about most.
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import haskell from "highlight.js/lib/languages/haskell";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import latex from "highlight.js/lib/languages/latex";
import lua from "highlight.js/lib/languages/lua";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import r from "highlight.js/lib/languages/r";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const languages = {
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  go,
  haskell,
  ini,
  java,
  javascript,
  json,
  kotlin,
  latex,
  lua,
  makefile,
  markdown,
  php,
  python,
  r,
  ruby,
  rust,
  sql,
  swift,
  typescript,
  xml,
  yaml,
};
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);

const MOST_LIVE = 8000; // characters of code that are coloured again with each piece of a stream
const MOST = 100_000;

const escaped: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'" };

// The coloured code, or null if the language is unknown or the code too long. highlight.js writes spans with a class and
// escaped text, and nothing else is taken from it: so its HTML need not be cleaned, which takes longer than the rest.
export function highlight(code: string, language: string, live: boolean): DocumentFragment | null {
  if (!hljs.getLanguage(language) || code.length > (live ? MOST_LIVE : MOST)) return null;
  const html = hljs.highlight(code, { language, ignoreIllegals: true }).value;
  const root = document.createDocumentFragment();
  let place: Node = root;
  for (const [, name, end, text] of html.matchAll(/<span class="([\w -]*)">|(<\/span>)|([^<]+)/g)) {
    if (text !== undefined) {
      place.appendChild(document.createTextNode(text.replace(/&[^;]+;/g, (entity) => escaped[entity] ?? entity)));
    } else if (end) {
      place = place.parentNode ?? root;
    } else {
      const span = document.createElement("span");
      span.className = name!;
      place = place.appendChild(span);
    }
  }
  return root;
}
