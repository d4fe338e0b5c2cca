// Drives the page in Chromium: against the model that ships, and against answers that the tests write themselves where
// the moment matters. scripts/check-web runs it. Environment: R1_BINARY, R1_MODEL, CHROMIUM, and PICTURES, a folder for
// the pictures of the documentation.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { hostile } from "./hostile.mjs";
import { failWith, gate, play, progress, startModel, startStage, written } from "./stage.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const { R1_BINARY, R1_MODEL, CHROMIUM = "/usr/bin/chromium", PICTURES } = process.env;
const WAIT = 90_000; // a slow machine is no failure

let model, stage, browser;
const strayed = []; // requests to elsewhere
const complaints = []; // errors of scripts, and what the Content-Security-Policy refused

before(async () => {
  model = await startModel(R1_BINARY, R1_MODEL);
  stage = await startStage(model);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"] });
});
after(async () => {
  await browser?.close();
  stage?.stop();
  model?.stop();
});

// A page in a browser that has never seen the server.
async function open({ width = 1280, height = 800, url = stage.url, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: "en-GB", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(WAIT);
  const page = await context.newPage();
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "blob:" && origin !== new URL(url).origin) strayed.push(request.url());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // Chromium reports each answer with an error status; the tests provoke some.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(url);
  await page.locator("#question").waitFor();
  return page;
}

const question = (page) => page.locator("#question");
const answers = (page) => page.locator(".message.assistant");
const button = (page, name) => page.getByRole("button", { name, exact: true });
const idle = (page) => page.locator(".messages[aria-busy=false]").waitFor();

async function send(page, text) {
  await question(page).fill(text);
  await page.locator(".send:not(.stop):not(:disabled)").waitFor();
  await question(page).press("Enter");
}

// Sends a question whose answer is `text`.
async function converse(page, text, options = {}, asked = "Tell me.") {
  stage.scripts.push(play(written(text, options)));
  const count = await answers(page).count();
  await send(page, asked);
  await answers(page).nth(count).waitFor();
  await idle(page);
}

async function checkAxe(page, where) {
  const { violations } = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(found, [], where);
}

async function picture(page, name) {
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png`, animations: "disabled" });
}

async function close(page) {
  await page.context().close();
}

test("the model that ships answers, and its thinking is folded with its time and tokens", async () => {
  const page = await open();
  await send(page, "What is 47 * 36?");
  await idle(page);
  await page.locator(".figures", { hasText: "tokens/s" }).waitFor();
  const head = page.locator(".thinking-head");
  assert.match(await head.innerText(), /Thought for [\d.]+ s\s*[\d,]+ tokens/);
  assert.equal(await head.getAttribute("aria-expanded"), "false");
  assert.equal(await page.locator(".thinking .markdown").count(), 0);
  await head.click();
  assert.ok((await page.locator(".thinking .markdown").innerText()).length > 10);
  assert.ok((await page.locator(".message.assistant > .markdown").innerText()).length > 0);
  await page.locator(".gauge").waitFor();
  assert.equal(await page.locator(".entry").count(), 1);
  await close(page);
});

test("waiting, reading, thinking with a tail of three lines, answering, done", async () => {
  const page = await open();
  const steps = [gate(), gate(), gate(), gate()];
  const thinking = Array.from({ length: 12 }, (_, i) => `Step ${i + 1} of the thinking.\n`).join("");
  const pieces = written("The answer is **42**.", { thinking });
  stage.scripts.push(play([
    pieces[0], steps[0].wait, progress(30, 120), steps[1].wait, ...pieces.slice(1, 13), steps[2].wait,
    ...pieces.slice(13, 20), steps[3].wait, ...pieces.slice(20),
  ]));
  await send(page, "What is it?");
  await page.getByText("Waiting for a place").waitFor();
  assert.equal(await page.locator(".messages").getAttribute("aria-busy"), "true");
  assert.equal(await page.locator(".messages").getAttribute("aria-live"), "polite");
  steps[0].open();
  await page.getByText("Reading the prompt 30/120").waitFor();
  steps[1].open();
  await page.locator(".tail", { hasText: "Step 12" }).waitFor();
  const tail = await page.locator(".tail").evaluate((e) => e.clientHeight / parseFloat(getComputedStyle(e).lineHeight));
  assert.ok(Math.abs(tail - 3) < 0.1, `${tail} lines`);
  await picture(page, "chat-thinking");
  await page.keyboard.press("Alt+t");
  await page.locator(".thinking .markdown", { hasText: "Step 1 of" }).waitFor();
  await page.keyboard.press("Alt+t");
  steps[2].open();
  await page.locator(".message.assistant > .markdown").waitFor();
  assert.equal(await page.locator(".tail").count(), 0);
  steps[3].open();
  await idle(page);
  assert.equal(await page.locator(".message.assistant > .markdown strong").innerText(), "42");
  await close(page);
});

test("an answer can be stopped, and keeps what it has", async () => {
  const page = await open();
  const left = gate();
  stage.scripts.push(play([...written("Once upon a time").slice(0, 6), (response) => {
    response.on("close", left.open);
    return left.wait();
  }]));
  await send(page, "A story?");
  await answers(page).getByText("Once").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Stopped.").waitFor();
  await left.wait();
  assert.match(await answers(page).innerText(), /Once/);
  stage.scripts.push(play(written(" and they lived happily.")));
  await button(page, "Continue").click();
  await answers(page).getByText("lived happily.").waitFor();
  await idle(page);
  assert.match(await answers(page).locator("> .markdown").innerText(), /^Once.* and they lived happily\.$/);
  const asked = stage.asked.at(-1);
  assert.ok(asked.continue_final_message && asked.messages.at(-1).content.startsWith("Once"), JSON.stringify(asked));
  await close(page);
});

test("an edited question and another answer are branches that one can walk", async () => {
  const page = await open();
  await converse(page, "first answer", {}, "first question");
  stage.scripts.push(play(written("second answer")));
  await button(page, "Regenerate").click();
  await answers(page).getByText("second answer").waitFor();
  await idle(page);
  assert.equal(await answers(page).locator(".versions-at").innerText(), "2/2");
  await button(page, "Previous version").click();
  await answers(page).getByText("first answer").waitFor();
  assert.equal(await answers(page).locator(".versions-at").innerText(), "1/2");

  stage.scripts.push(play(written("third answer")));
  await question(page).focus();
  await page.keyboard.press("ArrowUp");
  const editor = page.getByLabel("Edit the question");
  assert.equal(await editor.inputValue(), "first question");
  await editor.fill("other question");
  await editor.press("Enter");
  await answers(page).getByText("third answer").waitFor();
  await idle(page);
  assert.deepEqual(stage.asked.at(-1).messages, [{ role: "user", content: "other question" }]);
  assert.equal(await page.locator(".message.user .versions-at").innerText(), "2/2");
  await page.locator(".message.user").getByRole("button", { name: "Previous version" }).click();
  await page.locator(".bubble", { hasText: "first question" }).waitFor();
  assert.equal(await answers(page).locator(".versions-at").innerText(), "2/2");
  await close(page);
});

test("the history outlives the page: search, rename, delete and undo", async () => {
  const page = await open();
  await converse(page, "about apples", {}, "What about fruit?");
  await button(page, "New conversation").first().click();
  await converse(page, "about iron", {}, "What about metal?");
  await question(page).fill("a draft that is not sent");
  await page.waitForTimeout(700); // longer than the page waits before it stores
  await page.reload();
  await page.locator(".entry").nth(1).waitFor();
  assert.deepEqual(await page.locator(".entry-text").allInnerTexts(), ["What about metal?", "What about fruit?"]);
  assert.equal(await question(page).inputValue(), "a draft that is not sent");
  await answers(page).getByText("about iron").waitFor();

  await page.keyboard.press("Control+k");
  await page.keyboard.type("apples");
  await page.waitForFunction(() => document.querySelectorAll(".entry").length === 1);
  await page.getByRole("button", { name: "What about fruit?", exact: true }).click();
  await answers(page).getByText("about apples").waitFor();

  await page.getByRole("button", { name: /^More for/ }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByLabel("Rename").fill("Orchard");
  await page.getByLabel("Rename").press("Enter");
  await page.locator(".bar-title", { hasText: "Orchard" }).waitFor();

  await page.getByRole("button", { name: /^More for/ }).click();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter"); // the last entry: delete
  await page.getByText("Conversation deleted.").waitFor();
  assert.equal(await page.getByText("Orchard").count(), 0);
  await button(page, "Undo").click();
  await page.locator(".bar-title", { hasText: "Orchard" }).waitFor();
  await close(page);
});

test("two tabs show the same history", async () => {
  const page = await open();
  const second = await page.context().newPage();
  await second.goto(stage.url);
  await second.locator("#question").waitFor();
  await converse(page, "said in the first tab", {}, "Tabs?");
  await second.getByRole("button", { name: "Tabs?", exact: true }).click();
  await answers(second).getByText("said in the first tab").waitFor();
  await converse(second, "said in the second tab", {}, "And back?");
  await answers(page).getByText("said in the second tab").waitFor();
  await close(page);
});

test("what was exported is imported elsewhere, and a broken file changes nothing", async () => {
  const page = await open();
  await converse(page, "to be kept", { thinking: "a thought" }, "Keep this?");
  await button(page, "Preferences").click();
  const [file] = await Promise.all([page.waitForEvent("download"), button(page, "Export all (JSON)").click()]);
  const text = readFileSync(await file.path(), "utf8");
  await button(page, "Close").click();
  await page.getByRole("button", { name: /^More for/ }).click();
  const [markdown] = await Promise.all([
    page.waitForEvent("download"), page.getByRole("menuitem", { name: "Export as Markdown" }).click(),
  ]);
  assert.equal(markdown.suggestedFilename(), "keep-this.md");
  assert.match(readFileSync(await markdown.path(), "utf8"), /## You\n\nKeep this\?[^]*> a thought[^]*to be kept/);
  await close(page);

  const other = await open();
  const importText = async (content) => {
    await button(other, "Preferences").click();
    await other.locator("input[type=file]").setInputFiles({ name: "a.json", mimeType: "application/json", buffer: Buffer.from(content) });
  };
  await importText(text.replace('"role": "user"', '"role": "root"'));
  await other.getByText('Nothing was imported. conversations[0].messages[0].role: "root"').waitFor();
  assert.equal(await other.locator(".entry").count(), 0);
  await importText(text);
  await other.getByText("1 conversations imported.").waitFor();
  await other.getByRole("button", { name: "Keep this?", exact: true }).click();
  await answers(other).getByText("to be kept").waitFor();
  await close(other);
});

test("settings belong to a conversation and reach the server", async () => {
  const page = await open();
  await button(page, "Settings").click();
  await page.getByLabel("System prompt").fill("Be brief.");
  await page.getByLabel("Temperature").fill("0.25");
  await page.getByLabel("Seed").fill("7");
  await page.keyboard.press("Escape");
  await button(page, "Think").click();
  await converse(page, "yes", {}, "Short?");
  const { messages, temperature, seed, thinking, stream } = stage.asked.at(-1);
  assert.deepEqual({ messages, temperature, seed, thinking, stream }, {
    messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Short?" }],
    temperature: 0.25, seed: 7, thinking: { type: "disabled" }, stream: true,
  });
  await button(page, "New conversation").first().click();
  await converse(page, "yes", {}, "And here?");
  assert.equal(stage.asked.at(-1).temperature, undefined);
  assert.equal(stage.asked.at(-1).messages.length, 1);
  await close(page);
});

const sample = `The sum of the first $n$ odd numbers is a **square**. It costs $5, not $6.

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
  await converse(page, sample, { thinking: "A picture helps: squares of dots." }, "Why is the sum of odd numbers a square?");
  const body = answers(page).locator("> .markdown");
  assert.equal(await body.locator(".katex").count(), 5);
  assert.equal(await body.locator(".katex-display").count(), 1);
  assert.match(await body.innerText(), /It costs \$5, not \$6\./);
  assert.equal(await body.locator(".hljs-keyword").first().innerText(), "def");
  assert.equal(await body.locator("td").count(), 4);
  assert.ok(await body.locator(".katex .vlist [style]").count() > 0, "KaTeX sets its styles although markup may not");
  await button(page, "Copy code").click();
  await button(page, "Copied").waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^def odd_sum[^]*n \+ 1\)\)\n?$/);
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
    forbidden: all("script,style,link,meta,base,iframe,form,input,img,object,embed,[id],[name],[onerror],[onload],[onmouseover]")
      .map((e) => e.outerHTML.slice(0, 100)),
    placed: all("*").filter((e) => !e.closest(".katex") && getComputedStyle(e).position !== "static").length,
    links: all("a").map((a) => a.getAttribute("href")).filter((href) => !/^(https?:|mailto:)/.test(href ?? "")),
    opens: all("a").filter((a) => a.target !== "_blank" || !a.relList.contains("noopener")).length,
    wide: document.documentElement.scrollWidth > innerWidth || body.scrollWidth > body.clientWidth + 1,
    covers: at(450, 25) + at(450, innerHeight - 30) + at(100, 300),
    drawn: body.textContent.length > 0,
  };
};

test("hostile answers change nothing outside their bubble", async () => {
  const page = await open({ width: 900 });
  await converse(page, "harmless");
  const untouched = await page.evaluate(damage, 0);
  assert.deepEqual({ ...untouched, frame: "" },
    { hit: undefined, frame: "", forbidden: [], placed: 0, links: [], opens: 0, wide: false, covers: 0, drawn: true });
  // All at once as a conversation that is imported, and some as streams, where half of a text is drawn as well.
  const time = Date.now();
  const messages = hostile.flatMap(([name, text], i) => [
    { id: `q${i}`, parent: i ? `a${i - 1}` : null, role: "user", content: name, created: time },
    { id: `a${i}`, parent: `q${i}`, role: "assistant", content: text, thinking: text, created: time, outcome: "done" },
  ]);
  const file = { format: "r1-conversations", version: 1, conversations: [
    { id: "hostile", title: "Hostile", created: time, updated: time, messages, leaf: messages.at(-1).id }] };
  await button(page, "Preferences").click();
  await page.locator("input[type=file]").setInputFiles(
    { name: "hostile.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(file)) });
  await page.getByRole("button", { name: "Hostile", exact: true }).click();
  await answers(page).nth(hostile.length - 1).waitFor();
  for (const [i, [name]] of hostile.entries()) assert.deepEqual(await page.evaluate(damage, i), untouched, name);
  await page.keyboard.press("Alt+t");
  await page.locator(".thinking .markdown").waitFor();
  for (const streamed of ["a cover over the page", "script links", "a fence that never ends", "a formula that never ends"]) {
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
    await converse(page, sample, { thinking: "A picture helps: squares of dots." }, "Why is the sum of the first odd numbers a square?");
    await page.locator(".thinking-head").click();
    assert.equal(await page.locator("html").getAttribute("data-theme"), colorScheme);
    await checkAxe(page, `${colorScheme}, conversation`);
    await picture(page, `chat-${colorScheme}`);
    await page.getByRole("button", { name: /^More for/ }).first().click();
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
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth);
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
      const e = document.activeElement, box = e.getBoundingClientRect();
      return e === document.body || (box.width > 0 && box.bottom > 0 && (e.getAttribute("aria-label") || e.innerText || e.placeholder));
    });
    assert.ok(seen, `stop ${i} of the Tab key`);
    await page.keyboard.press("Tab");
  }
  await close(page);
});

test("Enter that ends a composition does not send", async () => {
  const page = await open();
  const asked = stage.asked.length;
  await question(page).fill("ni hao");
  for (const init of [{ isComposing: true }, { keyCode: 229 }])
    await question(page).evaluate((field, more) => field.dispatchEvent(
      new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...more })), init);
  await page.waitForTimeout(200);
  assert.equal(stage.asked.length, asked);
  assert.equal(await question(page).inputValue(), "ni hao");
  await close(page);
});

test("what fails says why and can be tried again", async () => {
  const page = await open();
  const cases = [
    [failWith(429, "queue_full", "full"), "The server has too many answers waiting"],
    [failWith(400, "context_length_exceeded", "long"), "longer than the model's context"],
    [failWith(400, "invalid_value", "temperature: 9, expected 0 to 2"), "temperature: 9, expected 0 to 2"],
    [play([...written("half of it").slice(0, 4), 'data: {"error":{"message":"the model cannot run any more","code":"internal_error"}}\n\n']),
      "the model cannot run any more"],
    [play([...written("half of it").slice(0, 4), (response) => response.destroy()]), "The connection broke off"],
  ];
  for (const [script, message] of cases) {
    await page.keyboard.press("Control+Shift+O");
    await page.locator(".starts button:not(:disabled)").first().waitFor();
    stage.scripts.push(script);
    await send(page, "Will it work?");
    await page.getByRole("alert").getByText(message).waitFor();
    stage.scripts.push(play(written("it worked")));
    await page.locator(".send").waitFor();
    await button(page, "Try again").click();
    await answers(page).getByText("it worked").waitFor();
    await idle(page);
  }
  await close(page);
});

test("a model that is being loaded and a server that is away are waited for, and the draft stays", async () => {
  stage.props = (response) => {
    response.writeHead(503, { "Content-Type": "application/json" });
    response.end("{}");
  };
  const page = await open();
  await page.getByText("The model is being loaded").waitFor();
  await question(page).fill("a question meanwhile");
  assert.ok(await page.locator(".send").isDisabled());
  stage.down = true;
  await page.getByText("No connection to the server").waitFor();
  stage.down = false;
  stage.props = null;
  await page.locator(".send:not(:disabled)").waitFor();
  assert.equal(await question(page).inputValue(), "a question meanwhile");
  await close(page);
});

test("four fifths of the context are announced", async () => {
  const page = await open();
  const pieces = written("long");
  pieces.splice(-2, 1, `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 1e9, completion_tokens: 9 } })}\n\n`);
  stage.scripts.push(play(pieces));
  await send(page, "Is it full?");
  await page.getByText("100 % of the context is used").waitFor();
  await page.locator(".gauge.full").waitFor();
  await close(page);
});

test("the page loads without a key and asks for one", async () => {
  const locked = await startModel(R1_BINARY, R1_MODEL, { key: "secret" });
  const page = await open({ url: `http://127.0.0.1:${locked.port}/` });
  const field = page.getByLabel("API key", { exact: true });
  await field.fill("wrong");
  await button(page, "Continue").click();
  await page.getByText("did not accept this key").waitFor();
  await checkAxe(page, "key");
  await field.fill("secret");
  await button(page, "Continue").click();
  await page.locator("dialog").waitFor({ state: "detached" });
  assert.deepEqual(await page.evaluate(() => [sessionStorage["r1.key"], localStorage["r1.key"]]), ["secret", undefined]);
  await close(page);
  locked.stop();
});

test("no request left the server's origin, and nothing broke the page's rules", () => {
  assert.deepEqual(strayed, []);
  assert.deepEqual(complaints, []);
});
