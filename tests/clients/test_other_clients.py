"""One conversation with each of the other clients that people have, as they are published, against `r1 serve`."""

import json
import os
import unittest
import urllib.request

from served import PATIENCE, Server

MODEL = "nano"
FIRST, SECOND = "What is 3 + 4?", "And what is 5 + 6?"


def setUpModule():
    global server
    server = Server(key="secret")


def tearDownModule():
    server.stop()


class OtherClientsTest(unittest.TestCase):
    """Each test imports its client, because some take seconds for that."""

    def setUp(self):
        # The same conversation as plain JSON, which the clients' answers are compared with.
        turns = [{"role": "user", "content": FIRST}]
        self.first = self.answer(turns)
        turns += [{"role": "assistant", "content": self.first["content"]}, {"role": "user", "content": SECOND}]
        self.second = self.answer(turns)
        self.assertIn("7", self.first["content"])

    def answer(self, turns):
        request = urllib.request.Request(
            server.url + "/v1/chat/completions",
            json.dumps({"messages": turns, "temperature": 0}).encode(),
            {"Content-Type": "application/json", "Authorization": "Bearer secret"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["choices"][0]["message"]

    def check_langchain(self, model):
        from langchain_core.messages import AIMessage, HumanMessage
        turns = [HumanMessage(FIRST)]
        first = model.invoke(turns)
        self.assertEqual(first.content, self.first["content"])
        self.assertEqual(first.usage_metadata["total_tokens"],
                         first.usage_metadata["input_tokens"] + first.usage_metadata["output_tokens"])
        turns += [AIMessage(first.content), HumanMessage(SECOND)]
        self.assertEqual(model.invoke(turns).content, self.second["content"])
        whole = None
        for chunk in model.stream(turns):
            whole = chunk if whole is None else whole + chunk
        self.assertEqual(whole.content, self.second["content"])
        return first, whole

    def test_langchain_openai(self):
        from langchain_openai import ChatOpenAI
        self.check_langchain(ChatOpenAI(model=MODEL, base_url=server.url + "/v1", api_key="secret", temperature=0,
                                        max_retries=0, timeout=PATIENCE))

    def test_langchain_deepseek_reads_the_thinking(self):
        from langchain_deepseek import ChatDeepSeek
        first, streamed = self.check_langchain(ChatDeepSeek(
            model=MODEL, api_base=server.url, api_key="secret", temperature=0, max_retries=0, timeout=PATIENCE))
        self.assertEqual(first.additional_kwargs["reasoning_content"], self.first["reasoning_content"])
        self.assertEqual(streamed.additional_kwargs["reasoning_content"], self.second["reasoning_content"])

    def test_litellm(self):
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would fetch its table of prices
        import litellm
        for provider, base in (("openai", "/v1"), ("deepseek", "/beta")):
            turns = [{"role": "user", "content": FIRST}]
            to = {"model": f"{provider}/{MODEL}", "api_base": server.url + base, "api_key": "secret",
                  "temperature": 0, "timeout": PATIENCE, "num_retries": 0}
            first = litellm.completion(messages=turns, **to).choices[0].message
            self.assertEqual(first.content, self.first["content"])
            self.assertEqual(first.reasoning_content, self.first["reasoning_content"])
            turns += [{"role": "assistant", "content": first.content}, {"role": "user", "content": SECOND}]
            chunks = list(litellm.completion(messages=turns, stream=True, **to))
            self.assertEqual("".join(c.choices[0].delta.content or "" for c in chunks), self.second["content"])
            with self.assertRaises(litellm.AuthenticationError):
                litellm.completion(messages=turns, **{**to, "api_key": "wrong"})

    def test_ollama(self):
        import ollama
        client = ollama.Client(host=server.url, headers={"Authorization": "Bearer secret"}, timeout=PATIENCE)
        self.assertIn(MODEL, [m.model.split(":")[0] for m in client.list().models])
        turns = [{"role": "user", "content": FIRST}]
        first = client.chat(MODEL, turns, think=True, options={"temperature": 0})
        self.assertEqual((first.message.content, first.message.thinking),
                         (self.first["content"], self.first["reasoning_content"]))
        self.assertTrue(first.done)
        turns += [first.message, {"role": "user", "content": SECOND}]
        parts = list(client.chat(MODEL, turns, think=True, options={"temperature": 0}, stream=True))
        self.assertEqual("".join(p.message.content or "" for p in parts), self.second["content"])
        self.assertEqual("".join(p.message.thinking or "" for p in parts), self.second["reasoning_content"])
        self.assertEqual(parts[-1].done_reason, "stop")
        with self.assertRaises(ollama.ResponseError) as caught:
            client.chat("gpt-4", turns)
        self.assertEqual(caught.exception.status_code, 404)

    def test_anthropic(self):
        import anthropic
        client = anthropic.Anthropic(base_url=server.url, api_key="secret", timeout=PATIENCE, max_retries=0)
        turns = [{"role": "user", "content": FIRST}]
        to = {"model": MODEL, "max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1500},
              "extra_body": {"temperature": 0}}
        first = client.messages.create(messages=turns, **to)
        self.assertEqual([block.type for block in first.content], ["thinking", "text"])
        self.assertEqual(first.content[0].thinking, self.first["reasoning_content"])
        self.assertEqual(first.content[1].text, self.first["content"])
        self.assertEqual(first.stop_reason, "end_turn")
        # The content goes back as it came, thinking included.
        turns += [{"role": "assistant", "content": first.content}, {"role": "user", "content": SECOND}]
        with client.messages.stream(messages=turns, **to) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        self.assertEqual(text, self.second["content"])
        self.assertEqual(final.content[0].thinking, self.second["reasoning_content"])
        self.assertEqual(client.messages.count_tokens(model=MODEL, messages=turns).input_tokens,
                         final.usage.input_tokens + (final.usage.cache_read_input_tokens or 0))
        for cls, change in ((anthropic.NotFoundError, {"model": "gpt-4"}),
                            (anthropic.BadRequestError, {"extra_body": {"temperature": 2}})):
            with self.assertRaises(cls):
                client.messages.create(messages=turns, **{**to, **change})
        with self.assertRaises(anthropic.AuthenticationError):
            client.with_options(api_key="wrong").messages.create(messages=turns, **to)


if __name__ == "__main__":
    unittest.main()
