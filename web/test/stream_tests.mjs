// A stream that breaks or whose page is left, and what is said to the server about a running answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, button, close, idle, open, question, send, stage } from "./harness.mjs";
import { failWith, gate, numbered, play, progress, written } from "./stage.mjs";

test("an answer whose connection breaks is read on where it broke", async () => {
  const page = await open();
  const pieces = numbered(written("All of it arrives, once."));
  const shown = gate();
  stage.scripts.push(play([...pieces.slice(0, 6), shown.wait, (response) => response.destroy()]));
  let asked;
  stage.paths["/v1/streams/chatcmpl-77"] = (request, response) => {
    asked = request.url;
    void play(pieces.slice(6))(request, response);
  };
  await send(page, "Does it arrive?");
  await answers(page).getByText("All of it").waitFor();
  shown.open();
  await answers(page).getByText("All of it arrives, once.").waitFor();
  await idle(page);
  assert.equal(stage.asked.at(-1).resumable, true);
  assert.equal(asked, "/v1/streams/chatcmpl-77?after=6");
  assert.equal(await page.getByRole("alert").count(), 0);
  delete stage.paths["/v1/streams/chatcmpl-77"];
  await close(page);
});

// An answer of which `first` events arrive by themselves, and the others to whoever reads it on. `asked` are the
// addresses of those requests.
function interrupted(text, first) {
  const [role, ...content] = written(text);
  const pieces = numbered([role, progress(120, 120), ...content]);
  const asked = [];
  stage.scripts.push(play([...pieces.slice(0, first), () => gate().wait()]));
  stage.paths["/v1/streams/chatcmpl-77"] = (request, response) => {
    asked.push(request.url);
    const after = Number(new URL(request.url, stage.url).searchParams.get("after"));
    void play(pieces.slice(after))(request, response);
  };
  return asked;
}

// Waits until the browser's database has a message in which `text` occurs.
async function stored(page, text) {
  const look = (wanted) =>
    new Promise((resolve) => {
      indexedDB.open("r1").onsuccess = ({ target: { result: database } }) => {
        const all = database.transaction("conversations").objectStore("conversations").getAll();
        all.onsuccess = () => {
          database.close();
          resolve(all.result.some((c) => c.messages.some((m) => m.content.includes(wanted))));
        };
      };
    });
  while (!(await page.evaluate(look, text))) await page.waitForTimeout(100);
}

test("after a reload an answer goes on where it was", async () => {
  const page = await open();
  const asked = interrupted("All of it arrives, once.", 7);
  await send(page, "Does it arrive?");
  await answers(page).getByText("All of it").waitFor();
  await page.reload();
  await answers(page).getByText("All of it arrives, once.").waitFor();
  await idle(page);
  assert.equal(asked.length, 1, asked.join(" "));
  assert.match(asked[0], /^\/v1\/streams\/chatcmpl-77\?after=[1-7]$/); // what was stored last may be a little older
  assert.equal(await page.getByRole("alert").count(), 0);
  await button(page, "Regenerate").waitFor();
  await page.reload();
  await answers(page).getByText("All of it arrives, once.").waitFor();
  assert.equal(asked.length, 1, "what is complete is not read again");
  stage.paths = {};
  await close(page);
});

test("an answer that is gone after a reload is shown as far as it came, and goes on or begins again", async () => {
  for (const [name, whole] of [
    ["Continue", /^All of it.* is here\.$/],
    ["Try again", /^is here\.$/],
  ]) {
    const page = await open();
    interrupted("All of it arrives, once.", 7);
    stage.paths["/v1/streams/chatcmpl-77"] = failWith(404, "not_found", "there is no such stream");
    await send(page, "Does it arrive?");
    await stored(page, "All of it");
    await page.reload();
    await page.getByRole("alert").getByText("The rest of the answer is lost").waitFor();
    await answers(page).getByText("All of it").waitFor();
    assert.match(await page.locator(".gauge").getAttribute("aria-label"), /^Context: 12[1-9] of/);
    stage.paths = {};
    stage.scripts.push(play(written(" is here.")));
    await button(page, name).click();
    await answers(page).getByText("is here.").waitFor();
    await idle(page);
    assert.match(await answers(page).locator("> .markdown").innerText(), whole);
    assert.equal(stage.asked.at(-1).continue_final_message === true, name === "Continue");
    await close(page);
  }
});

test("an answer has one reader, and another tab takes it over when its tab is closed", async () => {
  for (const openedFirst of [true, false]) {
    const page = await open();
    const openSecond = async () => {
      const second = await page.context().newPage();
      await second.goto(page.url());
      return second;
    };
    const asked = interrupted("All of it arrives, once.", 7);
    const early = openedFirst && (await openSecond());
    await send(page, "Does it arrive?");
    await answers(page).getByText("All of it").waitFor();
    const second = early || (await openSecond());
    await button(second, "Does it arrive?").click();
    await second.getByText("Waiting for the rest of the answer").waitFor();
    await second.locator(".messages[aria-busy=true]").waitFor();
    await question(second).fill("And another?");
    assert.ok(await button(second, "Send").isDisabled());
    assert.ok(await button(second, "Regenerate").isDisabled());
    await button(second, "Preferences").click(); // the page works meanwhile
    await button(second, "Close").click();
    assert.deepEqual(asked, []);
    await page.close();
    await answers(second).getByText("All of it arrives, once.").waitFor();
    await idle(second);
    assert.equal(asked.length, 1);
    stage.paths = {};
    await close(second);
  }
});

test("thinking can be ended, and a stopped answer is ended on the server", async () => {
  const page = await open();
  const [thought, left] = [gate(), gate()];
  const pieces = numbered(written("Now then.", { thinking: "Hm, let me see." }));
  let control, cancelled;
  stage.paths["/v1/chat/completions/control"] = (request, response, body) => {
    control = JSON.parse(body);
    response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
    thought.open();
  };
  stage.paths["/v1/streams/chatcmpl-77/cancel"] = (request, response) => {
    cancelled = request.method;
    response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
    left.open();
  };
  stage.scripts.push(play([...pieces.slice(0, 6), thought.wait, ...pieces.slice(6, 12), left.wait]));
  await send(page, "Quickly?");
  await button(page, "Answer now").click();
  await answers(page).locator("> .markdown", { hasText: "Now" }).waitFor();
  assert.deepEqual(control, { id: "chatcmpl-77", action: "reasoning_end" });
  await page.keyboard.press("Escape");
  await left.wait();
  assert.equal(cancelled, "POST");
  stage.paths = {};
  await close(page);
});
