// A conversation in the browser: asking, stopping, branching, the history, and what fails.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  R1_BINARY,
  R1_MODEL,
  answers,
  button,
  checkAxe,
  close,
  converse,
  idle,
  open,
  picture,
  question,
  send,
  stage,
} from "./harness.mjs";
import { failWith, gate, numbered, play, progress, startModel, written } from "./stage.mjs";

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
  const thinking = [
    "We want two whole numbers with the sum 13 and the product 42.",
    "One of them is at most 6, so let me try: 1 * 12 = 12, 2 * 11 = 22, 3 * 10 = 30, 4 * 9 = 36, 5 * 8 = 40.",
    "6 * 7 = 42, and 6 + 7 = 13. That fits.",
    "Is there another pair? The product grows with the smaller number up to 6, so there is none.",
    "Check: x^2 - 13 x + 42 = (x - 6)(x - 7). Both roots are whole.",
  ].join("\n");
  const [role, ...rest] = written("They are **6** and **7**.", { thinking });
  const pieces = numbered([role, progress(30, 120), ...rest]);
  stage.scripts.push(
    play([
      pieces[0],
      steps[0].wait,
      pieces[1],
      steps[1].wait,
      ...pieces.slice(2, 14),
      steps[2].wait,
      ...pieces.slice(14, 21),
      steps[3].wait,
      ...pieces.slice(21),
    ]),
  );
  await send(page, "Which two whole numbers have the sum 13 and the product 42?");
  await page.getByText("Waiting for a place").waitFor();
  assert.equal(await page.locator(".messages").getAttribute("aria-busy"), "true");
  assert.equal(await page.locator(".messages").getAttribute("aria-live"), "polite");
  steps[0].open();
  await page.getByText("Reading the prompt 30/120").waitFor();
  steps[1].open();
  await page.locator(".tail", { hasText: "Both roots are whole." }).waitFor();
  const tail = await page.locator(".tail").evaluate((e) => e.clientHeight / parseFloat(getComputedStyle(e).lineHeight));
  assert.ok(Math.abs(tail - 3) < 0.1, `${tail} lines`);
  await button(page, "Answer now").waitFor();
  await picture(page, "chat-thinking");
  await page.keyboard.press("Alt+t");
  await page.locator(".thinking .markdown", { hasText: "We want two whole numbers" }).waitFor();
  await page.keyboard.press("Alt+t");
  steps[2].open();
  await page.locator(".message.assistant > .markdown").waitFor();
  assert.equal(await page.locator(".tail").count(), 0);
  steps[3].open();
  await idle(page);
  assert.equal(await page.locator(".message.assistant > .markdown strong").first().innerText(), "6");
  await close(page);
});

test("an answer can be stopped, and keeps what it has", async () => {
  const page = await open();
  const left = gate();
  stage.scripts.push(
    play([
      ...written("Once upon a time").slice(0, 6),
      (response) => {
        response.on("close", left.open);
        return left.wait();
      },
    ]),
  );
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
  await page.locator("textarea:focus").and(editor).waitFor(); // the page puts the caret when it gives the focus
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

test("the browser's buttons go from one conversation to another", async () => {
  const page = await open();
  await converse(page, "about apples", {}, "What about fruit?");
  await button(page, "New conversation").first().click();
  await page.getByText("What would you like").waitFor();
  await converse(page, "about iron", {}, "What about metal?");
  await page.goBack();
  await answers(page).getByText("about apples").waitFor();
  await page.goForward();
  await answers(page).getByText("about iron").waitFor();
  await page.getByRole("button", { name: "What about fruit?", exact: true }).click();
  await answers(page).getByText("about apples").waitFor();
  await page.goBack();
  await answers(page).getByText("about iron").waitFor();
  await close(page);
});

test("the browser's buttons leave no dialog, menu or editor of another conversation standing", async () => {
  const page = await open();
  await converse(page, "about apples", {}, "What about fruit?");
  await button(page, "New conversation").first().click();
  await converse(page, "about iron", {}, "What about metal?");
  const places = [
    ["dialog", () => button(page, "Settings").click()],
    [".menu", () => button(page, "Votes: 1").click()],
    [".editor", () => button(page, "Edit").click()],
  ];
  for (const [place, show] of places) {
    await show();
    await page.locator(place).waitFor();
    await page.goBack();
    await answers(page).getByText("about apples").waitFor();
    assert.equal(await page.locator(place).count(), 0, place);
    await page.goForward();
    await answers(page).getByText("about iron").waitFor();
    assert.equal(await page.locator(place).count(), 0, place);
  }
  await close(page);
});

// Drops files, pairs of a name and a text, on an element.
async function drop(page, files, place = "main") {
  const dataTransfer = await page.evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const [name, content] of files) transfer.items.add(new File([content], name));
    return transfer;
  }, files);
  await page.dispatchEvent(place, "drop", { dataTransfer });
}

test("a dropped file goes into the question if it is a text, and conversations are imported", async () => {
  const page = await open();
  await question(page).fill("What does it do?");
  await drop(page, [["a.md", "```\nx = 1\n```\n"]]);
  await page.waitForFunction(() => document.querySelector("#question").value.includes("x = 1"));
  assert.equal(await question(page).inputValue(), "What does it do?\n\na.md\n````\n```\nx = 1\n```\n````\n");
  await drop(page, [["a.png", "\0\0"]]);
  await page.getByText("“a.png” is no text").waitFor();
  await drop(page, [["a.json", '{"format": "r1-conversations", "version": 1, "conversations": []}']]);
  await page.getByText("Conversations imported: 0").waitFor();
  assert.match(await question(page).inputValue(), /^What does it do/);
  await close(page);
});

test("dropped files keep their order, and one that cannot be read is named", async () => {
  const page = await open();
  // A folder is handed over as a file whose bytes cannot be read. "slow" is read after "quick".
  await page.evaluate(() => {
    const read = Blob.prototype.arrayBuffer;
    Blob.prototype.arrayBuffer = async function () {
      if (this.name === "folder") throw new DOMException("a folder", "NotFoundError");
      if (this.name === "slow") await new Promise((resolve) => setTimeout(resolve, 200));
      return read.call(this);
    };
  });
  await drop(page, [
    ["slow", "1"],
    ["folder", ""],
    ["quick", "2"],
  ]);
  await page.getByText("“folder” could not be read.").waitFor();
  await page.waitForFunction(() => document.querySelector("#question").value.includes("quick"));
  const text = await question(page).inputValue();
  assert.equal(text, "slow\n```\n1\n```\n\nquick\n```\n2\n```\n");
  await drop(page, [["elsewhere", "3"]], ".sidebar");
  await drop(page, [["here", "4"]]);
  await page.waitForFunction(() => document.querySelector("#question").value.includes("here"));
  assert.doesNotMatch(await question(page).inputValue(), /elsewhere/);
  await close(page);
});

test("a draft is stored, and a question that is sent elsewhere leaves it alone", async () => {
  const page = await open();
  await converse(page, "one", {}, "first");
  await question(page).fill("half a thought");
  await page.keyboard.press("Control+Shift+O");
  await question(page).fill("a new chat's draft");
  await page.getByRole("button", { name: "first", exact: true }).click();
  assert.equal(await question(page).inputValue(), "half a thought");
  const stored = () =>
    page.evaluate(async () => {
      const result = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
      const database = await result(indexedDB.open("r1"));
      const [conversation] = await result(database.transaction("conversations").objectStore("conversations").getAll());
      database.close();
      return conversation.draft;
    });
  while ((await stored()) !== "half a thought") await page.waitForTimeout(50); // until the moment to wait is over
  await converse(page, "two", {}, "second");
  await page.reload();
  await answers(page).getByText("two").waitFor();
  await page.keyboard.press("Control+Shift+O");
  assert.equal(await question(page).inputValue(), "a new chat's draft");
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
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "Export as Markdown" }).click(),
  ]);
  assert.equal(markdown.suggestedFilename(), "keep-this.md");
  assert.match(readFileSync(await markdown.path(), "utf8"), /## You\n\nKeep this\?[^]*> a thought[^]*to be kept/);
  await close(page);

  const other = await open();
  const importText = async (content) => {
    await button(other, "Preferences").click();
    await other
      .locator("input[type=file]")
      .setInputFiles({ name: "a.json", mimeType: "application/json", buffer: Buffer.from(content) });
  };
  await importText(text.replace('"role": "user"', '"role": "root"'));
  await other.getByText('Nothing was imported. conversations[0].messages[0].role: "root"').waitFor();
  assert.equal(await other.locator(".entry").count(), 0);
  await importText(text);
  await other.getByText("Conversations imported: 1").waitFor();
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
  assert.deepEqual(
    { messages, temperature, seed, thinking, stream },
    {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Short?" },
      ],
      temperature: 0.25,
      seed: 7,
      thinking: { type: "disabled" },
      stream: true,
    },
  );
  await button(page, "New conversation").first().click();
  await converse(page, "yes", {}, "And here?");
  assert.equal(stage.asked.at(-1).temperature, undefined);
  assert.equal(stage.asked.at(-1).messages.length, 1);
  await close(page);
});

test("Enter that ends a composition does not send", async () => {
  const page = await open();
  const asked = stage.asked.length;
  await question(page).fill("ni hao");
  for (const init of [{ isComposing: true }, { keyCode: 229 }])
    await question(page).evaluate(
      (field, more) =>
        field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...more })),
      init,
    );
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
    [
      play([
        ...written("half of it").slice(0, 4),
        'data: {"error":{"message":"the model cannot run any more","code":"internal_error"}}\n\n',
      ]),
      "the model cannot run any more",
    ],
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
  pieces.splice(
    -2,
    1,
    `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 1e9, completion_tokens: 9 } })}\n\n`,
  );
  stage.scripts.push(play(pieces));
  await send(page, "Is it full?");
  await page.getByText("100 % of the context is used").waitFor();
  await page.locator(".gauge.full").waitFor();
  await close(page);
});

test("the page loads without a key and asks for one", async () => {
  const locked = await startModel(R1_BINARY, R1_MODEL, { key: "secret" });
  const page = await open({ url: `http://127.0.0.1:${locked.port}/` });
  const field = page.locator("input[type=password]");
  await field.fill("wrong");
  await button(page, "Continue").click();
  await page.getByText("did not accept this key").waitFor();
  await checkAxe(page, "key");
  await field.fill("secret");
  await button(page, "Continue").click();
  await page.locator("dialog").waitFor({ state: "detached" });
  assert.deepEqual(await page.evaluate(() => [sessionStorage["r1.key"], localStorage["r1.key"]]), [
    "secret",
    undefined,
  ]);
  await close(page);
  locked.stop();
});
