// Tests of the page's pure parts, run by node's own test runner (scripts/check-web).
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { marked } from "marked";
import { pause } from "../src/chat/api.ts";
import { SseParser } from "../src/chat/sse.ts";
import { BlockSplitter, type Lex } from "../src/markdown/blocks.ts";
import { blockFormula, inlineFormula, inlineStart } from "../src/markdown/maths.ts";
import {
  addMessage,
  branchOf,
  matches,
  newConversation,
  requestMessages,
  showBranch,
  siblingsOf,
  titleFrom,
} from "../src/store/conversation.ts";
import { tally } from "../src/store/votes.ts";
import { fromJson, quoteFile, toJson, toMarkdown } from "../src/store/transfer.ts";

// The formulas that a line holds, found as marked finds them.
function formulas(line: string): string[] {
  const found: string[] = [];
  for (let rest = line; ;) {
    const at = inlineStart(rest);
    if (at < 0) return found;
    const formula = inlineFormula(rest.slice(at));
    if (formula) found.push(formula.tex);
    rest = rest.slice(at + (formula?.raw.length ?? 1));
  }
}

test("formulas are found between each pair of delimiters", () => {
  assert.deepEqual(formulas("so $x^2$ and $$y$$ and \\(z\\) and \\[w\\] end"), ["x^2", "y", "z", "w"]);
  assert.deepEqual(formulas("The answer is \\boxed{\\frac{1}{2}}."), ["\\boxed{\\frac{1}{2}}"]);
  assert.deepEqual(formulas("$5$ apples"), ["5"]);
  assert.deepEqual(formulas("$\\$5 + x$"), ["\\$5 + x"]);
  assert.deepEqual(formulas("$a$ $b$"), ["a", "b"]);
});

test("prices, escapes and code are no formulas", () => {
  for (const text of [
    "It costs $5 and $10.",
    "between $5 and 10$ each",
    "US$5 or CA$6",
    "$20-$30",
    "$ x $",
    "a $ sign",
    "\\$x\\$",
    "echo $HOME `$PATH`",
    "$a\n\nb$",
    "$$",
    "\\boxed{never closed",
  ])
    assert.deepEqual(formulas(text), [], text);
});

test("a block formula takes whole lines, and all that is there while it is open", () => {
  assert.equal(blockFormula("$$\na\n\nb\n$$\nrest", false)?.tex, "a\n\nb");
  assert.equal(blockFormula("\\[ a \\]\n", false)?.tex, "a");
  assert.equal(blockFormula("\\begin{align}\na\n\\end{align}\n", false)?.tex, "\\begin{align}\na\n\\end{align}");
  assert.equal(blockFormula("$$a$$ and text", false), null);
  assert.equal(blockFormula("$$\na", false), null);
  assert.equal(blockFormula("$$\na", true)?.open, true);
  assert.equal(blockFormula("$$\n" + "a".repeat(7000), true), null, "an end that never comes hides no long text");
});

const lex: Lex = (text) => marked.lexer(text).map((t) => ({ raw: t.raw, blank: t.type === "space" }));

const document = `# Title

A paragraph of
two lines.

1. one

2. two
   - inner

   more of two

\`\`\`python
print("a

# no title")
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

> a quotation
goes on

Last *words*
===
`;

test("blocks that grow character by character are those of the whole text", () => {
  const splitter = new BlockSplitter(lex);
  for (let end = 1; end <= document.length; ++end) splitter.update(document.slice(0, end));
  const whole = lex(document)
    .filter((t) => !t.blank)
    .map((t) => t.raw);
  const grown = [
    ...splitter.frozen,
    ...lex(splitter.tail)
      .filter((t) => !t.blank)
      .map((t) => t.raw),
  ];
  assert.deepEqual(grown, whole);
  assert.ok(splitter.frozen.length >= 5);
});

test("a frozen block never changes, whatever comes", () => {
  const splitter = new BlockSplitter(lex);
  let before: string[] = [];
  for (let end = 1; end <= document.length; ++end) {
    splitter.update(document.slice(0, end));
    assert.deepEqual(splitter.frozen.slice(0, before.length), before);
    before = [...splitter.frozen];
  }
});

test("the work for a long answer grows with its length and not with its square", () => {
  const splitter = new BlockSplitter(lex);
  const text = "A paragraph with some words in it.\n\n".repeat(400);
  for (let end = 40; end <= text.length; end += 40) splitter.update(text.slice(0, end));
  // Each piece makes at most the last two blocks and the piece itself be read again: under 4 times a block's length.
  assert.ok(splitter.parsed < 6 * text.length, `${splitter.parsed} characters read for ${text.length}`);
});

test("a text that is replaced is split again", () => {
  const splitter = new BlockSplitter(lex);
  splitter.update("one\n\ntwo\n\nthree\n");
  splitter.update("other");
  assert.deepEqual([splitter.frozen, splitter.tail], [[], "other"]);
});

test("events are the same however the stream is cut", () => {
  const stream = ': keep-alive\n\ndata: {"a":1}\n\ndata: two\r\n\r\nevent: x\nid: 7\ndata: a\ndata: b\n\n';
  for (let size = 1; size <= stream.length; ++size) {
    const parser = new SseParser();
    const events = [];
    for (let at = 0; at < stream.length; at += size) events.push(...parser.push(stream.slice(at, at + size)));
    assert.deepEqual(
      events,
      [
        { data: '{"a":1}', id: "" },
        { data: "two", id: "" },
        { data: "a\nb", id: "7" },
      ],
      `pieces of ${size}`,
    );
  }
});

function talk() {
  const c = newConversation(1000);
  const q = addMessage(c, { parent: null, role: "user", content: "Why?" }, 1001);
  const a1 = addMessage(c, { parent: q.id, role: "assistant", content: "So.", thinking: "Hm.", outcome: "done" }, 1002);
  const a2 = addMessage(c, { parent: q.id, role: "assistant", content: "Thus.", outcome: "done" }, 1003);
  c.title = titleFrom(q.content);
  return { c, q, a1, a2 };
}

test("another answer is a sibling, and a branch is shown to its newest end", () => {
  const { c, q, a1, a2 } = talk();
  assert.deepEqual(branchOf(c), [q, a2]);
  assert.deepEqual(siblingsOf(c, a1), [a1, a2]);
  const next = addMessage(c, { parent: a1.id, role: "user", content: "And?" }, 1004);
  showBranch(c, a2.id);
  assert.deepEqual(branchOf(c), [q, a2]);
  showBranch(c, a1.id);
  assert.deepEqual(branchOf(c), [q, a1, next]);
});

test("a request holds the system prompt and no earlier thinking", () => {
  const { c, a1 } = talk();
  c.system = " Be brief. ";
  assert.deepEqual(requestMessages(c, a1.id), [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Why?" },
    { role: "assistant", content: "So." },
  ]);
});

test("a search finds all of its words in title and messages", () => {
  const { c } = talk();
  assert.ok(matches(c, "why THUS"));
  assert.ok(!matches(c, "why never"));
  assert.ok(matches(c, " "));
});

test("a title is the first line, cut at a word", () => {
  assert.equal(titleFrom("  Hello\nworld"), "Hello");
  const long = titleFrom("word ".repeat(40));
  assert.ok(long.length <= 60 && long.endsWith("word…"), long);
});

test("what was exported is imported again, and a running answer becomes a stopped one", () => {
  const { c, a2 } = talk();
  a2.outcome = "running";
  a2.figures = {
    promptTokens: 1,
    answerTokens: 2,
    thinkingTokens: 0,
    thinkingMs: 0,
    firstTokenMs: 3,
    tokensPerSecond: 4,
  };
  c.sampling = { temperature: 0.5, seed: 7 };
  c.model = "nano";
  c.votes = 3;
  a2.votes = {
    winner: 1,
    cast: [
      { content: "", answer: null, group: null },
      { content: "Thus.", thinking: "Hm.", answer: "Thus.", group: 1 },
    ],
  };
  const [back] = fromJson(toJson([c]));
  a2.outcome = "stopped";
  assert.deepEqual(back, c);
  const markdown = toMarkdown(c, { user: "You", model: "r1", thinking: "Thinking" });
  assert.equal(markdown, "# Why?\n\n## You\n\nWhy?\n\n## r1\n\nThus.\n");
});

test("a broken file is refused with a sentence that names the place", () => {
  const cases: [string, (file: any) => void][] = [
    ['format: "other"', (f) => (f.format = "other")],
    ["version: 9", (f) => (f.version = 9)],
    ["conversations: expected a list", (f) => (f.conversations = {})],
    ["conversations[0]: expected an object", (f) => (f.conversations[0] = 5)],
    ["conversations[0].id: expected letters", (f) => (f.conversations[0].id = "../x")],
    ["conversations[0].title: expected a text", (f) => (f.conversations[0].title = null)],
    ["conversations[0].created:", (f) => (f.conversations[0].created = -1)],
    ['conversations[0].leaf: there is no message "zz"', (f) => (f.conversations[0].leaf = "zz")],
    [
      "conversations[0].sampling.temperature: 3, expected a number from 0 to 2",
      (f) => (f.conversations[0].sampling.temperature = 3),
    ],
    ["conversations[0].messages[0].role:", (f) => (f.conversations[0].messages[0].role = "system")],
    ["conversations[0].messages[0].content: expected a text", (f) => (f.conversations[0].messages[0].content = ["a"])],
    [
      "conversations[0].messages[0].parent: no message",
      (f) => (f.conversations[0].messages[0].parent = f.conversations[0].messages[1].id),
    ],
    [
      "conversations[0].messages[1].id:",
      (f) => (f.conversations[0].messages[1].id = f.conversations[0].messages[0].id),
    ],
    ["conversations[0].messages[1].figures.promptTokens:", (f) => (f.conversations[0].messages[1].figures = {})],
    ["conversations[0].votes: 65,", (f) => (f.conversations[0].votes = 65)],
    [
      "conversations[0].messages[1].votes.winner: 1, expected a number from 0 to 0",
      (f) => (f.conversations[0].messages[1].votes = { winner: 1, cast: [{ content: "" }] }),
    ],
    ["conversations[1].id:", (f) => f.conversations.push(f.conversations[0])],
  ];
  for (const [expected, spoil] of cases) {
    const file = JSON.parse(toJson([talk().c]));
    spoil(file);
    assert.throws(
      () => fromJson(JSON.stringify(file)),
      (e: Error) => e.message.startsWith(expected),
      expected,
    );
  }
  assert.throws(() => fromJson("{"), /^ImportError|Error: the file: no JSON/);
  assert.throws(() => fromJson("[]"), /the file: expected an object/);
});

test("answers are counted by what they say, and those without a result come last", () => {
  const vote = (answer: string | null, group: number | null) => ({ content: "", answer, group });
  const cast = [vote("1", 0), vote(null, null), vote("2", 2), vote(null, null), vote("2.0", 2), vote(null, null)];
  assert.deepEqual(tally({ winner: 2, cast }), [
    { answer: "2", members: [2, 4] },
    { answer: "1", members: [0] },
    { answer: null, members: [1, 3, 5] },
  ]);
});

test("what an import does not know is dropped", () => {
  const file = JSON.parse(toJson([talk().c]));
  file.conversations[0].messages[0].onclick = "alert(1)";
  file.conversations[0].__proto__x = 1;
  const [back] = fromJson(JSON.stringify(file));
  assert.ok(!("onclick" in back!.messages[0]!));
  assert.ok(!("__proto__x" in back!));
});

test("a pause ends with its signal, and leaves no timer and no listener behind", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const stopper = new AbortController();
  const listeners = () => getEventListeners(stopper.signal, "abort").length;
  await pause(1, stopper.signal);
  assert.equal(listeners(), 0);
  const long = pause(1e9, stopper.signal);
  assert.equal(listeners(), 1);
  stopper.abort();
  await long;
  await pause(1e9, stopper.signal); // aborted before it began
  assert.equal(timers(), before);
});

test("a quoted file is one block of code, whatever fences it holds", () => {
  assert.equal(quoteFile("a", "x\r\ny\n"), "a\n```\nx\ny\n```\n");
  const fences = "```\n````\n".repeat(100_000); // more than a call takes as arguments
  const [name, block, ...others] = marked.lexer(quoteFile("b", fences)).filter((token) => token.type !== "space");
  assert.equal(name!.raw, "b\n");
  assert.equal((block as { text: string }).text, fences.trimEnd());
  assert.deepEqual(others, []);
});
