"""Makes the golden data: tiny random DeepSeek, Qwen2, Qwen3 and Llama models that transformers computes in double
precision.

    python3 -m venv V && V/bin/pip install -r tests/golden/requirements.txt
    HF_HUB_OFFLINE=1 V/bin/python tests/golden/make_golden.py [NAME ...]

Writes tests/golden/NAME/; README.md in this folder describes the files. The same versions give the same bytes.

transformers computes norms, softmax, router and rope in float32 even in a float64 model. These parts would put rounding
errors of 1e-7 into the reference, so this script makes them compute in float64 (classes Lifted and lifted_islands).
golden.json records how far unmodified transformers is from the result.
"""

import json
import math
import pathlib
import sys
import tempfile

import torch
import transformers
from safetensors.torch import save_file
from transformers import modeling_rope_utils
from transformers.modeling_layers import MtpModel
from transformers.models.deepseek_v2 import configuration_deepseek_v2, modeling_deepseek_v2
from transformers.models.deepseek_v3 import configuration_deepseek_v3, modeling_deepseek_v3
from transformers.models.llama import configuration_llama, modeling_llama
from transformers.models.qwen2 import configuration_qwen2, modeling_qwen2
from transformers.models.qwen3 import configuration_qwen3, modeling_qwen3

HERE = pathlib.Path(__file__).resolve().parent
LENGTHS = [1, 7, 33, 70]
GREEDY_TOKENS = 20
# The smallest allowed difference between a chosen and a rejected expert or token. Seeds with a smaller one are skipped,
# because f32 rounding (about 1e-6 here) could change such a choice, and with it the results.
ROUTE_MARGIN = 3e-5
GREEDY_MARGIN = 2e-3

COMMON = {
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "hidden_act": "silu",
    "hidden_size": 44,
    "initializer_range": 0.02,
    "intermediate_size": 52,
    "kv_lora_rank": 20,
    "max_position_embeddings": 256,
    "moe_intermediate_size": 12,
    "moe_layer_freq": 1,
    "n_routed_experts": 8,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "num_key_value_heads": 4,
    "pretraining_tp": 1,
    "qk_nope_head_dim": 10,
    "qk_rope_head_dim": 12,
    "rms_norm_eps": 1e-06,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
    "transformers_version": "4.46.3",
    "use_cache": True,
    "v_head_dim": 14,
    "vocab_size": 131,
}


def yarn(beta_fast, mscale, mscale_all_dim):
    return {
        "beta_fast": beta_fast,
        "beta_slow": 1,
        "factor": 4,
        "mscale": mscale,
        "mscale_all_dim": mscale_all_dim,
        "original_max_position_embeddings": 64,
        "type": "yarn",
    }


# The fields that Qwen2, Qwen3 and Llama share with the models above.
DENSE = {
    key: COMMON[key]
    for key in (
        "attention_dropout", "bos_token_id", "hidden_act", "initializer_range", "intermediate_size",
        "max_position_embeddings", "num_hidden_layers", "rms_norm_eps", "torch_dtype", "transformers_version",
        "use_cache", "vocab_size",
    )
} | {"hidden_size": 36}
QWEN2 = DENSE | {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "eos_token_id": 1,
    "max_window_layers": 3,
    "rope_theta": 1000000.0,
    "sliding_window": 16,
    "use_sliding_window": False,
}
QWEN3 = QWEN2 | {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "attention_bias": False,
    "sliding_window": None,
}
LLAMA = DENSE | {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "mlp_bias": False, "pretraining_tp": 1}

V3 = COMMON | {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "aux_loss_alpha": 0.001,
    "ep_size": 1,
    "first_k_dense_replace": 1,
    "n_group": 4,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_experts_per_tok": 3,
    "num_nextn_predict_layers": 1,
    "q_lora_rank": 28,
    "rope_scaling": yarn(8, 1.0, 1.0),
    "rope_theta": 10000,
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "seq_aux": True,
    "topk_group": 2,
    "topk_method": "noaux_tc",
}

# The contents of config.json in the published spelling. Each model is there for the fields in which it differs from
# COMMON or DENSE.
CONFIGS = {
    "v3": V3,
    # Dense layers alone, and latents so small that an epsilon of 1e-5 in their norms would show.
    "v3_small_latents": V3
    | {"first_k_dense_replace": 2, "num_hidden_layers": 2, "num_nextn_predict_layers": 0, "rms_norm_eps": 1e-05},
    "v2_lite": COMMON
    | {
        "architectures": ["DeepseekV2ForCausalLM"],
        "model_type": "deepseek_v2",
        "aux_loss_alpha": 0.001,
        "first_k_dense_replace": 1,
        "n_group": 1,
        "n_shared_experts": 2,
        "norm_topk_prob": False,
        "num_experts_per_tok": 3,
        "q_lora_rank": None,
        "rope_scaling": yarn(32, 0.707, 0.707),
        "rope_theta": 10000,
        "routed_scaling_factor": 1.0,
        "scoring_func": "softmax",
        "seq_aux": True,
        "topk_group": 1,
        "topk_method": "greedy",
    },
    "v2": COMMON
    | {
        "architectures": ["DeepseekV2ForCausalLM"],
        "model_type": "deepseek_v2",
        "aux_loss_alpha": 0.001,
        "first_k_dense_replace": 0,
        "n_group": 4,
        "n_shared_experts": 1,
        "norm_topk_prob": False,
        "num_experts_per_tok": 2,
        "q_lora_rank": 28,
        "rope_scaling": yarn(8, 1.0, 0.8),  # unequal: cos and sin carry a factor of their own
        "rope_theta": 5000,
        "routed_scaling_factor": 4.0,
        "scoring_func": "softmax",
        "seq_aux": True,
        "topk_group": 3,
        "topk_method": "group_limited_greedy",
    },
    "qwen2": QWEN2 | {"num_attention_heads": 6, "num_key_value_heads": 2, "tie_word_embeddings": False},
    "qwen2_tied": QWEN2
    | {
        "num_attention_heads": 3,
        "num_hidden_layers": 2,
        "num_key_value_heads": 1,
        "rope_scaling": {"factor": 4.0, "original_max_position_embeddings": 64, "type": "yarn"},
        "tie_word_embeddings": True,
    },
    "qwen3": QWEN3
    | {"head_dim": 14, "num_attention_heads": 4, "num_key_value_heads": 2, "tie_word_embeddings": False},
    # As in DeepSeek-R1-0528-Qwen3-8B, rope_scaling has an attn_factor, which transformers does not read.
    "qwen3_yarn": QWEN3
    | {
        "head_dim": 10,
        "num_attention_heads": 6,
        "num_hidden_layers": 2,
        "num_key_value_heads": 3,
        "rope_scaling": {
            "attn_factor": 0.8782488562869419,
            "factor": 4.0,
            "original_max_position_embeddings": 64,
            "rope_type": "yarn",
        },
        "tie_word_embeddings": False,
    },
    # Heads of q and k so small that their norms' epsilon shows.
    "qwen3_tied": QWEN3
    | {
        "head_dim": 16,
        "num_attention_heads": 3,
        "num_hidden_layers": 2,
        "num_key_value_heads": 1,
        "rms_norm_eps": 1e-05,
        "tie_word_embeddings": True,
    },
    "llama": LLAMA
    | {
        "attention_bias": False,
        "eos_token_id": [1, 2, 3],
        "head_dim": 14,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "rope_scaling": {
            "factor": 8.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 64,
            "rope_type": "llama3",
        },
        "rope_theta": 500000.0,
        "tie_word_embeddings": False,
    },
    "llama_bias": LLAMA
    | {
        "attention_bias": True,
        "eos_token_id": 1,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-05,
        "rope_scaling": {"factor": 2.0, "type": "linear"},
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
    },
}


class Lifted:
    """The module torch, except that the name float32 means float64."""

    float32 = float = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


class lifted_islands:
    """A context in which the parts of transformers that convert to float32 compute in float64."""

    modules = (modeling_deepseek_v2, modeling_deepseek_v3, modeling_llama, modeling_qwen2, modeling_qwen3,
               modeling_rope_utils)

    def __enter__(self):
        self.float = torch.Tensor.float
        for module in self.modules:
            module.torch = Lifted()
        torch.Tensor.float = torch.Tensor.double

    def __exit__(self, *exception):
        for module in self.modules:
            module.torch = torch
        torch.Tensor.float = self.float


def classes(config):
    return {
        "deepseek_v2": (configuration_deepseek_v2.DeepseekV2Config, modeling_deepseek_v2.DeepseekV2ForCausalLM),
        "deepseek_v3": (configuration_deepseek_v3.DeepseekV3Config, modeling_deepseek_v3.DeepseekV3ForCausalLM),
        "llama": (configuration_llama.LlamaConfig, modeling_llama.LlamaForCausalLM),
        "qwen2": (configuration_qwen2.Qwen2Config, modeling_qwen2.Qwen2ForCausalLM),
        "qwen3": (configuration_qwen3.Qwen3Config, modeling_qwen3.Qwen3ForCausalLM),
    }[config["model_type"]]


def read_config(name):
    """The configuration in the published spelling, read by transformers."""
    config_class, _ = classes(CONFIGS[name])
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "config.json").write_text(json.dumps(CONFIGS[name]))
        config = config_class.from_pretrained(folder)
    config._attn_implementation = config._experts_implementation = "eager"
    return config


def build(name):
    """(model, MTP module or None) in float64, with parameters that are not set yet."""
    _, model_class = classes(CONFIGS[name])
    torch.set_default_dtype(torch.float64)
    try:
        model = model_class(read_config(name)).eval()
        mtp = None
        if CONFIGS[name].get("num_nextn_predict_layers"):
            mtp = MtpModel(model, 1).eval()
            mtp.config._attn_implementation = mtp.config._experts_implementation = "eager"
        return model, mtp
    finally:
        torch.set_default_dtype(torch.float32)


def published(model, mtp):
    """(published name, view) for every tensor of the model. Writing to a view sets the model's tensor."""
    tensors = []
    for name, tensor in list(model.named_parameters()) + list(model.named_buffers()):
        if "rotary_emb" not in name:
            tensors.append((name, tensor))
    if mtp:
        layer = f"model.layers.{model.config.num_hidden_layers}."
        for name, tensor in list(mtp.layers[0].named_parameters()) + list(mtp.layers[0].named_buffers()):
            own = {"post_norm.weight": "shared_head.norm.weight"}
            tensors.append((layer + own.get(name, name.removeprefix("mtp_block.")), tensor))
    return tensors


def per_expert(name, tensor):
    """(name, tensor) of each single expert: transformers stores the experts of a layer in one tensor, files do not."""
    if name.endswith("experts.gate_up_proj"):
        prefix, half = name.removesuffix("gate_up_proj"), tensor.shape[1] // 2
        for e in range(tensor.shape[0]):
            yield f"{prefix}{e}.gate_proj.weight", tensor[e, :half]
            yield f"{prefix}{e}.up_proj.weight", tensor[e, half:]
    elif name.endswith("experts.down_proj"):
        prefix = name.removesuffix("down_proj")
        for e in range(tensor.shape[0]):
            yield f"{prefix}{e}.down_proj.weight", tensor[e]
    else:
        yield name, tensor


def randomise(tensors, tied, small_before_norm, generator):
    """Sets every parameter to random values that are exact in f32, affect the loss and keep activations near size 1.

    With small_before_norm, the norms inside of attention see values a thousandth of that, whose mean square is near
    their epsilon.
    """

    def normal(shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    with torch.no_grad():
        for name, tensor in tensors:
            if name.endswith("norm.weight"):
                value = 1 + 0.2 * normal(tensor.shape)
            elif name.endswith("e_score_correction_bias"):
                value = 0.3 * normal(tensor.shape)
            elif name.endswith(".bias"):
                value = 0.5 * normal(tensor.shape)
            elif name.endswith("embed_tokens.weight") and not tied:
                value = normal(tensor.shape)
            elif name.endswith("gate.weight"):
                value = 1.5 * normal(tensor.shape) / math.sqrt(tensor.shape[-1])
            else:
                value = 1.3 * normal(tensor.shape) / math.sqrt(tensor.shape[-1])
            if small_before_norm and name.endswith(("q_a_proj.weight", "self_attn.q_proj.weight", "k_proj.weight")):
                value *= 1e-3
            if small_before_norm and name.endswith("kv_a_proj_with_mqa.weight"):
                value[: COMMON["kv_lora_rank"]] *= 1e-3  # the rows behind these are the rope key, which has no norm
            tensor.copy_(value.float())


class RouteMargins:
    """Observes the routers and keeps the smallest gap between a chosen and a rejected expert or group."""

    def __init__(self, model, mtp):
        self.smallest = math.inf
        self.indices = {}  # for each layer the experts [T, k] of the latest forward pass
        layers = list(enumerate(model.model.layers))
        if mtp:
            layers.append((len(layers), mtp.layers[0].mtp_block))
        for l, layer in layers:
            if hasattr(layer.mlp, "gate"):
                layer.mlp.gate.register_forward_hook(self.watch(l))

    def watch(self, layer):
        def hook(gate, inputs, outputs):
            logits, weights, indices = outputs
            self.indices[layer] = indices.sort(dim=-1).values
            if hasattr(gate, "e_score_correction_bias"):
                score = logits.sigmoid() + gate.e_score_correction_bias
                groups = score.view(-1, gate.num_group, score.shape[1] // gate.num_group).topk(2, dim=-1)[0].sum(-1)
            else:
                score = logits.softmax(-1)
                groups = score.view(-1, gate.num_group or 1, score.shape[1] // (gate.num_group or 1)).amax(-1)
                if gate.topk_method == "greedy":
                    groups = None
            if groups is not None and gate.topk_group < groups.shape[1]:
                top = groups.sort(dim=-1, descending=True)
                self.note(top.values, gate.topk_group)
                kept = torch.zeros_like(groups).scatter_(1, top.indices[:, : gate.topk_group], 1)
                score = score.masked_fill(kept.repeat_interleave(score.shape[1] // groups.shape[1], 1) == 0, -math.inf)
            self.note(score.sort(dim=-1, descending=True).values, gate.top_k)

        return hook

    def note(self, descending, k):
        self.smallest = min(self.smallest, (descending[:, k - 1] - descending[:, k]).min().item())


def hidden_of(model, tokens):
    return model.model(input_ids=torch.tensor([tokens]), use_cache=False).last_hidden_state


def mtp_hidden(mtp, hidden, tokens):
    """The MTP module's output for rows 0 to n-2, each made of a token's hidden state and the next token's embedding."""
    rows = len(tokens) - 1
    return mtp.forward_layer(0, hidden[:, :rows], torch.arange(rows)[None], None, input_ids=torch.tensor([tokens[1:]]))


def mtp_by_hand(mtp, hidden, tokens):
    """The same by the definition in V3 §2.2, with the order of the released weights, as a check of MtpModel."""
    layer, rows = mtp.layers[0], len(tokens) - 1
    embedding = mtp.embed_tokens(torch.tensor([tokens[1:]]))
    u = layer.eh_proj(torch.cat([layer.enorm(embedding), layer.hnorm(hidden[:, :rows])], dim=-1))
    mask = torch.full((rows, rows), -math.inf).triu(1)[None, None]
    block = layer.mtp_block(u, attention_mask=mask, position_embeddings=mtp.rotary_emb(u, torch.arange(rows)[None]))
    return layer.post_norm(block)


def loss_sum(logits, targets):
    return torch.nn.functional.cross_entropy(logits, torch.tensor(targets, dtype=torch.long), reduction="sum")


def gradients(tensors, loss):
    """The gradients of the tensors on which the loss depends, by published name."""
    parameters = [(n, t) for n, t in tensors if t.requires_grad]
    grads = torch.autograd.grad(loss, [t for _, t in parameters], retain_graph=True, allow_unused=True)
    out = {}
    for (name, _), grad in zip(parameters, grads):
        if grad is not None:
            out |= dict(per_expert(name, grad))
    return out


def greedy(model, prompt):
    tokens, margins = [], []
    with torch.no_grad():
        for _ in range(GREEDY_TOKENS):
            top = model.lm_head(hidden_of(model, prompt + tokens)[0, -1]).topk(2)
            tokens.append(top.indices[0].item())
            margins.append((top.values[0] - top.values[1]).item())
    return tokens, margins


def compute(name, seed):
    """All results for one model and seed, or None if some choice has a margin that is too small."""
    model, mtp = build(name)
    tensors = published(model, mtp)
    generator = torch.Generator().manual_seed(seed)
    randomise(tensors, model.config.tie_word_embeddings, name in ("v3_small_latents", "qwen3_tied"), generator)
    sequences = [torch.randint(2, CONFIGS[name]["vocab_size"], (n,), generator=generator).tolist() for n in LENGTHS]
    margins = RouteMargins(model, mtp)

    hidden, logits, routes, mtp_logits = [], [], {}, []
    loss, mtp_loss, by_hand = 0, 0, 0.0
    for tokens in sequences:
        h = hidden_of(model, tokens)
        z = model.lm_head(h[0])
        hidden.append(h[0])
        logits.append(z)
        loss = loss + loss_sum(z[:-1], tokens[1:])
        if mtp and len(tokens) > 1:
            m = mtp_hidden(mtp, h, tokens)
            by_hand = max(by_hand, (m - mtp_by_hand(mtp, h, tokens)).abs().max().item())
            mtp_logits.append(model.lm_head(m[0]))
            mtp_loss = mtp_loss + loss_sum(mtp_logits[-1][:-1], tokens[2:])
        for layer, indices in margins.indices.items():
            routes.setdefault(layer, []).append(indices)
        margins.indices.clear()
    assert by_hand < 1e-12, f"MtpModel is not the module of the paper: {by_hand}"

    loss = loss / sum(n - 1 for n in LENGTHS)
    arrays = {"logits": torch.cat(logits), "hidden": torch.cat(hidden)}
    arrays |= {f"routes.{layer}": torch.cat(parts) for layer, parts in routes.items()}
    arrays |= {f"grad.{n}": g for n, g in gradients(tensors, loss).items()}
    facts = {
        "transformers": transformers.__version__,
        "torch": torch.__version__.split("+")[0],
        "seed": seed,
        "sequences": sequences,
        "loss": loss.item(),
        "loss_tokens": sum(n - 1 for n in LENGTHS),
    }
    if mtp:
        mtp_tokens = sum(max(n - 2, 0) for n in LENGTHS)
        mtp_loss = mtp_loss / mtp_tokens
        arrays["mtp_logits"] = torch.cat(mtp_logits)
        arrays |= {f"mtp_grad.{n}": g for n, g in gradients(tensors, mtp_loss).items()}
        facts |= {"mtp_loss": mtp_loss.item(), "mtp_loss_tokens": mtp_tokens}

    facts["greedy"] = []
    for tokens in sequences:
        continuation, gaps = greedy(model, tokens)
        facts["greedy"].append({"tokens": continuation, "margins": gaps})
    if math.isfinite(margins.smallest):
        facts["smallest_route_margin"] = margins.smallest
    if margins.smallest < ROUTE_MARGIN or min(min(g["margins"]) for g in facts["greedy"]) < GREEDY_MARGIN:
        return None
    weights = {n: t for name_, tensor in tensors for n, t in per_expert(name_, tensor.detach())}
    return model, weights, sequences, arrays, facts


def stock_difference(folder, sequences, logits, dtype):
    """The largest difference between unmodified transformers' logits and the golden ones, over the largest logit."""
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", experts_implementation="eager").eval()
    with torch.no_grad():
        got = torch.cat([model(torch.tensor([tokens]), use_cache=False).logits[0] for tokens in sequences])
    return ((got.double() - logits).abs().max() / logits.abs().max()).item()


def write_configs(name, folder):
    (folder / "config.json").write_text(json.dumps(CONFIGS[name], indent=2) + "\n")
    # transformers 5 writes only the fields that the class of the configuration has.
    config_class, _ = classes(CONFIGS[name])
    config = read_config(name)
    own = set(config_class.__dataclass_fields__) if hasattr(config_class, "__dataclass_fields__") else set()
    for field in set(CONFIGS[name]) - own - {"architectures", "model_type", "torch_dtype", "num_nextn_predict_layers"}:
        if field in config.__dict__ and field not in ("rope_scaling", "rope_theta"):
            delattr(config, field)
    with tempfile.TemporaryDirectory() as temporary:
        config.save_pretrained(temporary)
        text = (pathlib.Path(temporary) / "config.json").read_text()
    (folder / "config_transformers5.json").write_text(text)


def save(tensors, path):
    kept = {n: t.detach().to(torch.float32).contiguous().clone()
            for n, t in tensors.items()}
    save_file(kept, path)


def make(name):
    for seed in range(1, 1000):
        with lifted_islands():
            result = compute(name, seed)
        if result:
            break
    _, weights, sequences, arrays, facts = result
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    write_configs(name, folder)
    save(weights, folder / "model.safetensors")
    save(arrays, folder / "golden.safetensors")
    logits = arrays["logits"].detach()
    facts["largest_logit"] = logits.abs().max().item()
    facts["stock_f64_difference"] = stock_difference(folder, sequences, logits, torch.float64)
    facts["stock_f32_difference"] = stock_difference(folder, sequences, logits, torch.float32)
    (folder / "golden.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(f"{name}: seed {seed}, loss {facts['loss']:.6f}, largest logit {facts['largest_logit']:.3f}, stock "
          f"transformers differs by {facts['stock_f64_difference']:.1e} (f64), "
          f"{facts['stock_f32_difference']:.1e} (f32)")


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for chosen in sys.argv[1:] or CONFIGS:
        make(chosen)
