"""Compares r1 on a model folder with transformers, which runs without code of this project.

    HF_HUB_OFFLINE=1 V/bin/python tests/golden/check_nano.py models/nano [--r1 ./r1] [--text FILE] [--tokens N]

Compares f32 logits (of several prefixes of the text, and of random ids), tokenization and detokenization, and the ids
that the chat template renders to. Prints the worst difference of each. Exits with 1 if tokens differ or if logits
differ by more than --tolerance. transformers reports an MTP layer in the folder as unexpected keys, because its
pattern for keys to ignore names only layer 61.
"""

import argparse
import json
import pathlib
import random
import subprocess
import tempfile

import numpy
import torch
import transformers

TEXTS = [
    "What is 47 * 36?",
    "The quick brown fox jumps over the lazy dog.\n\n  Indented,\ttabbed; don't, we'll, I'VE\r\n",
    "1234567890 3.14159 -7/8 x^2+y_1=0 a==b != c <= d",
    "Ünïcödé, naïve café, 日本語のテキスト, русский, العربية, 🙂👩‍👩‍👧 ﬁ e\u0301",
    "<think>\nso\n</think>\n\n42 <｜User｜>hi<｜Assistant｜>",
    " ",
    "a",
]


def run(r1, *arguments, text=None):
    done = subprocess.run([r1, *map(str, arguments)], input=text, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"r1 {' '.join(map(str, arguments))[:80]}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def r1_logits(r1, model, ids, vocab):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "logits"
        run(r1, "logprobs", "-m", model, "--tokens", ",".join(map(str, ids)), "--logits-out", path)
        return numpy.fromfile(path, dtype="<f4").reshape(len(ids), vocab)


def check_logits(r1, folder, tokenizer, text, longest):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager").eval()
    vocab = model.config.vocab_size
    ids = tokenizer(text, add_special_tokens=False).input_ids
    generator = random.Random(1)
    lists = [ids[:n] for n in (1, 7, 64, 65, longest) if n <= len(ids)]
    lists.append([generator.randrange(vocab) for _ in range(min(100, longest))])
    worst = 0.0
    for tokens in lists:
        with torch.no_grad():
            want = model(torch.tensor([tokens]), use_cache=False).logits[0].numpy()
        got = r1_logits(r1, folder, tokens, vocab)
        difference = float(abs(got - want).max() / abs(want).max())
        worst = max(worst, difference)
        print(f"logits: {len(tokens):5d} tokens, largest {abs(want).max():8.3f}, difference {difference:.2e} of it")
    return worst


def check_tokens(r1, folder, tokenizer, texts):
    wrong = 0
    # transformers recognises added tokens that are not special (<think>) even with split_special_tokens.
    always = [t.content for t in tokenizer.added_tokens_decoder.values() if not t.special]
    everything = texts
    for special in (False, True):
        texts = [t for t in everything if special or not any(a in t for a in always)]
        given = "".join(json.dumps(t) + "\n" for t in texts)
        flags = ["--special"] if special else []
        tokenized = run(r1, "tokenize", "-m", folder, "--lines", *flags, text=given)
        ours = [json.loads(line) for line in tokenized.splitlines()]
        theirs = [tokenizer(t, add_special_tokens=False, split_special_tokens=not special).input_ids for t in texts]
        for t, a, b in zip(texts, ours, theirs):
            if a != b:
                wrong += 1
                print(f"tokenize (special tokens {'recognised' if special else 'as text'}): {t[:60]!r}: "
                      f"r1 {a[:12]}, transformers {b[:12]}")
        back = run(r1, "detokenize", "-m", folder, "--lines", text="".join(json.dumps(i) + "\n" for i in ours))
        for t, b in zip(texts, map(json.loads, back.splitlines())):
            if t != b:
                wrong += 1
                print(f"detokenize: {t[:60]!r} came back as {b[:60]!r}")
    print(f"tokenization: {len(everything)} texts, {wrong} differences")
    return wrong


def check_template(r1, folder, tokenizer):
    """Compares the rendered prompt with the number of prompt tokens that `r1 run --json` reports."""
    wrong = 0
    for prompt in TEXTS[:4]:
        messages = [{"role": "user", "content": prompt}]
        rendered = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        want = tokenizer(rendered, add_special_tokens=False).input_ids
        answer = json.loads(run(r1, "run", "-m", folder, "-p", prompt, "--json", "-n", 1, "--temperature", 0))
        got = answer.get("prompt_tokens")
        if got != (want if isinstance(got, list) else len(want)):
            wrong += 1
            print(f"chat template: {prompt[:40]!r}: r1 {got}, transformers {len(want)} tokens: {want}")
    print(f"chat template: {wrong} differences")
    return wrong


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("folder", type=pathlib.Path)
    flags.add_argument("--r1", default="./r1")
    flags.add_argument("--text", type=pathlib.Path, help="UTF-8 text to score and to tokenize line by line")
    flags.add_argument("--tokens", type=int, default=400, help="longest prefix scored")
    flags.add_argument("--tolerance", type=float, default=2e-5,
                       help="of the largest logit; transformers' own f32 is 2e-6 to 9e-6 from f64")
    given = flags.parse_args()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    folder = given.folder.resolve()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    text = given.text.read_text() if given.text else "\n".join(TEXTS) * 20
    wrong = check_tokens(given.r1, folder, tokenizer, TEXTS + text.splitlines()[:500])
    wrong += check_template(given.r1, folder, tokenizer)
    worst = check_logits(given.r1, folder, tokenizer, text, given.tokens)
    print(f"worst logit difference {worst:.2e} of the largest, {wrong} token differences")
    raise SystemExit(wrong > 0 or worst > given.tolerance)


if __name__ == "__main__":
    main()
