#!/usr/bin/env python3
"""Models with random weights, as Hugging Face folders.

    bench/random_model.py mixture FOLDER    8 layers of DeepSeek's kind, 32 experts of which 4, a vocabulary of 32,000
    bench/random_model.py low-rank-mixture FOLDER    the same with q_lora_rank 256, which llama.cpp reads, too
    bench/random_model.py qwen2 FOLDER      the shape of Qwen2 1.5B: 3.6 GB
    bench/random_model.py r1 FOLDER         R1's widths: three layers, 128 experts, a vocabulary of 2,048: 24 GB

The speed of a product does not depend on the values of its weights, so the weights need no distribution in particular:
every element is a random bf16 with an absolute value from 2^-7 to 2^-5. The tokenizer is that of the model that ships;
the rest of the vocabulary are words that no text is split into, so that every token that is drawn has a text.
"""
import argparse
import json
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

MIXTURE = {
    "architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "vocab_size": 32000, "hidden_size": 512,
    "num_hidden_layers": 8, "max_position_embeddings": 4096, "num_attention_heads": 8, "num_key_value_heads": 8,
    "q_lora_rank": None, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
    "intermediate_size": 1024, "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
    "rope_scaling": None, "attention_bias": False, "attention_dropout": 0.0, "tie_word_embeddings": False,
    "initializer_range": 0.02, "num_nextn_predict_layers": 0, "first_k_dense_replace": 1, "bos_token_id": 505,
    "eos_token_id": 506, "torch_dtype": "bfloat16", "use_cache": True, "moe_layer_freq": 1, "n_routed_experts": 32,
    "n_shared_experts": 1, "num_experts_per_tok": 4, "moe_intermediate_size": 256, "n_group": 1, "topk_group": 1,
    "scoring_func": "sigmoid", "topk_method": "noaux_tc", "norm_topk_prob": True, "routed_scaling_factor": 1.0,
}
QWEN2 = {
    "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 1536,
    "num_hidden_layers": 28, "max_position_embeddings": 4096, "num_attention_heads": 12, "num_key_value_heads": 2,
    "intermediate_size": 8960, "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
    "attention_dropout": 0.0, "tie_word_embeddings": False, "initializer_range": 0.02, "use_sliding_window": False,
    "bos_token_id": 505, "eos_token_id": 506, "torch_dtype": "bfloat16", "use_cache": True,
}
# llama.cpp reads queries without a low rank only from the models of that kind that it knows by their number of layers.
R1 = dict(MIXTURE, vocab_size=2048, hidden_size=7168, num_hidden_layers=3, num_attention_heads=128,
          num_key_value_heads=128, q_lora_rank=1536, intermediate_size=18432, n_routed_experts=128,
          num_experts_per_tok=8, moe_intermediate_size=2048, n_group=8, topk_group=4, routed_scaling_factor=2.5)
SHAPES = {"mixture": MIXTURE, "low-rank-mixture": dict(MIXTURE, q_lora_rank=256), "qwen2": QWEN2, "r1": R1}
ROOT = pathlib.Path(__file__).resolve().parent.parent
PIECE = 1 << 24  # elements
ONE = struct.pack("<H", 0x3F80)  # 1.0 in bf16
# The upper byte of a bf16 holds the sign and the upper bits of the exponent.
UPPER_BYTES = bytes(0x3C if byte % 2 else 0xBC for byte in range(256))


def mlp(name, width, hidden):
    return [(f"{name}.gate_proj.weight", [width, hidden]), (f"{name}.up_proj.weight", [width, hidden]),
            (f"{name}.down_proj.weight", [hidden, width])]


def latent_attention(name, c):
    d, heads = c["hidden_size"], c["num_attention_heads"]
    nope, rope, v, rank = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"], c["kv_lora_rank"]
    low, width = c["q_lora_rank"], heads * (nope + rope)
    queries = [(f"{name}.q_a_proj.weight", [low, d]), (f"{name}.q_a_layernorm.weight", [low]),
               (f"{name}.q_b_proj.weight", [width, low])] if low else [(f"{name}.q_proj.weight", [width, d])]
    return [*queries,
            (f"{name}.kv_a_proj_with_mqa.weight", [rank + rope, d]), (f"{name}.kv_a_layernorm.weight", [rank]),
            (f"{name}.kv_b_proj.weight", [heads * (nope + v), rank]), (f"{name}.o_proj.weight", [d, heads * v])]


def grouped_attention(name, c):
    d, groups = c["hidden_size"], c["num_key_value_heads"]
    width = d // c["num_attention_heads"]
    result = [(f"{name}.o_proj.weight", [d, d])]
    for part, rows in (("q", d), ("k", groups * width), ("v", groups * width)):
        result += [(f"{name}.{part}_proj.weight", [rows, d]), (f"{name}.{part}_proj.bias", [rows])]
    return result


def tensors(c):
    """Names and shapes. A shape of one side is a norm, a bias, or the selection bias of a router."""
    d, latent = c["hidden_size"], "kv_lora_rank" in c
    result = [("model.embed_tokens.weight", [c["vocab_size"], d])]
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}"
        result += [(f"{layer}.input_layernorm.weight", [d]), (f"{layer}.post_attention_layernorm.weight", [d])]
        result += (latent_attention if latent else grouped_attention)(f"{layer}.self_attn", c)
        if i < c.get("first_k_dense_replace", c["num_hidden_layers"]):
            result += mlp(f"{layer}.mlp", c["intermediate_size"], d)
            continue
        width = c["moe_intermediate_size"]
        result += [(f"{layer}.mlp.gate.weight", [c["n_routed_experts"], d]),
                   (f"{layer}.mlp.gate.e_score_correction_bias", [c["n_routed_experts"]])]
        for e in range(c["n_routed_experts"]):
            result += mlp(f"{layer}.mlp.experts.{e}", width, d)
        result += mlp(f"{layer}.mlp.shared_experts", width * c["n_shared_experts"], d)
    return result + [("model.norm.weight", [d]), ("lm_head.weight", [c["vocab_size"], d])]


def content(name, count, generator):
    """The bytes of a tensor, in pieces."""
    if name.endswith("e_score_correction_bias"):
        yield bytes(4 * count)
        return
    if name.endswith("norm.weight"):
        yield ONE * count
        return
    for begin in range(0, count, PIECE):
        values = bytearray(generator.randbytes(2 * min(PIECE, count - begin)))
        values[1::2] = values[1::2].translate(UPPER_BYTES)
        yield values


def write_tokenizer(source, folder, size):
    """The tokenizer in `source`, with as many words more as the vocabulary has rows."""
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    taken = {*vocabulary.values(), *(token["id"] for token in tokenizer["added_tokens"])}
    vocabulary.update({f"~{i}": i for i in range(size) if i not in taken})
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    shutil.copyfile(source / "tokenizer_config.json", folder / "tokenizer_config.json")


def write_model(folder, config=None, zeros=False):
    """Writes config.json, model.safetensors and the tokenizer's files into `folder`, which must exist. With `zeros`,
    the weights are a hole in the file, which takes no space and no time."""
    c = config or MIXTURE
    header, end = {}, 0
    for name, shape in tensors(c):
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        wide = name.endswith("e_score_correction_bias")
        begin, end = end, end + count * (4 if wide else 2)
        header[name] = {"dtype": "F32" if wide else "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    generator = random.Random(1)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        if zeros:
            file.truncate(8 + len(text) + end)
        for name, shape in [] if zeros else tensors(c):
            for piece in content(name, shape[0] * (shape[1] if len(shape) > 1 else 1), generator):
                file.write(piece)
    (folder / "config.json").write_text(json.dumps(c, indent=2))
    write_tokenizer(ROOT / "models/nano", folder, c["vocab_size"])


def quantised(program, path, config, kind, zeros=False):
    """The GGUF file `path` of a model with this config, which `r1 quantize --type kind` makes if it is not there."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    print(f"making {path}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
        source, unfinished = pathlib.Path(temporary) / "model", pathlib.Path(temporary) / path.name
        source.mkdir()
        write_model(source, config, zeros)
        subprocess.run([program, "quantize", source, "-o", unfinished, "--type", kind], check=True,
                       stdout=subprocess.DEVNULL)
        unfinished.rename(path)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    write_model(options.folder, SHAPES[options.shape])


if __name__ == "__main__":
    main()
