"""Compares the tokenizer of r1 with that of transformers on one model folder, on random text.

    python tests/golden/check_tokenizer.py FOLDER [command that encodes]

The command reads one JSON string per line and prints one array of ids per line. Its default is
./r1 tokenize -m FOLDER --special --lines. Needs transformers.
"""
import json
import random
import subprocess
import sys

from transformers import AutoTokenizer

ALPHABET = ["a", "the", " ", "  ", "\n", "\r\n", "\t", "'s", "'LL", "0", "12", ".", "!?", "é", "e\u0301", "ñ", "你好",
            "。", "🙂", "👩\u200d👧", "\u00a0", "\u180e", "\u3000",
            "\u2028", "ſ", "Ⅷ", "_", "=", "<", "\u200b", "\0", "ไทย", "Straße"]


def texts(tokenizer):
    rng = random.Random(1)
    pieces = ALPHABET + list(tokenizer.get_added_vocab())
    yield from ALPHABET
    for _ in range(3000):
        yield "".join(rng.choice(pieces) for _ in range(rng.randrange(1, 30)))


def main():
    folder = sys.argv[1]
    command = sys.argv[2:] or ["./r1", "tokenize", "-m", folder, "--special", "--lines"]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    samples = [t for t in texts(tokenizer)]
    out = subprocess.run(command, input="".join(json.dumps(t) + "\n" for t in samples), capture_output=True, text=True,
                         check=True).stdout
    wrong = 0
    for text, line in zip(samples, out.splitlines(), strict=True):
        want = tokenizer.encode(text, add_special_tokens=False)
        if json.loads(line) != want:
            wrong += 1
            print(f"{text!r}: ours {line}, transformers {want}")
        decoded = tokenizer.decode(want, skip_special_tokens=False)
        if decoded != text:
            wrong += 1
            print(f"{text!r} decodes to {decoded!r}")
    print(f"{folder}: {len(samples)} texts, {wrong} wrong")
    sys.exit(wrong != 0)


main()
