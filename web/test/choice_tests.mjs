// What a conversation chooses: its model, and how many answers vote.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, button, checkAxe, close, converse, idle, open, picture, send, stage } from "./harness.mjs";
import { failWith, gate, json, loading, play, written } from "./stage.mjs";

// Two models, of which the second one is not loaded yet.
function offerTwoModels() {
  const entry = (id, status) => ({ id, object: "model", context_length: 4096, status });
  stage.paths["/v1/models"] = json({ data: [entry("nano", "loaded"), entry("r1-distill-qwen-7b", "unloaded")] });
}

test("another model is chosen for a conversation, and its loading is seen", async () => {
  offerTwoModels();
  const page = await open();
  const picker = page.locator(".picker");
  const ready = gate();
  const name = "r1-distill-qwen-7b";
  stage.scripts.push(play([loading(name, 0.4), ready.wait, loading(name, 1), ...written("I am the other one.")]));
  await button(page, "Model: nano").click();
  await page.getByRole("menuitemradio", { name: new RegExp(name) }).click();
  await button(page, `Model: ${name}`).waitFor();
  await send(page, "Who are you?");
  await page.locator(".waiting").getByText(`Loading ${name}: 40 %`).waitFor();
  assert.match(await picker.innerText(), /loading 40 %/);
  ready.open();
  await answers(page).getByText("I am the other one.").waitFor();
  await idle(page);
  assert.equal(stage.asked.at(-1).model, name);
  assert.equal(await page.locator(".waiting").count(), 0);

  await page.keyboard.press("Control+Shift+O");
  await button(page, "Model: nano").waitFor();
  await converse(page, "I am small.", {}, "And you?");
  assert.equal(stage.asked.at(-1).model, "nano");
  await page.reload();
  await page.getByRole("button", { name: "Who are you?", exact: true }).click();
  await button(page, `Model: ${name}`).waitFor();
  stage.paths = {}; // the server is started again with one model
  await page.reload();
  await answers(page).getByText("I am the other one.").waitFor();
  await page.getByText("nano", { exact: true }).waitFor();
  assert.equal(await picker.count(), 0);
  await converse(page, "I am the small one.", {}, "And now?");
  assert.equal(stage.asked.at(-1).model, undefined);
  await close(page);
});

test("a model that cannot be loaded is told with its reason, before a stream and in one, and tried again", async () => {
  offerTwoModels();
  const name = "r1-distill-qwen-7b";
  const reason = `the model ${name} could not be loaded: 9.3 GB are needed, 4.0 GB are there`;
  const error = `data: ${JSON.stringify({ error: { message: reason, type: "server_error", code: "model_not_loaded" } })}\n\n`;
  const page = await open();
  await button(page, "Model: nano").click();
  await page.getByRole("menuitemradio", { name: new RegExp(name) }).click();
  stage.scripts.push(failWith(503, "model_not_loaded", reason));
  await send(page, "Who are you?");
  const alert = page.getByRole("alert");
  await alert.getByText(`The answer failed: ${reason}`).waitFor();
  const asksAgain = gate();
  stage.scripts.push(play([loading(name, 0.5), asksAgain.wait, error]));
  await button(page, "Try again").click();
  await page.locator(".picker", { hasText: "loading 50 %" }).waitFor();
  assert.equal(await alert.count(), 0);
  asksAgain.open();
  await alert.getByText(`The answer failed: ${reason}`).waitFor();
  await page.locator(".picker .item-state").waitFor({ state: "detached" });
  stage.scripts.push(play(written("I am here now.")));
  await button(page, "Try again").click();
  await answers(page).getByText("I am here now.").waitFor();
  await idle(page);
  assert.equal(await answers(page).count(), 1);
  stage.paths = {};
  await close(page);
});

test("the settings open while no model is loaded", async () => {
  stage.paths["/props"] = json({ model: "nano", build: "r1", queued: 0, running: 0 });
  const page = await open();
  await button(page, "Settings").click();
  await page.getByLabel("Temperature").waitFor();
  stage.paths = {};
  await close(page);
});

test("another answer is not asked for while one is on its way", async () => {
  const page = await open();
  const ready = gate();
  stage.scripts.push(play([ready.wait, ...written("Here I am.")]));
  await send(page, "Where are you?");
  await page.getByText("Where are you?", { exact: true }).first().waitFor();
  const asked = stage.asked.length;
  await page.keyboard.press("Alt+KeyR");
  ready.open();
  await answers(page).getByText("Here I am.").waitFor();
  await idle(page);
  assert.equal(stage.asked.length, asked);
  await close(page);
});

test("nothing that asks can be pressed while an answer is on its way", async () => {
  const page = await open();
  stage.scripts.push(failWith(400, "invalid_value", "no"));
  await send(page, "Will it fail?");
  await button(page, "Try again").waitFor();
  await converse(page, "It did not.", {}, "And this?");
  assert.ok(await button(page, "Try again").isEnabled());
  await button(page, "Edit").last().click();
  assert.ok(await button(page, "Send as a new branch").isEnabled());
  const ready = gate();
  stage.scripts.push(play([ready.wait, ...written("Another.")]));
  await page.keyboard.press("Alt+KeyR");
  await page.locator(".messages[aria-busy=true]").waitFor();
  for (const name of ["Try again", "Send as a new branch", "Edit"])
    assert.ok(await button(page, name).first().isDisabled(), name);
  ready.open();
  await idle(page);
  for (const name of ["Try again", "Send as a new branch", "Edit"])
    assert.ok(await button(page, name).first().isEnabled(), name);
  await close(page);
});

const says = (text, more) => ({
  message: { role: "assistant", content: text, reasoning_content: `I try ${text.length} things.` },
  finish_reason: "stop",
  ...more,
});
const right = { answer: "1692", group: 0 };
const election = {
  model: "nano",
  choices: [says("The product is **1692**.")],
  usage: { prompt_tokens: 20, completion_tokens: 500, completion_tokens_details: { reasoning_tokens: 400 } },
  timings: { predicted_per_second: 900 },
  votes: {
    winner: 0,
    agreeing: 3,
    cast: [
      says("The product is **1692**.", right),
      says("It is $1682$.", { answer: "1682", group: 1 }),
      says("So \\boxed{1692}", right),
      says("Let me", { answer: null, group: null, finish_reason: "length" }),
      says("1692", right),
    ],
  },
};

async function chooseVotes(page, count) {
  await button(page, "Votes: 1").click();
  await page.getByRole("menuitemradio", { name: `${count} answers` }).click();
  await button(page, `Votes: ${count}`).waitFor();
}

test("of several answers the majority is shown, and all of them with their shares below", async () => {
  const page = await open();
  const drawn = gate();
  await chooseVotes(page, 5);
  stage.scripts.push(async (request, response) => {
    await drawn.wait();
    json(election)(request, response);
  });
  await send(page, "What is 47 * 36?");
  await page.getByText("Writing 5 answers").waitFor();
  drawn.open();
  await answers(page).locator("> .markdown strong", { hasText: "1692" }).waitFor();
  await idle(page);
  const { votes, stream, resumable } = stage.asked.at(-1);
  assert.deepEqual({ votes, stream, resumable }, { votes: 5, stream: undefined, resumable: undefined });

  const head = button(page, "3 of 5 answers agree");
  assert.equal(await head.getAttribute("aria-expanded"), "false");
  assert.equal(await page.locator(".vote-group").count(), 0);
  await page.reload(); // they belong to the message, and so does the number to the conversation
  await button(page, "Votes: 5").waitFor();
  await head.click();
  const rows = await page.locator(".vote-head").allInnerTexts();
  assert.deepEqual(
    rows.map((row) => row.split(/\s*\n\s*/)),
    [
      ["1692", "60 %"],
      ["1682", "20 %"],
      ["No result", "20 %"],
    ],
  );
  assert.equal(await page.locator(".vote-group > .fold").count(), 5);
  await page.locator("summary", { hasText: "Answer 2" }).click();
  const second = page.locator(".fold[open] .fold-body");
  await second.locator(".katex").waitFor();
  await second.locator("summary", { hasText: "Thought process" }).click();
  await second.getByText("I try 13 things.").waitFor();
  await page.keyboard.press("Control+Shift+O");
  await button(page, "Votes: 1").waitFor();
  await close(page);
});

test("model and votes are chosen, and the votes read, with the keyboard alone", async () => {
  offerTwoModels();
  const page = await open();
  const name = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  const tabTo = async (wanted) => {
    for (let i = 0; i < 30 && (await name()) !== wanted; ++i) await page.keyboard.press("Tab");
    assert.equal(await name(), wanted);
  };
  await page.locator(".starts button:not(:disabled)").first().waitFor();
  await page.locator("body").press("Tab");
  await tabTo("Model: nano");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await name(), "Model: r1-distill-qwen-7b", "the focus is where it was");
  await tabTo("Votes: 1");
  await page.keyboard.press("Enter");
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  assert.equal(await name(), "Votes: 5");
  for (let i = 0; i < 3; ++i) await page.keyboard.press("Shift+Tab"); // settings, think, question
  assert.equal(await name(), "Ask anything");
  stage.scripts.push(json(election));
  await page.keyboard.type("What is 47 * 36?");
  await page.keyboard.press("Enter");
  await button(page, "3 of 5 answers agree").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator(".fold[open]", { hasText: "Answer 1 (shown above)" }).waitFor();
  stage.paths = {};
  await close(page);
});

test("the model that ships votes, and a vote can be stopped", async () => {
  const page = await open();
  await chooseVotes(page, 3);
  await send(page, "What is 47 * 36?");
  await idle(page);
  await page.locator(".votes", { hasText: /of 3 answers/ }).waitFor();
  const left = gate();
  stage.scripts.push((request, response) => void response.on("close", left.open));
  await send(page, "What is 4 * 6?");
  await page.getByText("Writing 3 answers").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Stopped.").waitFor();
  await left.wait();
  await close(page);
});

test("the choices have no accessibility violations, in either theme", async () => {
  offerTwoModels();
  for (const colorScheme of ["light", "dark"]) {
    const page = await open({ colorScheme });
    await chooseVotes(page, 5);
    stage.scripts.push(json(election));
    await send(page, "What is 47 * 36?");
    await button(page, "3 of 5 answers agree").click();
    await page.locator("summary", { hasText: "Answer 2" }).click();
    for (const [place, width] of [
      ["wide", 1280],
      ["phone", 390],
    ]) {
      await page.setViewportSize({ width, height: 800 });
      await checkAxe(page, `${colorScheme}, ${place}, votes`);
      await picture(page, `chat-votes-${place}-${colorScheme}`);
      for (const menu of ["Votes: 5", "Model: nano"]) {
        await button(page, menu).click();
        await checkAxe(page, `${colorScheme}, ${place}, ${menu}`);
        await picture(page, `chat-${menu.slice(0, 5).toLowerCase()}-menu-${place}-${colorScheme}`);
        await page.keyboard.press("Escape");
      }
    }
    await close(page);
  }
  stage.paths = {};
});
