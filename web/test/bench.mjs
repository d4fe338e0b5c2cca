// node test/bench.mjs [TOKENS [TOKENS_PER_SECOND [TURNS...]]]: writes a long answer with formulas and code into the page,
// and prints how often the page was drawn meanwhile and how long its main thread was held at once. Then opens
// conversations of so many turns (200 and 1,000) and prints when the end of each was shown and when all of it was there.
// With 0 tokens it only opens the conversations. Environment: as in harness.mjs.
import { chromium } from "playwright-core";
import { importConversation, longConversation, play, startModel, startStage } from "./stage.mjs";

const { R1_BINARY, R1_MODEL, R1_PAGE, CHROMIUM = "/usr/bin/chromium" } = process.env;
const [most = 30_000, rate = 1000, ...turns] = process.argv.slice(2).map(Number);
const PIECES_MS = 20; // how often the server writes

// One section of the answer. Numbers make each different, so that nothing is drawn from memory.
function section(n) {
  const program = Array.from(
    { length: 12 + (n % 5) * 12 },
    (_, i) => `    total += weights[${i}] * f(x + ${i * n})  # term ${i} of ${n}: \`f\` at its own place`,
  );
  return `## Step ${n}

We look at $f_{${n}}(x) = x^{${n}} + \\frac{1}{${n + 1}}$ and at its **derivative** \\(f_{${n}}'(x) = ${n} x^{${n - 1}}\\). The
first is positive for each $x > ${n}$, so the sum below *grows*, and with \`x = ${n}\` we get a bound that does not depend on
the order of the terms.

$$\\sum_{k=1}^{${n}} \\frac{k^2 + ${n}}{\\sqrt{k + ${n}}} \\le \\int_0^{${n}} \\begin{pmatrix} x & ${n} \\\\ 1 & x^2 \\end{pmatrix} dx$$

1. For $k = ${n}$ nothing is left to show.
2. For $k < ${n}$ the terms are smaller:
   - the first by $\\frac{${n}}{${n + 2}}$,
   - all others by less.

\`\`\`python
def bound_${n}(x: float) -> float:
    total = 0.0
${program.join("\n")}
    return total
\`\`\`

| k | term | sum |
|--:|-----:|----:|
| 1 | ${n} | ${n} |
| 2 | ${n * n} | ${n + n * n} |

> So far $${n}^2 = ${n * n}$ terms are bounded, and \\boxed{${n * 7}} of them exactly.

`;
}

// The answer in pieces of the size of tokens.
function recorded() {
  const pieces = [];
  for (let n = 1; pieces.length < most; ++n) pieces.push(...section(n).match(/\s?\w{1,8}|\s+|[^\w\s]{1,3}/g));
  return pieces.slice(0, most);
}

function event(id, delta, more = {}) {
  const choices = [{ index: 0, delta, finish_reason: null }];
  return `id: ${id}\ndata: ${JSON.stringify({ id: "chatcmpl-1", model: "nano", choices, ...more })}\n\n`;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function write(page, stage) {
  const tokens = recorded();
  const perWrite = Math.max(1, Math.round((rate * PIECES_MS) / 1000));
  const events = tokens.map((content, i) => event(i + 1, { content }));
  const writes = [];
  for (let i = 0; i < events.length; i += perWrite)
    writes.push(events.slice(i, i + perWrite).join(""), () => sleep(PIECES_MS));
  stage.scripts.push(play([...writes, "data: [DONE]\n\n"]));
  await page.evaluate(() => {
    window.frames_ = 0;
    const count = () => requestAnimationFrame(() => (++window.frames_, count()));
    count();
  });
  const begun = performance.now();
  await page.locator("#question").fill("A long proof, please.");
  await page.keyboard.press("Enter");
  await page.locator(".messages[aria-busy=true]").waitFor();
  // Playwright would look at each frame, which the page would have to wait for.
  for (let busy = true; busy; busy = await page.evaluate(() => !!document.querySelector("[aria-busy=true]")))
    await sleep(500);
  const seconds = (performance.now() - begun) / 1000;
  const frames = await page.evaluate(() => window.frames_);
  console.log(`${tokens.length} tokens, ${tokens.join("").length} characters, in ${seconds.toFixed(1)} s`);
  console.log(`${(frames / seconds).toFixed(0)} frames/s`);
}

// The longest tasks of the page's main thread by the processor time that they took, which a busy machine does not change.
function longestByProcessor(trace) {
  const { traceEvents } = JSON.parse(trace.toString());
  const main = traceEvents.find((e) => e.name === "thread_name" && e.args.name === "CrRendererMain");
  const times = traceEvents
    .filter((e) => e.pid === main.pid && e.tid === main.tid && e.name === "ThreadControllerImpl::RunTask" && e.tdur)
    .map((e) => e.tdur / 1000);
  return times.sort((a, b) => b - a);
}

const inMs = (times) => times.map((t) => `${t.toFixed(0)} ms`).join(", ");

// How long the page's main thread was held at once while `work` ran, by the clock.
async function byClock(browser, page, work) {
  await page.evaluate(() => {
    window.tasks = [];
    const note = (list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration));
    window.observer = new PerformanceObserver(note);
    window.observer.observe({ type: "longtask" }); // tells of 50 ms and more
  });
  await work();
  const tasks = await page.evaluate(() => (window.observer.disconnect(), window.tasks));
  tasks.sort((a, b) => b - a);
  console.log(`tasks of 50 ms or more by the clock: ${tasks.length ? inMs(tasks.slice(0, 10)) : "none"}`);
}

// The same by the time of the processor. Tracing holds up the page, so this and the clock have a run each.
async function byProcessor(browser, page, work) {
  await browser.startTracing(page, { categories: ["toplevel"] });
  await work();
  const times = longestByProcessor(await browser.stopTracing());
  console.log(`processor time of the longest tasks: ${inMs(times.slice(0, 5))}`);
}

// Imports a conversation whose answers are the texts of the sections above their code, and opens it.
async function openLong(page, title, turns) {
  const { first, all } = await page.evaluate(
    async ([title, count]) => {
      const frame = () => new Promise(requestAnimationFrame);
      const begun = performance.now();
      document.querySelector(`.entry-title[title="${title}"]`).click();
      while (!document.querySelector(".stretch:last-child > .message:last-child .katex")) await frame();
      await frame(); // that frame is drawn
      const first = performance.now() - begun;
      const log = document.querySelector(".messages");
      while (log.ariaBusy === "true") await frame(); // a search through the page in each frame would take longer
      const missing = count - log.querySelectorAll(".message").length;
      const unfinished = log.querySelectorAll(".markdown[aria-busy=true]").length;
      if (missing || unfinished) throw new Error(`${missing} messages are missing, ${unfinished} are not complete`);
      return { first, all: performance.now() - begun };
    },
    [title, 2 * turns],
  );
  const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
  console.log(`a conversation of ${turns} turns: its end after ${seconds(first)}, all of it after ${seconds(all)}`);
}

// All of it, in a page of its own.
async function measureAll(browser, stage, measure) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(stage.url);
  await page.locator(".starts button:not(:disabled)").first().waitFor();
  if (most) await measure(browser, page, () => write(page, stage));
  for (const count of turns.length ? turns : [200, 1000]) {
    await page.keyboard.press("Control+Shift+O");
    const title = `${count} turns`;
    const conversation = longConversation(count, (n) => section(n).split("```")[0]);
    await importConversation(page, title, conversation);
    await measure(browser, page, () => openLong(page, title, count));
  }
  await context.close();
}

async function main() {
  const stops = [];
  try {
    const model = await startModel(R1_BINARY, R1_MODEL);
    stops.push(() => model.stop());
    const stage = await startStage(model, R1_PAGE);
    stops.push(() => stage.stop());
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    stops.push(() => browser.close());
    for (const measure of [byClock, byProcessor]) await measureAll(browser, stage, measure);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

await main();
