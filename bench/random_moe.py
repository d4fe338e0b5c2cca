"""A small mixture of experts of DeepSeek's kind with random weights, as a Hugging Face folder.

The speed of a product does not depend on the values of its weights, so the weights need no distribution in particular:
every element is a random bf16 with an absolute value from 2^-7 to 2^-5. The tokenizer is that of the model that ships;
the rows of the vocabulary beyond it are padding.
"""
import json
import random
import shutil
import struct

CONFIG = {
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
ONE = struct.pack("<H", 0x3F80)  # 1.0 in bf16
# The upper byte of a bf16 holds the sign and the upper bits of the exponent.
UPPER_BYTES = bytes(0x3C if byte % 2 else 0xBC for byte in range(256))


def mlp(name, width, hidden):
    return [(f"{name}.gate_proj.weight", [width, hidden]), (f"{name}.up_proj.weight", [width, hidden]),
            (f"{name}.down_proj.weight", [hidden, width])]


def tensors(c):
    """Names and shapes. A shape of one side is a norm, or the selection bias of a router."""
    d, heads = c["hidden_size"], c["num_attention_heads"]
    nope, rope, v, rank = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"], c["kv_lora_rank"]
    result = [("model.embed_tokens.weight", [c["vocab_size"], d])]
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}"
        result += [
            (f"{layer}.input_layernorm.weight", [d]),
            (f"{layer}.self_attn.q_proj.weight", [heads * (nope + rope), d]),
            (f"{layer}.self_attn.kv_a_proj_with_mqa.weight", [rank + rope, d]),
            (f"{layer}.self_attn.kv_a_layernorm.weight", [rank]),
            (f"{layer}.self_attn.kv_b_proj.weight", [heads * (nope + v), rank]),
            (f"{layer}.self_attn.o_proj.weight", [d, heads * v]),
            (f"{layer}.post_attention_layernorm.weight", [d]),
        ]
        if i < c["first_k_dense_replace"]:
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
    if name.endswith("e_score_correction_bias"):
        return bytes(4 * count)
    if name.endswith("norm.weight"):
        return ONE * count
    values = bytearray(generator.randbytes(2 * count))
    values[1::2] = values[1::2].translate(UPPER_BYTES)
    return values


def write_model(folder, tokenizer_folder, config=None):
    """Writes config.json, model.safetensors and the tokenizer's files into `folder`, which must exist."""
    c = config or CONFIG
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
        for name, shape in tensors(c):
            file.write(content(name, shape[0] * (shape[1] if len(shape) > 1 else 1), generator))
    (folder / "config.json").write_text(json.dumps(c, indent=2))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(tokenizer_folder / name, folder / name)
