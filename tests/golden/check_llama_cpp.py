"""Checks a GGUF that r1 wrote: llama.cpp runs it, and its greedy answers are compared with r1's scores.

    python3 -m venv L && L/bin/pip install xllamacpp numpy
    L/bin/python tests/golden/check_llama_cpp.py R1 FILE.gguf [REFERENCE]

REFERENCE (default: FILE.gguf) is the model that r1 scores with, for example the folder from which FILE.gguf was made.
llama.cpp decodes 20 prompts greedily, up to 200 tokens each, with its cache in f32. Every token that it chose is
compared with r1's most likely token after the same tokens. While they agree, r1's own greedy answer is the same text.
Where they differ first, the script prints r1's margin between its two most likely tokens, which must be below 1e-3.
Then llama.cpp's chat endpoint answers five of the prompts: it must put the thinking into reasoning_content, and both
texts must be those of `r1 run`.
llama.cpp comes from the wheel `xllamacpp`; no part of it belongs to this project.
"""

import json
import subprocess
import sys
import tempfile

import numpy as np
import xllamacpp as llama

TOKENS = 200
MARGIN = 1e-3
PROMPTS = [
    "What is 47 * 36?", "What is 12 + 35?", "What is 100 - 58?", "Compute 17 * 23.", "What is 9 * 8 + 4?",
    "How many letters are in strawberry?", "Spell banana backwards.", "Hello!", "Who are you?", "Solve x + 5 = 12.",
    "Solve 3x - 7 = 11.", "Tom has 5 apples and buys 7 more. How many does he have?", "What is 144 / 12?",
    "Is 17 prime?", "Sort 5, 3, 9, 1.", "What is the largest of 12, 45, 7?", "Count from 1 to 5.",
    "Using the numbers 3, 7, 25, reach 46.", "What is 2 to the power of 8?", "Thanks.",
]


def r1(binary, *words, text=None):
    return subprocess.run([binary, *words], input=text, check=True, capture_output=True, text=True).stdout


def scores(binary, model, tokens):
    with tempfile.NamedTemporaryFile() as out:
        r1(binary, "logprobs", "-m", model, "--tokens", ",".join(map(str, tokens)), "--logits-out", out.name)
        return np.fromfile(out.name, dtype="<f4").reshape(len(tokens), -1)


def server(gguf):
    params = llama.CommonParams()
    params.model.path = gguf
    params.n_ctx, params.n_parallel, params.warmup = 1024, 1, False
    params.cache_type_k = params.cache_type_v = llama.ggml_type.GGML_TYPE_F32
    params.flash_attn_type = llama.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # more would spin while r1 computes
    return llama.Server(params)


def thinking_differs(peer, binary, reference, prompt):
    """Compares what llama.cpp's chat endpoint takes for thinking and for the answer with what r1 does."""
    answer = peer.handle_chat_completions({"messages": [{"role": "user", "content": prompt}], "max_tokens": TOKENS,
                                           "temperature": 0, "samplers": ["temperature"], "repeat_penalty": 1.0})
    message = answer["choices"][0]["message"]
    theirs = [(message.get(name) or "").strip() for name in ("reasoning_content", "content")]
    row = json.loads(r1(binary, "run", "-m", reference, "--json", "--temperature", "0", "-n", str(TOKENS),
                        "-p", prompt))
    ours = [row[name].strip() for name in ("thinking", "answer")]
    print(f"chat endpoint: {'same' if ours == theirs else f'llama.cpp {theirs}, r1 {ours}'}  {prompt}")
    return ours != theirs


def main():
    binary, gguf = sys.argv[1], sys.argv[2]
    reference = sys.argv[3] if len(sys.argv) > 3 else gguf
    peer, failed, same = server(gguf), 0, 0
    for prompt in PROMPTS:
        chat = f"<｜begin▁of▁sentence｜><｜User｜>{prompt}<｜Assistant｜><think>\n"
        ids = json.loads(r1(binary, "tokenize", "-m", reference, "--special", text=chat))
        answer = peer.handle_completions({"prompt": ids, "n_predict": TOKENS, "temperature": 0,
                                          "samplers": ["temperature"], "cache_prompt": False, "repeat_penalty": 1.0,
                                          "return_tokens": True, "verbose": True})
        answer = answer["__verbose"]
        chosen = answer["tokens"]
        if answer["tokens_evaluated"] != len(ids):
            sys.exit(f"{prompt!r}: {len(ids)} tokens, but llama.cpp read {answer['tokens_evaluated']}: did it add bos?")
        logits = scores(binary, reference, ids + chosen)[len(ids) - 1:-1]
        ours = logits.argmax(axis=1)
        wrong = np.flatnonzero(ours != np.array(chosen))
        if len(wrong) == 0:
            same += 1
            print(f"same  {len(chosen):4} tokens  {prompt}")
            continue
        at = int(wrong[0])
        best = np.sort(logits[at])[::-1]
        margin = float(best[0] - best[1])
        failed += margin >= MARGIN
        print(f"token {at} of {len(chosen)}: llama.cpp {chosen[at]}, r1 {ours[at]}, r1's margin {margin:.2e}  {prompt}")
    print(f"{same} of {len(PROMPTS)} the same, {len(PROMPTS) - same - failed} differ below a margin of {MARGIN}, "
          f"{failed} wrong")
    failed += sum([thinking_differs(peer, binary, reference, prompt) for prompt in PROMPTS[:5]])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
