"""Measures how fast PyTorch trains the same model on this machine: transformers' DeepseekV3 with AdamW on the CPU.

    V/bin/python tests/golden/bench_torch.py [recipes/nano/config.json] [--batch 16] [--length 512] [--steps 5]

Prints tokens per second in f32 and under bf16 autocast: medians over the steps after the first. The tokens are random.
There is no MTP, because transformers does not train it.
"""

import argparse
import os
import pathlib
import statistics
import tempfile
import time

import torch
import transformers


def tokens_per_second(model, batch, length, steps, autocast):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1)
    seconds = []
    for _ in range(steps + 1):
        tokens = torch.randint(0, model.config.vocab_size, (batch, length))
        begun = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            loss = model(tokens, labels=tokens, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - begun)
    return batch * length / statistics.median(seconds[1:])


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("config", nargs="?", type=pathlib.Path, default="recipes/nano/config.json")
    flags.add_argument("--batch", type=int, default=16)
    flags.add_argument("--length", type=int, default=512)
    flags.add_argument("--steps", type=int, default=5)
    flags.add_argument("--threads", type=int, default=os.cpu_count())
    flags.add_argument("--experts", default=None,
                       help="experts_implementation: eager, grouped_mm, ... (default: transformers' own)")
    given = flags.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "config.json").write_text(given.config.read_text())
        config = transformers.AutoConfig.from_pretrained(folder)
    if given.experts:
        config._experts_implementation = given.experts
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).train()
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{given.config}: {parameters / 1e6:.2f} M parameters, batch {given.batch} x {given.length}, "
          f"{given.threads} threads")
    for name, autocast in (("f32", False), ("bf16 autocast", True)):
        try:
            rate = tokens_per_second(model, given.batch, given.length, given.steps, autocast)
            print(f"{name:14s} {rate:8.0f} tokens/s")
        except RuntimeError as error:
            print(f"{name:14s} {str(error).splitlines()[0]}")


if __name__ == "__main__":
    main()
