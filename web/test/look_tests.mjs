// What is on the screen: Markdown, hostile answers, themes, languages, widths, the keyboard.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, button, checkAxe, close, converse, idle, open, picture, question, send, stage } from "./harness.mjs";
import { hostile } from "./hostile.mjs";
import { gate, importConversation, play, written } from "./stage.mjs";

const sample = `The sum of the first $n$ odd numbers is a **square**. Nine tiles at $5 each cost $45.

$$\\sum_{k=1}^{n} (2k-1) = n^2$$

1. For $n = 1$ it holds.
2. Each further odd number adds an *L* around the square.

\`\`\`python
def odd_sum(n: int) -> int:
    # the first n odd numbers
    return sum(2 * k - 1 for k in range(1, n + 1))
\`\`\`

| n | sum |
|--:|----:|
| 1 | 1 |
| 10 | 100 |

So \\(1 + 3 + 5 = 9\\), and the answer is \\boxed{n^2}.`;

test("formulas, code, tables and prices look as they should", async () => {
  const page = await open({ permissions: ["clipboard-read", "clipboard-write"] });
  await converse(
    page,
    sample,
    { thinking: "A picture helps: squares of dots." },
    "Why is the sum of odd numbers a square?",
  );
  const body = answers(page).locator("> .markdown");
  assert.equal(await body.locator(".katex").count(), 5);
  assert.equal(await body.locator(".katex-display").count(), 1);
  assert.equal(await body.locator(".katex > .katex-mathml math").count(), 5, "what screen readers read");
  assert.match(await body.innerText(), /Nine tiles at \$5 each cost \$45\./);
  assert.equal(await body.locator(".hljs-keyword").first().innerText(), "def");
  assert.equal(await body.locator("td").count(), 4);
  assert.ok((await body.locator(".katex .vlist [style]").count()) > 0, "KaTeX sets its styles although markup may not");
  await button(page, "Copy code").click();
  await button(page, "Copied").waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^def odd_sum[^]*n \+ 1\)\)\n?$/);
  await close(page);
});

test("coloured code is the code, sign for sign", async () => {
  const page = await open();
  const code = `<a href="x" title='&amp;lt;'>&lt; & && </a> <!-- "</span>" -->\n${"if (a < b && c > '\"') {}\n".repeat(3)}`;
  await converse(page, ["html", "js", "c", "unknown"].map((name) => `\`\`\`${name}\n${code}\`\`\`\n`).join("\n"));
  for (const text of await answers(page).locator("pre").allTextContents()) assert.equal(text.trimEnd(), code.trimEnd());
  assert.equal(
    await answers(page)
      .locator("pre", { has: page.locator("span") })
      .count(),
    3,
  );
  await close(page);
});

test("a long answer that is there at once is drawn whole, in order, and its end is shown", async () => {
  const page = await open();
  // A page whose language is set again is styled anew as a whole.
  await page.evaluate(() => {
    window.languageSet = 0;
    new MutationObserver((list) => (window.languageSet += list.length)).observe(document.documentElement, {
      attributeFilter: ["lang"],
    });
  });
  const text = Array.from({ length: 400 }, (_, i) => `Paragraph ${i} with $x_{${i}}$ and *words*.\n\n`).join("");
  await converse(page, text, { pieces: 1 });
  await page.waitForFunction(() => !document.querySelector(".markdown[aria-busy=true]"));
  const blocks = await answers(page).locator(".block").allTextContents();
  assert.deepEqual(
    blocks.map((block) => /^Paragraph (\d+)/.exec(block)?.[1]),
    Array.from({ length: 400 }, (_, i) => String(i)),
  );
  const atEnd = () => {
    const { scrollHeight, scrollTop, clientHeight } = document.querySelector(".transcript");
    return scrollHeight - scrollTop - clientHeight < 2;
  };
  await page.waitForFunction(atEnd);
  assert.equal(await page.evaluate(() => window.languageSet), 0);
  await page.reload();
  await answers(page).getByText("Paragraph 399").waitFor();
  await page.waitForFunction(atEnd);
  await close(page);
});

test("a block of code that grows keeps what it has, and its button copies all of it", async () => {
  const page = await open({ permissions: ["clipboard-read", "clipboard-write"] });
  const more = gate();
  const lines = Array.from({ length: 30 }, (_, i) => `x${i} = ${i} if ${i} else None\n`).join("");
  const pieces = written(`\`\`\`python\ndef f():\n    pass\n${lines}\`\`\`\n\nSo far.\n\nDone.`);
  stage.scripts.push(play([...pieces.slice(0, 6), more.wait, ...pieces.slice(6)]));
  await send(page, "Code?");
  await page.locator(".hljs-title", { hasText: "f" }).waitFor();
  await page.evaluate(() => (window.kept = document.querySelector(".hljs-title")));
  more.open();
  await answers(page).getByText("Done.").waitFor();
  await idle(page);
  assert.ok(await page.evaluate(() => window.kept.isConnected));
  const code = `def f():\n    pass\n${lines}`;
  assert.equal(await page.locator("pre").textContent(), code.trimEnd());
  await button(page, "Copy code").click();
  await button(page, "Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code.trimEnd());
  await close(page);
});

test("a reader who scrolls up is left alone, and can jump to the end", async () => {
  const page = await open();
  const more = gate();
  const pieces = written("A line of the answer.\n\n".repeat(120));
  stage.scripts.push(play([...pieces.slice(0, 8), more.wait, ...pieces.slice(8)]));
  await send(page, "Much?");
  await page.waitForFunction(() => document.querySelectorAll(".block").length > 60);
  const transcript = page.locator(".transcript");
  await transcript.hover();
  await page.mouse.wheel(0, -400);
  await button(page, "Jump to the end").waitFor();
  const before = await transcript.evaluate((e) => e.scrollTop);
  more.open();
  await idle(page);
  await page.waitForFunction(() => document.querySelectorAll(".block").length === 120);
  assert.equal(await transcript.evaluate((e) => e.scrollTop), before);
  await button(page, "Jump to the end").click();
  await button(page, "Jump to the end").waitFor({ state: "detached" });
  await close(page);
});

// What an answer has done to the page, beside its own bubble.
const damage = (index) => {
  const answer = document.querySelectorAll(".message.assistant")[index];
  const body = answer.querySelector(".markdown");
  const all = (selector) => [...body.querySelectorAll(selector)];
  answer.scrollIntoView({ block: "center" });
  const box = (selector) => Object.values(document.querySelector(selector).getBoundingClientRect().toJSON()).join(" ");
  const at = (x, y) => document.elementsFromPoint(x, y).filter((e) => answer.contains(e)).length;
  return {
    hit: window.hit,
    frame: [".bar", ".sidebar", ".composer"].map(box).join("\n"),
    forbidden: all(
      "script,style,link,meta,base,iframe,form,input,img,object,embed,[id],[name],[onerror],[onload],[onmouseover]",
    ).map((e) => e.outerHTML.slice(0, 100)),
    placed: all("*").filter((e) => !e.closest(".katex") && getComputedStyle(e).position !== "static").length,
    links: all("a")
      .map((a) => a.getAttribute("href"))
      .filter((href) => !/^(https?:|mailto:)/.test(href ?? "")),
    opens: all("a").filter((a) => a.target !== "_blank" || !a.relList.contains("noopener")).length,
    wide: document.documentElement.scrollWidth > innerWidth || answer.scrollWidth > answer.clientWidth + 1,
    covers: at(450, 25) + at(450, innerHeight - 30) + at(100, 300),
    drawn: body.textContent.length > 0,
  };
};

test("hostile answers change nothing outside their bubble", async () => {
  const page = await open({ width: 900 });
  await converse(page, "harmless");
  const untouched = await page.evaluate(damage, 0);
  assert.deepEqual(
    { ...untouched, frame: "" },
    { hit: undefined, frame: "", forbidden: [], placed: 0, links: [], opens: 0, wide: false, covers: 0, drawn: true },
  );
  // All at once as a conversation that is imported, and some as streams, where half of a text is drawn as well.
  const time = Date.now();
  const messages = hostile.flatMap(([name, text], i) => [
    { id: `q${i}`, parent: i ? `a${i - 1}` : null, role: "user", content: name, created: time },
    { id: `a${i}`, parent: `q${i}`, role: "assistant", content: text, thinking: text, created: time, outcome: "done" },
  ]);
  await importConversation(page, "Hostile", messages);
  await page.getByRole("button", { name: "Hostile", exact: true }).click();
  await answers(page)
    .nth(hostile.length - 1)
    .waitFor();
  await page.waitForFunction(() => !document.querySelector(".markdown[aria-busy=true]"));
  for (const [i, [name]] of hostile.entries()) assert.deepEqual(await page.evaluate(damage, i), untouched, name);
  await page.keyboard.press("Alt+t");
  await page.locator(".thinking .markdown").waitFor();
  for (const streamed of [
    "a cover over the page",
    "script links",
    "a fence that never ends",
    "a formula that never ends",
  ]) {
    await page.keyboard.press("Control+Shift+O");
    await converse(page, hostile.find(([name]) => name === streamed)[1], { pieces: 30 });
    assert.deepEqual(await page.evaluate(damage, 0), untouched, `${streamed}, streamed`);
  }
  await close(page);
});

test("no accessibility violations, in either theme, at any width", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open({ colorScheme });
    await page.locator(".starts button:not(:disabled)").first().waitFor();
    await checkAxe(page, `${colorScheme}, first view`);
    await picture(page, `chat-start-${colorScheme}`);
    await converse(
      page,
      sample,
      { thinking: "A picture helps: squares of dots." },
      "Why is the sum of the first odd numbers a square?",
    );
    await page.setViewportSize({ width: 1280, height: 920 });
    await picture(page, `chat-${colorScheme}`); // with all of the conversation, which docs/ show
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.locator(".thinking-head").click();
    assert.equal(await page.locator("html").getAttribute("data-theme"), colorScheme);
    await checkAxe(page, `${colorScheme}, conversation`);
    await page
      .getByRole("button", { name: /^More for/ })
      .first()
      .click();
    await checkAxe(page, `${colorScheme}, menu`);
    await page.keyboard.press("Escape");
    for (const name of ["Settings", "Preferences", "Keyboard shortcuts"]) {
      await button(page, name).click();
      await page.locator("dialog[open]").waitFor();
      await checkAxe(page, `${colorScheme}, ${name}`);
      await picture(page, `chat-${name.split(" ")[0].toLowerCase()}-${colorScheme}`);
      await page.keyboard.press("Escape");
    }
    await page.setViewportSize({ width: 390, height: 780 });
    await picture(page, `chat-phone-${colorScheme}`);
    await close(page);
  }
});

test("the theme and the language can be chosen and are remembered", async () => {
  const page = await open({ colorScheme: "light" });
  await button(page, "Preferences").click();
  await page.getByLabel("Dark").check();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await background(), "rgb(25, 24, 22)");
  await page.getByLabel("中文").check();
  await page.getByText("偏好设置").first().waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "zh");
  await page.reload();
  await page.getByText("想解决什么问题").waitFor();
  assert.equal(await background(), "rgb(25, 24, 22)");
  await picture(page, "chat-chinese");
  await close(page);
  const chinese = await open({ locale: "zh-CN" });
  await chinese.getByText("想解决什么问题").waitFor();
  await close(chinese);
});

test("a phone 320 pixels wide shows everything without scrolling sideways", async () => {
  const page = await open({ width: 320, height: 640, hasTouch: true });
  const fits = () =>
    page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth);
  assert.ok(await fits());
  await converse(page, sample + "\n\n```\n" + "x".repeat(200) + "\n```\n", {}, "Does it fit?");
  assert.ok(await fits());
  const box = await page.locator(".message.assistant").boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 320, JSON.stringify(box));
  await button(page, "Open the list of conversations").click();
  await page.getByRole("button", { name: "Does it fit?", exact: true }).waitFor();
  await checkAxe(page, "drawer");
  await page.keyboard.press("Escape");
  await page.locator(".sidebar").waitFor({ state: "hidden" });
  await button(page, "Settings").click();
  assert.ok(await fits());
  await close(page);
});

test("everything can be done with the keyboard alone", async () => {
  const page = await open();
  await page.locator(".starts button:not(:disabled)").first().waitFor();
  await page.keyboard.press("Control+/");
  await page.locator("dialog", { hasText: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  await question(page).focus();
  await page.keyboard.type("one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("two");
  assert.equal(await question(page).inputValue(), "one\ntwo");
  stage.scripts.push(play(written("an answer", { thinking: "a thought" })));
  await page.keyboard.press("Enter");
  await answers(page).getByText("an answer").waitFor();
  await idle(page);
  await page.keyboard.press("Alt+t");
  await page.locator(".thinking .markdown").waitFor();
  stage.scripts.push(play(written("a better answer")));
  await page.keyboard.press("Alt+r");
  await answers(page).getByText("a better answer").waitFor();
  await idle(page);
  await page.keyboard.press("Alt+e");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+b");
  await page.locator(".sidebar").waitFor({ state: "hidden" });
  await page.keyboard.press("Control+k");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  await page.keyboard.press("Control+Shift+O");
  await page.getByText("What would you like").waitFor();
  // Each stop of the Tab key can be seen.
  await page.locator("body").press("Tab");
  for (let i = 0; i < 12; ++i) {
    const seen = await page.evaluate(() => {
      const e = document.activeElement,
        box = e.getBoundingClientRect();
      return (
        e === document.body ||
        (box.width > 0 && box.bottom > 0 && (e.getAttribute("aria-label") || e.innerText || e.placeholder))
      );
    });
    assert.ok(seen, `stop ${i} of the Tab key`);
    await page.keyboard.press("Tab");
  }
  await close(page);
});
