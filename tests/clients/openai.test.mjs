// The official client of OpenAI for JavaScript, as it is published, against `r1 serve` at R1_URL.
import assert from "node:assert/strict";
import test from "node:test";

import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.env.R1_URL}/v1`, apiKey: process.env.R1_KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "What is 3 + 4?" }];
const fields = { model: "nano", messages, seed: 1 };
const sum = {
  type: "object",
  properties: { a: { type: "integer" }, b: { type: "integer" } },
  required: ["a", "b"],
  additionalProperties: false,
};

// For what this build of the server may refuse as not supported; it must say so. Returns undefined then.
async function unlessMissing(t, call) {
  try {
    return await call();
  } catch (error) {
    if (!["unsupported_parameter", "not_supported", "not_found"].includes(error.code)) throw error;
    t.skip(`the server does not have it: ${error.message}`);
  }
}

test("a stream is the answer in pieces", async () => {
  const whole = await client.chat.completions.create(fields);
  assert.match(whole.choices[0].message.content, /7/);
  assert.equal(whole.choices[0].finish_reason, "stop");
  let content = "", thinking = "", usage = null;
  const streamed = { ...fields, stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create(streamed)) {
    content += chunk.choices[0]?.delta.content ?? "";
    thinking += chunk.choices[0]?.delta.reasoning_content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(content, whole.choices[0].message.content);
  assert.equal(thinking, whole.choices[0].message.reasoning_content);
  assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
});

test("the stream helper gathers the same answer", async () => {
  const whole = await client.chat.completions.create({ ...fields, n: 2 });
  const stream = client.chat.completions.stream({ ...fields, n: 2 });
  const final = await stream.finalChatCompletion();
  for (const [i, choice] of final.choices.entries()) {
    assert.equal(choice.message.role, "assistant");
    assert.equal(choice.message.content, whole.choices[i].message.content);
    assert.equal(choice.finish_reason, whole.choices[i].finish_reason);
  }
});

test("an answer in a schema is parsed", async (t) => {
  const format = { type: "json_schema", json_schema: { name: "sum", schema: sum, strict: true } };
  const answer = await unlessMissing(t, () => client.chat.completions.create({ ...fields, response_format: format }));
  if (!answer) return;
  assert.deepEqual(Object.keys(JSON.parse(answer.choices[0].message.content)), ["a", "b"]);
});

test("a call that must come is made, and the conversation goes on", async () => {
  const add = { name: "add", description: "adds two numbers", parameters: sum, parse: JSON.parse };
  const made = [];
  const runner = client.chat.completions.runTools({
    ...fields,
    max_tokens: 200,
    stream: true,
    tool_choice: { type: "function", function: { name: "add" } },
    tools: [{ type: "function", function: { ...add, function: (args) => (made.push(args), `${args.a + args.b}`) } }],
  });
  await runner.finalMessage();
  assert.equal(made.length, 1);
  assert.equal(typeof made[0].a, "number");
});

test("errors are of their types", async () => {
  const wrong = new OpenAI({ baseURL: client.baseURL, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(wrong.models.list(), OpenAI.AuthenticationError);
  await assert.rejects(client.chat.completions.create({ ...fields, model: "gpt-4" }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    return error.code === "model_not_found";
  });
  await assert.rejects(client.chat.completions.create({ ...fields, top_p: 2 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    return error.param === "top_p" && error.requestID.length === 32;
  });
  await assert.rejects(client.embeddings.create({ model: "nano", input: "a" }), OpenAI.InternalServerError);
});

test("a stream that is left ends", async () => {
  for (let i = 0; i < 4; ++i) {
    const endless = { model: "nano", prompt: "a", temperature: 2, stream: true };
    const stream = await client.completions.create(endless);
    for await (const _ of stream) break; // leaves the loop, which aborts the request
    const controlled = await client.completions.create(endless);
    controlled.controller.abort();
  }
  const headers = { Authorization: `Bearer ${process.env.R1_KEY}` };
  for (;;) {
    const { running, queued } = await (await fetch(`${process.env.R1_URL}/props`, { headers })).json();
    if (running + queued === 0) break;
    await new Promise((done) => setTimeout(done, 20));
  }
});

test("models are listed", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes("nano"));
});
