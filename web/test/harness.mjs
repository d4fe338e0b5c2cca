// What the browser tests share: the model, the server before it, a browser, and short words for what a person does.
// Environment: R1_BINARY, R1_MODEL, CHROMIUM, PICTURES, a folder for the pictures, and R1_PAGE, a folder with the page if
// it is another than the one in r1.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { play, startModel, startStage, written } from "./stage.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const { R1_BINARY, R1_MODEL, R1_PAGE, CHROMIUM = "/usr/bin/chromium", PICTURES } = process.env;
export const WAIT = 90_000; // a slow machine is no failure

export let stage;
let model, browser;
export const strayed = []; // requests to elsewhere
export const complaints = []; // errors of scripts, and what the Content-Security-Policy refused

before(async () => {
  model = await startModel(R1_BINARY, R1_MODEL);
  stage = await startStage(model, R1_PAGE);
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
  });
});
after(async () => {
  await browser?.close();
  stage?.stop();
  model?.stop();
});

// A page in a browser that has never seen the server.
export async function open({ width = 1280, height = 800, url = stage.url, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    locale: "en-GB",
    reducedMotion: "reduce",
    ...options,
  });
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

export const question = (page) => page.locator("#question");
export const answers = (page) => page.locator(".message.assistant");
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const idle = (page) => page.locator(".messages[aria-busy=false]").waitFor();

export async function send(page, text) {
  await question(page).fill(text);
  await page.locator(".send:not(.stop):not(:disabled)").waitFor();
  await question(page).press("Enter");
}

// Sends a question whose answer is `text`.
export async function converse(page, text, options = {}, asked = "Tell me.") {
  stage.scripts.push(play(written(text, options)));
  const count = await answers(page).count();
  await send(page, asked);
  await answers(page).nth(count).waitFor();
  await idle(page);
}

export async function checkAxe(page, where) {
  const { violations } = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(found, [], where);
}

export async function picture(page, name) {
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png`, animations: "disabled" });
}

export async function close(page) {
  await page.context().close();
}
