"""Records what llama.cpp and transformers make of published models, in real_models/.

    scripts/real-models FOLDER
    pip install tokenizers==0.23.3 transformers==5.23.0 gguf && python make_real_models.py LLAMA_CPP FOLDER

LLAMA_CPP is a checkout of llama.cpp with llama-perplexity, llama-server, llama-tokenize and llama-quantize in
build/bin. FOLDER holds the files that scripts/real-models fetches; a SmolLM2 with its weights dequantised to F32 is
written there too. The results: figures.json (perplexity, greedy continuations with the likeliest tokens of every
step), tokens.json (odd texts and their ids) and chat.json (conversations, as transformers renders them with the
template of a file). tests/real_models_test.cpp compares r1 with them. Prints where tokenizers, the library, gives
other ids than llama.cpp.
"""
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

import gguf
import tokenizers
import transformers
from tokenizers import Regex, pre_tokenizers as pre

HERE = pathlib.Path(__file__).parent
OUT = HERE / "real_models"
SMOL, QWEN = "SmolLM2-135M-Instruct.Q4_1.gguf", "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.head.gguf"
STEPS, LIKELIEST = 40, 5
# Attention and cache in F32; no weights repacked for AMX, whose kernel for Q4_1 ends with an illegal instruction.
EXACT = ["-t", "1", "-nr", "-fa", "off", "-ctk", "f32", "-ctv", "f32"]
PROMPTS = [
    "The capital of France is", "Once upon a time, in a small village by the sea,", "def fibonacci(n):\n",
    "Water boils at 100 degrees Celsius because", "1, 2, 3, 4, 5,", "Dear Sir or Madam,\n\nI am writing to",
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>system\nAnswer in one sentence.<|im_end|>\n<|im_start|>user\nWhy is the sky blue?<|im_end|>\n"
    "<|im_start|>assistant\n",
]
CONVERSATIONS = [
    [{"role": "user", "content": "What is 12 + 35?"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Hi\n"}],
    [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHi!"},
     {"role": "user", "content": "Naïve café, 日本語 🙂?"}],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"},
     {"role": "assistant", "content": "d"}],
]


def command(*words):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True)


# ---- llama.cpp

class Server:
    """llama-server on a model, with activations and cache in F32 and one thread."""

    def __init__(self, binary, model, port=18471):
        self.url = f"http://127.0.0.1:{port}"
        self.words = ["-c", "1024", "-np", "1", *EXACT]
        self.process = subprocess.Popen([binary, "-m", model, "--port", str(port), *self.words],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                urllib.request.urlopen(self.url + "/health").read()
                break
            except OSError:
                time.sleep(0.5)

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request))

    def close(self):
        self.process.terminate()
        self.process.wait()


def perplexity(binary, model):
    done = command(binary, "-m", model, "-f", OUT / "prose.txt", "-c", 512, "-b", 512, *EXACT)
    return float(re.search(r"Final estimate: PPL = ([0-9.]+)", done.stdout + done.stderr).group(1))


def continuation(server, ids):
    answer = server.post("/completion", {"prompt": ids, "n_predict": STEPS, "n_probs": LIKELIEST, "temperature": 0,
                                         "samplers": ["temperature"], "cache_prompt": False, "return_tokens": True})
    steps = answer["completion_probabilities"]
    return {"tokens": [s["id"] for s in steps],
            "likeliest": [[[t["id"], round(t["logprob"], 5)] for t in s["top_logprobs"]] for s in steps]}


def figures(peer, folder):
    f32 = folder / "SmolLM2-135M-Instruct.F32.gguf"
    if not f32.exists():
        command(peer / "build/bin/llama-quantize", "--allow-requantize", folder / SMOL, f32, "F32")
    out = {"llama_cpp": command("git", "-C", peer, "rev-parse", "HEAD").stdout.strip()}
    out["perplexity_command"] = " ".join(["llama-perplexity -m MODEL -f prose.txt -c 512 -b 512", *EXACT])
    out["prompts"] = []
    for form, model in ("q4_1", folder / SMOL), ("f32", f32):
        out[f"perplexity_{form}"] = perplexity(peer / "build/bin/llama-perplexity", model)
        server = Server(peer / "build/bin/llama-server", model)
        out["server_command"] = " ".join(["llama-server -m MODEL", *server.words])
        for i, prompt in enumerate(PROMPTS):
            if form == "q4_1":
                ids = server.post("/tokenize", {"content": prompt, "parse_special": True})["tokens"]
                out["prompts"].append({"text": prompt, "ids": ids})
            out["prompts"][i][form] = continuation(server, out["prompts"][i]["ids"])
        server.close()
    return out


# ---- tokens

def odd_texts():
    cases = json.loads((HERE / "../data/tokenizers/pretokenize_hf_cases.json").read_text())["texts"]
    cases = [t for t in cases if t]
    parts = cases + ["the", " The", " of", "ing", " quick brown fox", "don't", " I'LL", "123", " 3.14", "x²", "\n",
                     "\n\n", "  ", "    ", "\t", "\r\n", "\u00a0", "\u3000", "é", "e\u0301", "ß", "你好", "日本",
                     "한국", "привет", "مرحبا", "नमस्ते", "🙂", "👩‍👩‍👧", "<think>", "</think>", "<|im_start|>",
                     "\x04", "\x13", "\U0004ffff", "\U000f0000", "!", "?", "...", "#", "{", "}", "==", "->",
                     "http://", "_", "'", "\"", "''s", "0", "00"]
    generator = random.Random(1)
    while len(cases) < 1000:
        cases.append("".join(generator.choice(parts) for _ in range(generator.randrange(1, 7))))
    return cases


def llama_ids(binary, model, texts, separator):
    """The ids of all texts from one run, with a control token between them that no text holds."""
    assert not any(separator in t for t in texts)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
        file.write(separator.join(texts))
        file.flush()
        done = command(binary, "-m", model, "-f", file.name, "--ids", "--no-bos", "--no-escape", "--log-disable")
    mark = command(binary, "-m", model, "-p", separator, "--ids", "--no-bos", "--log-disable").stdout
    mark, out = json.loads(mark)[0], [[]]
    for i in json.loads(done.stdout):
        if i == mark:
            out.append([])
        else:
            out[-1].append(i)
    assert len(out) == len(texts)
    return out


def library_tokenizer(model):
    """A GGUF's vocabulary, merges and added tokens in Hugging Face's library, with the published pre-tokenizer."""
    fields = gguf.GGUFReader(model).fields
    names, merges = (fields["tokenizer.ggml." + k].contents() for k in ("tokens", "merges"))
    made = tokenizers.Tokenizer(tokenizers.models.BPE(
        {t: i for i, t in enumerate(names)}, [tuple(m.split(" ", 1)) for m in merges]))
    qwen2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
             r"|\s*[\r\n]+|\s+(?!\S)|\s+")
    steps = {"smollm": [pre.Digits(individual_digits=True), pre.ByteLevel(add_prefix_space=False)],
             "deepseek-r1-qwen": [pre.Split(Regex(qwen2), "isolated"),
                                  pre.ByteLevel(add_prefix_space=False, use_regex=False)]}
    made.pre_tokenizer = pre.Sequence(steps[fields["tokenizer.ggml.pre"].contents()])
    made.decoder = tokenizers.decoders.ByteLevel()
    for text, kind in zip(names, fields["tokenizer.ggml.token_type"].contents()):
        if kind in (3, 4):
            made.add_tokens([tokenizers.AddedToken(text, special=kind == 3, normalized=False)])
    return made, fields, names


def tokens(peer, folder):
    texts = odd_texts()
    out = {"texts": texts}
    for name, model, separator in ("smollm2", SMOL, "<jupyter_script>"), ("qwen", QWEN, "<|file_sep|>"):
        out[name] = llama_ids(peer / "build/bin/llama-tokenize", folder / model, texts, separator)
        library = library_tokenizer(folder / model)[0]
        theirs = [e.ids for e in library.encode_batch(texts, add_special_tokens=False)]
        different = [i for i in range(len(texts)) if theirs[i] != out[name][i]]
        out[name + "_library_differs"] = different
        for i in different:
            print(f"{name}, text {i}: {texts[i]!r}: library {theirs[i]}, llama.cpp {out[name][i]}")
    return out


# ---- chat templates

def chats(folder):
    out = {}
    for name, model in ("smollm2", SMOL), ("qwen", QWEN):
        library, fields, names = library_tokenizer(folder / model)
        bos = names[fields["tokenizer.ggml.bos_token_id"].contents()]
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_object=library, bos_token=bos, chat_template=fields["tokenizer.chat_template"].contents())
        out[name] = []
        for messages in CONVERSATIONS:
            add = messages[-1]["role"] == "user"
            text = tokenizer.apply_chat_template(messages, add_generation_prompt=add, tokenize=False)
            ids = tokenizer(text, add_special_tokens=False).input_ids
            out[name].append({"messages": messages, "add_generation_prompt": add, "text": text, "ids": ids})
    return out


def write(name, values):
    lines = []
    for key, value in values.items():
        text = json.dumps(value)
        if isinstance(value, list) and value and not isinstance(value[0], int):
            text = "[\n" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in value) + "]"
        lines.append(f"{json.dumps(key)}: {text}")
    (OUT / name).write_text("{" + ",\n".join(lines) + "}\n")


def main():
    peer, folder = map(pathlib.Path, sys.argv[1:])
    OUT.mkdir(exist_ok=True)
    write("chat.json", chats(folder))
    write("tokens.json", tokens(peer, folder))
    write("figures.json", figures(peer, folder))


if __name__ == "__main__":
    main()
