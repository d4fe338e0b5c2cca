// Drives the page in Chromium; scripts/check-web runs it. One process, because starting the model and the browser takes
// longer than most tests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, strayed } from "./harness.mjs";
import "./chat_tests.mjs";
import "./choice_tests.mjs";
import "./long_tests.mjs";
import "./look_tests.mjs";
import "./stream_tests.mjs";

test("no request left the server's origin, and nothing broke the page's rules", () => {
  assert.deepEqual(strayed, []);
  assert.deepEqual(complaints, []);
});
