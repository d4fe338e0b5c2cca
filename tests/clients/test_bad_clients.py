"""Clients that send what they should not, stop in the middle, or leave: each is told so, and no other one notices."""

import concurrent.futures
import json
import os
import re
import socket
import unittest
import urllib.request

from served import PATIENCE, QUESTION, Server, read_answer, request_text

CHAT = "/v1/chat/completions"
PROBE = {"messages": QUESTION, "seed": 3, "temperature": 1, "max_tokens": 6}
ABORTS = int(os.environ.get("R1_ABORTS", "300"))

# The fields of a request to /v1/chat/completions as docs/serving.md describes them: the type, and values of that type
# that are refused. It is written down a second time here, apart from the server's own tables.
INT, NUMBER, TEXT, BOOL, OBJECT, ARRAY = 1, 0.5, "text", True, {}, []
LONG = "x" * 100_000
FIELDS = {
    "messages": ([ARRAY], [[]]),
    "model": ([TEXT], [LONG]),
    "max_completion_tokens": ([INT], [0, -1, 2**31, 2**63, 10**30]),
    "max_tokens": ([INT], [0, -1, 2**31, 2**63, 10**30]),
    "temperature": ([INT, NUMBER], [-0.01, 2.01, -1, 1e300]),
    "top_p": ([INT, NUMBER], [0, -0.5, 1.01, 1e300]),
    "top_k": ([INT], [-1, 2**31, 10**30]),
    "min_p": ([INT, NUMBER], [-0.01, 1.01]),
    "repetition_penalty": ([INT, NUMBER], [0, -1, 101]),
    "presence_penalty": ([INT, NUMBER], [-2.01, 2.01]),
    "frequency_penalty": ([INT, NUMBER], [-2.01, 2.01]),
    "seed": ([INT], [2**64, 10**30]),
    "n": ([INT], [0, -1, 9, 10**30]),
    "stop": ([TEXT, ARRAY], ["", "x" * 257, ["a"] * 17, ["a", ""], ["a", 1], [None]]),
    "stream": ([BOOL], []),
    "stream_options": ([OBJECT], [{"include_usage": 1}, {"include_usage": True}]),  # the last: without stream
    "logprobs": ([BOOL], []),
    "top_logprobs": ([INT], [-1, 21, 10**30]),
    "logit_bias": ([OBJECT], [{"a": 1}, {"1": 101}, {"1": -101}, {"1": "1"}, {"1": None}, {"-1": 1}, {"1.5": 1},
                              {str(i): 1 for i in range(1025)}, {"99999999": 1}]),
    "response_format": ([OBJECT], [{"type": "xml"}, {"type": 1}, {}]),
    "tools": ([ARRAY], [[1], [{}], [{"type": "search"}], [{"type": "function"}],
                        [{"type": "function", "function": {"name": "a b"}}],
                        [{"type": "function", "function": {"name": "a" * 65}}],
                        [{"type": "function", "function": {"name": "a", "parameters": 1}}],
                        [{"type": "function", "function": {"name": "a"}}] * 2,
                        [{"type": "function", "function": {"name": f"a{i}"}} for i in range(129)]]),
    "tool_choice": ([TEXT, OBJECT], ["all", {}, {"type": "function", "function": {"name": "absent"}}]),
    "parallel_tool_calls": ([BOOL], []),
    "reasoning_effort": ([TEXT], ["extreme", "", LONG]),
    "thinking": ([OBJECT], [{"type": "maybe"}, {"type": 1}, {"budget_tokens": -2}, {"budget_tokens": "1"}]),
    "chat_template_kwargs": ([OBJECT], [{"enable_thinking": 1}, {"chat_template": "x"},
                                        {"reasoning_effort": "extreme"}]),
    "thinking_token_budget": ([INT], [-2, 2**31, 10**30]),
    "thinking_budget_tokens": ([INT], [-2, 2**31, 10**30]),
    "user": ([TEXT], ["x" * 513]),
    "user_id": ([TEXT], ["x" * 513]),
    "safety_identifier": ([TEXT], ["x" * 513]),
    "prompt_cache_key": ([TEXT], ["x" * 513]),
    "cache_salt": ([TEXT], ["x" * 513]),
    "return_progress": ([BOOL], []),
    "continue_final_message": ([BOOL], []),
    "audio": ([], [{}]),
    "functions": ([], [[]]),
}
MESSAGES = {  # messages that are refused, and the field that the error names
    "not an object": (1, "messages[1]"),
    "no role": ({"content": "a"}, "messages[1].role"),
    "unknown role": ({"role": "function", "content": "a"}, "messages[1].role"),
    "a number as role": ({"role": 1, "content": "a"}, "messages[1].role"),
    "no content": ({"role": "user"}, "messages[1].content"),
    "null content": ({"role": "user", "content": None}, "messages[1].content"),
    "a number as content": ({"role": "user", "content": 1}, "messages[1].content"),
    "an image": ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/"}}]},
                 "messages[1].content[0]"),
    "a part without text": ({"role": "user", "content": [{"type": "text"}]}, "messages[1].content[0]"),
    "a part without type": ({"role": "user", "content": [{"text": "a"}]}, "messages[1].content[0]"),
    "a result of no call": ({"role": "tool", "content": "a", "tool_call_id": "b"}, "messages[1].tool_call_id"),
    "a result without id": ({"role": "tool", "content": "a"}, "messages[1].tool_call_id"),
    "calls that are no array": ({"role": "assistant", "content": None, "tool_calls": 1}, "messages[1].tool_calls"),
    "a call without function": ({"role": "assistant", "tool_calls": [{"id": "a"}]}, "messages[1].tool_calls[0]"),
    "thinking that is no text": ({"role": "assistant", "content": "a", "reasoning_content": 1},
                                 "messages[1].reasoning_content"),
    "a prefix of the user": ({"role": "user", "content": "a", "prefix": True}, "messages[1].prefix"),
}


def refused_values(types, values):
    """The values of all other types, and then the listed ones. A whole number is a number, too."""
    fits = {type(t) for t in types} | ({int} if float in {type(t) for t in types} else set())
    return [v for v in (INT, NUMBER, TEXT, BOOL, OBJECT, ARRAY) if type(v) not in fits] + values


class BadRequestsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.expected = cls.probe()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    @classmethod
    def probe(cls):
        status, answer = cls.server.post(CHAT, PROBE)
        return status, answer["choices"]

    def check_refused(self, body, name, statuses=(400,)):
        shown = json.dumps(body)[:200]
        status, answer = self.server.post(CHAT, body)
        self.assertIn(status, statuses, f"{shown}: {json.dumps(answer)[:300]}")
        error = answer["error"]
        self.assertTrue((error["param"] or "").startswith(name), f"{shown}: {error}")
        self.assertIn(name, error["message"], shown)
        self.assertLess(len(error["message"]), 400, shown)
        self.assertEqual(self.probe(), self.expected, f"the next answer after {shown}")

    def test_every_field_refuses_what_it_does_not_take(self):
        count = 0
        for name, (types, values) in FIELDS.items():
            for value in refused_values(types, values):
                with self.subTest(field=name, value=str(value)[:80]):
                    # A model that is not served is refused as such.
                    self.check_refused({**PROBE, name: value}, name,
                                       (400, 404) if name == "model" and value == TEXT else (400,))
                count += 1
        self.assertGreater(count, 200)

    def test_null_is_the_same_as_absent(self):
        for name in FIELDS:
            if name in PROBE:
                continue
            with self.subTest(field=name):
                status, answer = self.server.post(CHAT, {**PROBE, name: None})
                self.assertEqual((status, answer.get("choices")), self.expected, answer)
        status, answer = self.server.post(CHAT, {**PROBE, "messages": None})
        self.assertEqual((status, answer["error"]["param"]), (400, "messages"))

    def test_every_message_that_is_wrong_is_named(self):
        for what, (message, name) in MESSAGES.items():
            with self.subTest(what):
                self.check_refused({**PROBE, "messages": [*QUESTION, message]}, name)

    def test_a_body_that_is_no_json_is_refused(self):
        deep = b'{"messages":' * 20_000
        for body in (b"", b"{", b"[]", b"1", b'"a"', b"null", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1}x', b'{"a":1,}',
                     b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\\ud800"}', b'{"a":01}', b"{'a':1}",
                     b"[" * 100_000, deep, b"\x00" * 100, b'{"a":' + b"1" * 100_000, b'{"a":1e999}', b'\xef\xbb\xbf{'):
            status, answer = self.server.post(CHAT, body)
            self.assertEqual((status, answer["error"]["code"]), (400, "invalid_json"), (body[:60], answer))
        self.assertEqual(self.probe(), self.expected)

    def test_what_is_no_request_is_refused(self):
        good = json.dumps(PROBE).encode()
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(good), good)
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        sized = b"Content-Length: %d\r\n" % len(good)
        for what, status, request in (
            ("chunks and a length", 400, head + sized + b"Transfer-Encoding: chunked\r\n\r\n" + chunked),
            ("two lengths", 400, head + sized + b"Content-Length: 1\r\n\r\n" + good),
            ("a negative length", 400, head + b"Content-Length: -1\r\n\r\n" + good),
            ("a length that is no number", 400, head + b"Content-Length: 1e3\r\n\r\n" + good),
            ("a length that is too large", 413, head + b"Content-Length: 99999999999\r\n\r\n" + good),
            ("a length of 30 digits", 400, head + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n"),
            ("a chunk that is too large", 413, head + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n"),
            ("a chunk without a size", 400, head + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + good),
            ("a long line", 431, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            ("many fields", 431, b"GET /health HTTP/1.1\r\n" + b"a: b\r\n" * 20_000 + b"\r\n"),
            ("no HTTP", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n"),
            ("another version", 400, b"GET /health HTTP/3.7\r\nHost: localhost\r\n\r\n"),
            ("no host", 403, b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        ):
            with self.subTest(what), self.server.connect() as connection:
                connection.sendall(request)
                got, answer = read_answer(connection)
                self.assertEqual(got, status, answer)
                self.assertTrue(answer["error"]["message"])
        with self.server.connect() as connection:  # and what is allowed, in small pieces
            for piece in re.findall(rb"(?s).{1,7}", head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked):
                connection.sendall(piece)
            status, answer = read_answer(connection)
        self.assertEqual((status, answer["choices"]), self.expected)


class LeavingClientsTest(unittest.TestCase):
    def setUp(self):
        self.server = Server("--max-sequences", "8", "--max-queue", "2000")

    def tearDown(self):
        self.server.stop()

    def counters(self):
        with urllib.request.urlopen(self.server.url + "/metrics", timeout=PATIENCE) as answer:
            return {name: float(value) for name, value in re.findall(r"^(\S+) (\S+)$", answer.read().decode(), re.M)}

    def test_heads_that_never_end_are_cut_off_while_others_are_answered(self):
        expected = self.server.post(CHAT, PROBE)[1]["choices"]
        slow = [self.server.connect() for _ in range(200)]
        for connection in slow:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: loc")
        self.assertEqual(self.server.post(CHAT, PROBE)[1]["choices"], expected)
        for connection in slow:
            try:
                connection.sendall(b"a")
            except OSError:
                pass  # it was cut off already
        for connection in slow:
            with connection:
                self.assertEqual(read_answer(connection)[0], 408)
        self.assertEqual(self.server.post(CHAT, PROBE)[1]["choices"], expected)

    def test_a_client_that_closes_its_side_is_gone(self):
        for stream in (False, True):
            with self.server.connect() as connection:
                connection.sendall(request_text("/v1/completions", {"prompt": "a", "temperature": 2, "stream": stream}))
                connection.shutdown(socket.SHUT_WR)
                self.server.until_idle()

    def test_clients_that_leave_end_their_requests_and_take_no_memory(self):
        """A third leaves before its answer, a third in it, a third resets the connection. R1_ABORTS says how many."""
        body = {"messages": QUESTION, "temperature": 2, "stream": True, "max_tokens": 2000}

        def leave(number):
            connection = self.server.connect()
            connection.sendall(request_text(CHAT, {**body, "seed": number}))
            if number % 3 == 1:
                connection.recv(1000)
            if number % 3 == 2:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.close()

        expected = self.server.post(CHAT, PROBE)[1]["choices"]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(leave, range(100)))  # what the first ones take stays for the others
            self.server.until_idle()
            before = self.server.resident_bytes()
            list(pool.map(leave, range(100, 100 + ABORTS)))
        self.server.until_idle()
        grown = self.server.resident_bytes() - before
        print(f"{ABORTS} clients left; the memory changed by {grown / 2**20:.1f} MiB")
        # A leak of 1 KiB for every client that left would be 10 MiB in a run of 10,000. The allocator's caches are
        # allowed, one for each thread.
        self.assertLess(grown, 8 << 20)
        self.assertEqual(self.counters()['r1_kv_pages_in_use{model="nano"}'], 0)
        self.assertEqual(self.server.post(CHAT, PROBE)[1]["choices"], expected)


if __name__ == "__main__":
    unittest.main()
