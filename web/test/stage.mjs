// A server for the browser tests: it hands each request on to `r1 serve`, except where a test has written the answer.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { join } from "node:path";

// Starts r1 with the model that ships. Returns its port and what ends it.
export async function startModel(binary, model, { key = "" } = {}) {
  const child = spawn(binary, ["serve", "-m", model, "--port", "0", "--log-format", "none"], {
    stdio: ["ignore", "inherit", "pipe"],
    env: { ...process.env, R1_API_KEY: key },
  });
  const port = await new Promise((resolve, reject) => {
    let text = "";
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (piece) => {
      text += piece;
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text);
      if (found) resolve(Number(found[1]));
    });
    child.on("exit", (code) => reject(new Error(`r1 serve ended with ${code}: ${text}`)));
  });
  return { port, stop: () => child.kill("SIGTERM") };
}

const chunk = (delta, more = {}) =>
  `data: ${JSON.stringify({
    model: "nano",
    choices: [{ index: 0, delta, finish_reason: null }],
    ...more,
  })}\n\n`;

// The stream of an answer, as a list of pieces.
export function written(answer, { thinking = "", pieces = 12 } = {}) {
  const cut = (text) => {
    const size = Math.max(1, Math.ceil(text.length / pieces));
    return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
  };
  return [
    chunk({ role: "assistant", content: "" }),
    ...(thinking ? cut(thinking).map((t) => chunk({ reasoning_content: t })) : []),
    ...cut(answer).map((t) => chunk({ content: t })),
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\n`,
    `data: ${JSON.stringify({
      choices: [],
      timings: { predicted_per_second: 40 },
      usage: { prompt_tokens: 20, completion_tokens: 60, completion_tokens_details: { reasoning_tokens: 20 } },
    })}\n\n`,
    "data: [DONE]\n\n",
  ];
}

// The events of a stream, numbered and with the name of the answer, as the server writes them on request.
export const numbered = (pieces) =>
  pieces.map((piece, i) => `id: ${i + 1}\n${piece.replace('{"', '{"id":"chatcmpl-77","')}`);

export const progress = (processed, total) =>
  chunk({}, { prompt_progress: { processed, total, cache: 0, time_ms: 1 } });

export const loading = (model, progress) => chunk({}, { loading: { model, progress } });

// Answers with an object.
export const json = (value) => (request, response) =>
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));

// `scripts`: functions (request, response, body) for the next chat requests, one each. `gate()` returns a promise that
// `open()` fulfils, so that a test decides when a stream goes on. `page`: a folder whose files take the place of those
// in r1, for a page that was changed since r1 was built.
export async function startStage(upstream, page = "") {
  const stage = { scripts: [], asked: [], down: false, props: null, paths: {} };
  const server = createServer((request, response) => {
    if (stage.down) return void request.socket.destroy();
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
      const body = Buffer.concat(parts);
      if (request.url === "/v1/chat/completions") {
        stage.asked.push(JSON.parse(body.toString()));
        const script = stage.scripts.shift();
        if (script) return script(request, response);
      }
      if (request.url === "/props" && stage.props) return void stage.props(response);
      const special = Object.keys(stage.paths).find((path) => request.url.startsWith(path));
      if (special) return void stage.paths[special](request, response, body.toString());
      const onward = httpRequest(
        { host: "127.0.0.1", port: upstream.port, path: request.url, method: request.method, headers: request.headers },
        (answer) => {
          const file = page && join(page, request.url === "/" ? "index.html" : request.url);
          if (file && existsSync(file)) {
            const { "content-length": length, "content-encoding": encoding, etag, ...headers } = answer.headers;
            response.writeHead(200, headers).end(readFileSync(file));
            return void answer.resume();
          }
          response.writeHead(answer.statusCode, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on("error", () => response.destroy());
      response.on("close", () => onward.destroy());
      onward.end(body);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  stage.url = `http://127.0.0.1:${server.address().port}`;
  stage.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return stage;
}

// A script that sends `pieces` and waits at each function among them.
export function play(pieces) {
  return async (request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (const piece of pieces) {
      if (response.destroyed) return;
      if (typeof piece === "function") await piece(response);
      else response.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };
}

export function gate() {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  return { wait: () => opened, open };
}

export function failWith(status, code, message) {
  return (request, response) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ error: { message, type: "x", code } }));
  };
}

// The messages of a conversation of `turns` turns. `answer`: the text of the answer n, from 1.
export function longConversation(turns, answer) {
  const created = Date.now();
  return Array.from({ length: turns }, (_, i) => [
    { id: `q${i}`, parent: i ? `a${i - 1}` : null, role: "user", content: `Question ${i + 1}?`, created },
    { id: `a${i}`, parent: `q${i}`, role: "assistant", content: answer(i + 1), created, outcome: "done" },
  ]).flat();
}

// Imports a conversation, so that it is in the list.
export async function importConversation(page, title, messages) {
  const time = Date.now();
  const conversation = { id: "imported", title, created: time, updated: time, messages, leaf: messages.at(-1).id };
  const file = { format: "r1-conversations", version: 1, conversations: [conversation] };
  await page.getByRole("button", { name: "Preferences", exact: true }).click();
  await page
    .locator("input[type=file]")
    .setInputFiles({ name: "a.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(file)) });
  await page.getByRole("button", { name: title, exact: true }).waitFor();
}
