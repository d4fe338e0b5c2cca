// Conversations of many turns: they are drawn from their end in steps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, button, close, idle, open, send, stage } from "./harness.mjs";
import { gate, importConversation, longConversation, play, written } from "./stage.mjs";

const TURNS = 200;
const answer = (n) => `Answer ${n} with $x_{${n}}$.\n\n${"Some words about it.\n\n".repeat(n % 7)}`;
const names = Array.from({ length: TURNS }, (_, i) => [`Question ${i + 1}`, `Answer ${i + 1}`]).flat();

async function openWithLong() {
  const page = await open();
  await importConversation(page, "Long", longConversation(TURNS, answer));
  return page;
}

test("the end of a long conversation is drawn first, and each message once", async () => {
  const page = await openWithLong();
  // The names of the messages that come and go, and whether the log is busy, which keeps screen readers silent.
  await page.evaluate(() => {
    window.steps = [];
    const messages = (nodes) =>
      [...nodes]
        .filter((node) => node instanceof Element)
        .flatMap((node) => (node.matches(".message") ? [node] : [...node.querySelectorAll(".message")]))
        .map((message) => /(Question|Answer) \d+/.exec(message.textContent)?.[0]);
    new MutationObserver((records) => {
      const added = records.flatMap((record) => messages(record.addedNodes));
      const removed = records.flatMap((record) => messages(record.removedNodes));
      const busy = document.querySelector(".messages")?.ariaBusy;
      if (added.length || removed.length) window.steps.push({ added, removed, busy });
    }).observe(document.querySelector("main"), { childList: true, subtree: true });
  });
  await button(page, "Long").click();
  await page.locator(".messages[aria-busy=true]").waitFor();
  await idle(page);
  const steps = await page.evaluate(() => window.steps);
  assert.ok(steps[0].added.includes(`Answer ${TURNS}`) && !steps[0].added.includes("Question 1"), steps[0].added);
  assert.ok(steps.length > 2, `${steps.length} steps`);
  for (const { busy } of steps.slice(0, -1)) assert.equal(busy, "true");
  assert.deepEqual(
    steps.flatMap((step) => step.removed),
    [],
  );
  assert.deepEqual(steps.flatMap((step) => step.added).sort(), names.toSorted());
  const drawn = await page.locator(".message").allTextContents();
  assert.deepEqual(
    drawn.map((text) => /(Question|Answer) \d+/.exec(text)?.[0]),
    names,
  );
  const { scrollTop, scrollHeight, clientHeight } = await page
    .locator(".transcript")
    .evaluate(({ scrollTop, scrollHeight, clientHeight }) => ({ scrollTop, scrollHeight, clientHeight }));
  assert.ok(scrollHeight - scrollTop - clientHeight < 2, "the end is shown");
  await close(page);
});

test("the text does not move for a reader who has scrolled up while older messages are drawn", async () => {
  const page = await openWithLong();
  const moves = await page.evaluate(async () => {
    // After a frame, when the browser has put everything where the reader sees it.
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    document.querySelector(".entry-title[title=Long]").click();
    while (document.querySelectorAll(".stretch").length < 4) await frame(); // what is near the screen is drawn
    await frame();
    document.querySelector(".transcript").scrollTop -= 90;
    await frame();
    const end = document.querySelector(".stretch:last-child .message:last-child");
    const before = end.getBoundingClientRect().top;
    let moves = 0;
    do {
      await frame();
      if (Math.abs(end.getBoundingClientRect().top - before) > 1) ++moves;
    } while (document.querySelector(".messages").ariaBusy === "true");
    return moves;
  });
  assert.equal(moves, 0);
  await button(page, "Jump to the end").waitFor();
  await close(page);
});

test("an answer to a long conversation draws none of the others again", async () => {
  const page = await openWithLong();
  await button(page, "Long").click();
  await idle(page);
  const [begun, ended] = [gate(), gate()];
  const pieces = written("And so it ends.");
  stage.scripts.push(play([pieces[0], begun.wait, ...pieces.slice(1, 6), ended.wait, ...pieces.slice(6)]));
  await send(page, "How does it end?");
  await answers(page).nth(TURNS).waitFor();
  assert.ok(await button(page, "Edit").first().isDisabled());
  await page.evaluate(() => {
    window.changed = 0;
    const older = [...document.querySelectorAll(".message")].slice(0, -2);
    for (const message of older)
      new MutationObserver((records) => (window.changed += records.length)).observe(message, {
        subtree: true,
        childList: true,
        characterData: true,
        attributeFilter: ["class", "disabled"],
      });
  });
  begun.open();
  await answers(page).last().getByText("And").waitFor();
  assert.equal(await page.evaluate(() => window.changed), 0);
  ended.open();
  await answers(page).last().getByText("And so it ends.").waitFor();
  await idle(page);
  assert.ok(await button(page, "Edit").first().isEnabled());
  await close(page);
});
