"""Cuts odd texts with Hugging Face's tokenizers library and writes ../data/tokenizers/pretokenize_hf_cases.json.

    pip install tokenizers==0.23.3 && python make_pretokenizer_cases.py

The expressions are quoted from llama.cpp, src/llama-vocab.cpp at d32676d7: those that it runs ("gguf"), and those of
the published tokenizer.json that it names as their originals ("json"). src/text/pretokenizer/patterns.cpp has some of
them in other words; the test holds its pieces against these. deepseek-llm's and -coder's lists and the older texts are
in pretokenize_cases.json.
"""
import json
import pathlib

from tokenizers import Regex, pre_tokenizers as pre

DATA = pathlib.Path(__file__).parent / "../data/tokenizers"

# Words of mixed case, with marks and with letters of no case, between which tekken's and gpt-4o's forms differ.
TEXTS = ["éA", "aÉb", "ÉCOLE École éCole", "XMLHttpRequest", "HTTPServer's", "DON'T don'T Don't", "ǅungla ǆ",
         "İstanbul",
         "ªº", "ßẞ", "नमस्तेX", "Xनमस्तेX", "e\u0301A", "A\u0301b", "\u0301\u0301", "a\u0301\u0301b", "中A文b", "ªA",
         "ʰA aʰ", "he'LL'S", "'sa", "a/b//\n/c", "!/\n\n", "a\n/\n", "1234567 12 345678", "x.1,2?3", "(a) [b]",
         "a  1", "a \n1", " 1 2  3", "\n\n 12", "'s1't2", "1's", "$1+2=3^4~5|6", "a`b", "hello…world。你好،"]

CONTRACTION = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
ANY_CASE = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
UPPER_GGUF, LOWER_GGUF = r"((?=[\p{L}])([^a-z]))", r"((?=[\p{L}])([^A-Z]))"


def gpt4_like(contraction, numbers):
    return rf"{contraction}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{numbers}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACES}"


def cased(upper, lower, contraction, numbers):
    before = r"[^\r\n\p{L}\p{N}]?"
    return (rf"{before}{upper}*{lower}+{contraction}|{before}{upper}+{lower}*{contraction}"
            rf"|{numbers}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{SPACES}")


LISTS = {
    "gpt-2": {"gguf": [GPT2], "json": [pre.ByteLevel(add_prefix_space=False)]},
    "smollm": {"gguf": [r"\p{N}", GPT2],
               "json": [pre.Digits(individual_digits=True), pre.ByteLevel(add_prefix_space=False)]},
    "qwen2": {"gguf": [gpt4_like(CONTRACTION, r"\p{N}")], "json": [gpt4_like(ANY_CASE, r"\p{N}")]},
    "llama-bpe": {"gguf": [gpt4_like(CONTRACTION, r"\p{N}{1,3}")], "json": [gpt4_like(ANY_CASE, r"\p{N}{1,3}")]},
    "tekken": {"gguf": [cased(UPPER_GGUF, LOWER_GGUF, "", r"\p{N}")], "json": [cased(UPPER, LOWER, "", r"\p{N}")]},
    "gpt-4o": {"gguf": [cased(UPPER_GGUF, LOWER_GGUF, CONTRACTION + "?", r"\p{N}{1,3}")],
               "json": [cased(UPPER, LOWER, ANY_CASE + "?", r"\p{N}{1,3}")]},
    "seed-coder": {"gguf": [rf"{CONTRACTION}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1}}"
                            rf"| ?[^\s\p{{L}}\p{{N}}\r\n]+|{SPACES}"]},
    "minicpm5": {"gguf": [r"\p{N}{1,3}", gpt4_like(CONTRACTION, r"\p{N}+")],
                 "json": [r"\p{N}{1,3}", gpt4_like(ANY_CASE, r"\p{N}+")]},
    "viking": {"gguf": [r" ?[^(\s|.,!?…。，、।۔،)]+", r"\p{N}"]},
    "default": {"gguf": [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"]},
}


def pieces(steps, text):
    steps = [pre.Split(Regex(s), "isolated") if isinstance(s, str) else s for s in steps]
    return [text[a:b] for _, (a, b) in pre.Sequence(steps).pre_tokenize_str(text)]


def main():
    texts = json.loads((DATA / "pretokenize_cases.json").read_text())["texts"] + TEXTS
    out = {"texts": texts}
    for name, forms in LISTS.items():
        out[name] = {form: [pieces(steps, t) for t in texts] for form, steps in forms.items()}
    lines = [f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in out.items()]
    (DATA / "pretokenize_hf_cases.json").write_text("{" + ",\n".join(lines) + "}\n")


main()
