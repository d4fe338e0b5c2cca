"""The official client of OpenAI for Python, as it is published, against `r1 serve`."""

import asyncio
import contextlib
import json
import unittest

import openai
import pydantic

from served import PATIENCE, QUESTION, Server

MODEL = "nano"
ADD = {"type": "function",
       "function": {"name": "add", "description": "adds two numbers",
                    "parameters": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
                                   "required": ["a", "b"], "additionalProperties": False}}}


def setUpModule():
    global server, client
    server = Server(key="secret")
    client = client_of(server)


def tearDownModule():
    server.stop()


def client_of(some_server, key="secret", cls=openai.OpenAI, **options):
    return cls(base_url=some_server.url + "/v1", api_key=key, timeout=PATIENCE, max_retries=0, **options)


def chat(**fields):
    return client.chat.completions.create(**{"model": MODEL, "messages": QUESTION, "seed": 1, **fields})


class Whole:
    """What the chunks of a stream make together."""

    def __init__(self, chunks):
        self.thinking = self.content = ""
        self.finish, self.usage, self.roles = None, None, []
        for chunk in chunks:
            self.usage = chunk.usage or self.usage
            for choice in chunk.choices:
                self.roles += [choice.delta.role] if choice.delta.role else []
                self.thinking += getattr(choice.delta, "reasoning_content", None) or ""
                self.content += choice.delta.content or ""
                self.finish = choice.finish_reason or self.finish


class OpenAiTest(unittest.TestCase):
    @contextlib.contextmanager
    def skipped_if_missing(self):
        """For what this build of the server may refuse as not supported; it must say so."""
        try:
            yield
        except openai.APIStatusError as error:
            if error.code in ("unsupported_parameter", "not_supported", "not_found"):
                self.skipTest(f"the server does not have it: {error.message}")
            raise

    def test_a_question_is_answered(self):
        answer = chat()
        self.assertEqual(answer.object, "chat.completion")
        self.assertEqual(answer.model, MODEL)
        self.assertEqual(len(answer._request_id), 32)
        choice = answer.choices[0]
        self.assertIn("7", choice.message.content)
        self.assertTrue(choice.message.reasoning_content)
        self.assertEqual((choice.message.role, choice.finish_reason), ("assistant", "stop"))
        usage = answer.usage
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
        self.assertLess(usage.completion_tokens_details.reasoning_tokens, usage.completion_tokens)
        self.assertLess(usage.prompt_tokens_details.cached_tokens, usage.prompt_tokens)

    def test_a_stream_is_the_answer_in_pieces(self):
        whole = chat()
        stream = Whole(chat(stream=True, stream_options={"include_usage": True}))
        self.assertEqual(stream.content, whole.choices[0].message.content)
        self.assertEqual(stream.thinking, whole.choices[0].message.reasoning_content)
        self.assertEqual(stream.finish, "stop")
        self.assertEqual(stream.roles, ["assistant"])
        self.assertEqual(stream.usage.completion_tokens, whole.usage.completion_tokens)

    def test_without_thinking_there_is_no_reasoning_content(self):
        message = chat(extra_body={"thinking": {"type": "disabled"}}).choices[0].message
        self.assertFalse(hasattr(message, "reasoning_content"))
        self.assertTrue(message.content)

    def test_the_stream_helper_gathers_the_same_answer(self):
        with client.chat.completions.stream(model=MODEL, messages=QUESTION, seed=1, n=2) as stream:
            deltas = [""] * 2
            for event in stream:
                if event.type == "chunk":
                    for choice in event.chunk.choices:
                        deltas[choice.index] += choice.delta.content or ""
            final = stream.get_final_completion()
        whole = chat(n=2)
        for choice, other, text in zip(final.choices, whole.choices, deltas, strict=True):
            self.assertEqual(choice.message.role, "assistant")
            self.assertEqual(choice.message.content, other.message.content)
            self.assertEqual(choice.message.content, text)
            self.assertEqual(choice.finish_reason, other.finish_reason)

    def test_an_answer_in_a_schema_is_parsed(self):
        class Sum(pydantic.BaseModel):
            a: int
            b: int

        with self.skipped_if_missing():
            answer = client.chat.completions.parse(model=MODEL, messages=QUESTION, seed=1, response_format=Sum)
        self.assertIsInstance(answer.choices[0].message.parsed, Sum)
        with client.chat.completions.stream(model=MODEL, messages=QUESTION, seed=1, response_format=Sum) as stream:
            for _ in stream:
                pass
            final = stream.get_final_completion()
        self.assertEqual(final.choices[0].message.parsed, answer.choices[0].message.parsed)
        with self.assertRaises(openai.LengthFinishReasonError):
            client.chat.completions.parse(model=MODEL, messages=QUESTION, max_tokens=1, response_format=Sum)

    def test_a_call_that_must_come_comes(self):
        answer = chat(tools=[ADD], tool_choice="required")
        call = answer.choices[0].message.tool_calls[0]
        self.assertEqual((call.type, call.function.name), ("function", "add"))
        self.assertEqual(set(json.loads(call.function.arguments)), {"a", "b"})
        self.assertEqual(answer.choices[0].finish_reason, "tool_calls")
        with client.chat.completions.stream(model=MODEL, messages=QUESTION, seed=1, tools=[ADD],
                                            tool_choice="required") as stream:
            for _ in stream:
                pass
            streamed = stream.get_final_completion().choices[0].message.tool_calls[0]
        self.assertEqual(streamed.function.arguments, call.function.arguments)

    def test_a_template_without_calls_refuses_them(self):
        """The model that ships has no tools in its template. The refusal says so, and tells nothing of this machine."""
        call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 3, "b": 4}'}}
        messages = [*QUESTION, {"role": "assistant", "content": "", "tool_calls": [call]},
                    {"role": "tool", "tool_call_id": "call_1", "content": "7"}]
        with self.assertRaises(openai.BadRequestError) as caught:
            chat(messages=messages, tools=[ADD])
        self.assertEqual(caught.exception.param, "messages")
        self.assertIn("chat template", caught.exception.message)
        self.assertNotIn("/", caught.exception.body["message"])

    def test_functions_in_a_request_leave_its_stream_equal(self):
        answer = chat(tools=[ADD], max_tokens=60)
        self.assertEqual(Whole(chat(tools=[ADD], max_tokens=60, stream=True)).content,
                         answer.choices[0].message.content or "")

    def test_log_probabilities_join_to_the_text(self):
        with self.skipped_if_missing():
            answer = chat(logprobs=True, top_logprobs=2, extra_body={"thinking": {"type": "disabled"}})
        tokens = answer.choices[0].logprobs.content
        self.assertTrue(b"".join(bytes(t.bytes or []) for t in tokens).decode().startswith(
            answer.choices[0].message.content))
        for token in tokens:
            self.assertLessEqual(token.logprob, 0)
            self.assertEqual(len(token.top_logprobs), 2)

    def test_log_probabilities_of_a_stream_join_to_its_text(self):
        text, joined = "", b""
        for chunk in chat(stream=True, logprobs=True):
            for choice in chunk.choices:
                text += choice.delta.content or ""
                for token in (choice.logprobs and choice.logprobs.content) or []:
                    joined += bytes(token.bytes)
        self.assertTrue(text)
        self.assertEqual(joined.decode(), text)
        lists = client.completions.create(model=MODEL, prompt="3 + 4 =", max_tokens=8, seed=2, logprobs=2).choices[0]
        self.assertEqual("".join(lists.logprobs.tokens), lists.text)

    def test_a_resumable_stream_is_read_like_another(self):
        whole = chat()
        stream = Whole(chat(stream=True, extra_body={"resumable": True}))
        self.assertEqual(stream.content, whole.choices[0].message.content)
        self.assertEqual(stream.roles, ["assistant"])

    def test_a_majority_is_an_answer(self):
        answer = chat(extra_body={"votes": 3})
        self.assertEqual(len(answer.choices), 1)
        self.assertEqual(len(answer.votes["cast"]), 3)
        self.assertIn(answer.choices[0].message.content, [vote["message"]["content"] for vote in answer.votes["cast"]])

    def test_a_text_is_continued(self):
        fields = {"model": MODEL, "prompt": "3 + 4 =", "max_tokens": 12, "seed": 2}
        whole = client.completions.create(**fields)
        self.assertEqual("".join(c.choices[0].text for c in client.completions.create(**fields, stream=True)),
                         whole.choices[0].text)
        self.assertLessEqual(whole.usage.completion_tokens, 12)

    def test_responses_are_answered(self):
        with self.skipped_if_missing():
            answer = client.responses.create(model=MODEL, input="What is 3 + 4?")
        self.assertTrue(answer.output_text)
        self.assertEqual(answer.status, "completed")
        events = list(client.responses.create(model=MODEL, input="What is 3 + 4?", stream=True))
        self.assertEqual(events[0].type, "response.created")
        self.assertEqual(events[-1].type, "response.completed")
        self.assertTrue(events[-1].response.output_text)

    def test_models_are_listed(self):
        self.assertIn(MODEL, [model.id for model in client.models.list()])
        self.assertEqual(client.models.retrieve(MODEL).object, "model")

    def test_errors_are_of_their_types(self):
        def error_of(cls, call):
            with self.assertRaises(cls) as caught:
                call()
            return caught.exception

        error = error_of(openai.AuthenticationError, lambda: client_of(server, "wrong").models.list())
        self.assertEqual(error.code, "invalid_api_key")
        error = error_of(openai.NotFoundError, lambda: chat(model="gpt-4"))
        self.assertEqual(error.code, "model_not_found")
        error = error_of(openai.BadRequestError, lambda: chat(temperature=3))
        self.assertEqual((error.param, error.type), ("temperature", "invalid_request_error"))
        error = error_of(openai.BadRequestError, lambda: chat(messages=[{"role": "user", "content": "7" * 200_000}]))
        self.assertEqual(error.code, "context_length_exceeded")
        error = error_of(openai.APIStatusError, lambda: chat(messages=[{"role": "user", "content": "7" * (65 << 20)}]))
        self.assertEqual((error.status_code, error.code), (413, "body_too_large"))
        error = error_of(openai.APIStatusError, lambda: chat(extra_headers={"Content-Type": "text/plain"}))
        self.assertEqual((error.status_code, error.code), (415, "unsupported_media_type"))
        error = error_of(openai.PermissionDeniedError, lambda: chat(extra_headers={"Origin": "https://evil.example"}))
        self.assertEqual(error.code, "origin_not_allowed")
        error = error_of(openai.InternalServerError, lambda: client.embeddings.create(model=MODEL, input="a"))
        self.assertEqual((error.status_code, error.code), (501, "not_supported"))

    def test_a_full_queue_is_a_rate_limit(self):
        # One request fills the server. Its eight answers come one after another, and only the full context ends each.
        with Server("--max-sequences", "1", "--max-queue", "7") as small:
            one = client_of(small)
            stream = one.completions.create(
                model=MODEL, prompt="a", temperature=2, n=8, stream=True, extra_body={"ignore_eos": True})
            next(iter(stream))
            with self.assertRaises(openai.RateLimitError) as caught:
                one.completions.create(model=MODEL, prompt="a")
            self.assertEqual(caught.exception.code, "queue_full")
            self.assertGreaterEqual(int(caught.exception.response.headers["retry-after"]), 1)
            stream.close()
            small.until_idle()
            self.assertTrue(one.chat.completions.create(model=MODEL, messages=QUESTION).choices[0].message.content)

    def test_a_stream_that_is_left_ends(self):
        for _ in range(8):
            stream = client.completions.create(model=MODEL, prompt="a", temperature=2, stream=True)
            for _, _chunk in zip(range(3), stream):
                pass
            stream.close()
        server.until_idle()

    def test_many_at_once_get_what_they_get_alone(self):
        async def together():
            asynchronous = client_of(server, cls=openai.AsyncOpenAI)

            async def one(seed):
                stream = await asynchronous.chat.completions.create(
                    model=MODEL, messages=QUESTION, seed=seed, temperature=1, max_tokens=40, stream=True)
                return Whole([chunk async for chunk in stream])

            return await asyncio.gather(*(one(seed) for seed in range(16)))

        for seed, got in enumerate(asyncio.run(together())):
            alone = chat(seed=seed, temperature=1, max_tokens=40).choices[0]
            self.assertEqual(got.thinking, alone.message.reasoning_content)
            self.assertEqual(got.content, alone.message.content)
            self.assertEqual(got.finish, alone.finish_reason)


if __name__ == "__main__":
    unittest.main()
