"""Compares r1's tokens with llama-tokenize's under every name of a pre-tokenizer.

    scripts/real-models FOLDER
    python check_pre_tokenizers.py R1 LLAMA_CPP FOLDER [NAME...]

Writes SmolLM2's vocabulary and merges into a GGUF without tensors once for each name, and gives both programs the odd
texts of make_real_models.py. Prints the number of texts with
other tokens, and exits with 1 if there are any. The modules are those of make_real_models.py.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import gguf
import make_real_models as real

NAMES = ["smollm", "gpt-2", "tekken", "gpt-4o", "llama-bpe", "smaug-bpe", "qwen2", "seed-coder", "viking", "default",
         "minicpm5", "deepseek-v3", "deepseek-llm", "deepseek-coder"]


def write_vocabulary(path, fields, name):
    of = {key: fields["tokenizer.ggml." + key].contents() for key in ("tokens", "token_type", "merges")}
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name)
    writer.add_token_list(of["tokens"])
    writer.add_token_types(of["token_type"])
    writer.add_token_merges(of["merges"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    for add, value in ((writer.add_context_length, 2048), (writer.add_embedding_length, 64),
                       (writer.add_block_count, 1), (writer.add_head_count, 1), (writer.add_feed_forward_length, 64),
                       (writer.add_layer_norm_rms_eps, 1e-5)):  # llama.cpp asks for these even of a vocabulary
        add(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    r1, peer, folder, names = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4:] or NAMES
    fields, texts, different = gguf.GGUFReader(folder / real.SMOL).fields, real.odd_texts(), 0
    lines = "".join(json.dumps(t) + "\n" for t in texts)
    with tempfile.TemporaryDirectory() as temporary:
        for name in names:
            path = pathlib.Path(temporary) / f"{name}.gguf"
            write_vocabulary(path, fields, name)
            theirs = real.llama_ids(peer / "build/bin/llama-tokenize", path, texts, "<jupyter_script>")
            out = subprocess.run([r1, "tokenize", "--special", "--lines", "-m", path], input=lines, check=True,
                                 capture_output=True, text=True).stdout
            ours = [json.loads(line) for line in out.splitlines()]
            wrong = [i for i in range(len(texts)) if ours[i] != theirs[i]]
            different += len(wrong)
            print(f"{name}: {len(texts)} texts, {len(wrong)} with other tokens")
            for i in wrong[:5]:
                print(f"  {texts[i]!r}: r1 {ours[i][:16]}, llama.cpp {theirs[i][:16]}")
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
