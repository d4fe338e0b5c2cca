"""Measures a GRPO step of TRL on the CPU, beside which `r1 train grpo` on the same model and problems can be put.

    V/bin/pip install trl==1.16.0 datasets peft accelerate
    r1 problems --tasks countdown:1 --n 64 --train > problems.jsonl
    V/bin/python tests/golden/bench_trl.py problems.jsonl [models/nano] [--groups 16] [--group-size 8] [--steps 4]

Prints for each step the seconds, the tokens of the answers, and the share of answers that are right; then the medians
over the steps after the first. Weights and arithmetic are f32, there is no distance from a reference, and the whole
step is one batch. The command for ours is, with the same sizes:

    r1 train grpo --config recipes/examples/grpo.toml --tasks "" --file problems.jsonl --steps 4 --kl_weight 0 \\
        --eval_every 0 --train_equal_groups true

TRL computes groups whose rewards are equal too, which the last flag asks for.
"""

import argparse
import ast
import json
import os
import pathlib
import re
import statistics
import tempfile
import time

import datasets
import torch
import transformers
import trl


def value(node):
    """The value of an expression of whole numbers, and the numbers in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value, [node.value]
    if isinstance(node, ast.BinOp):
        (left, used), (right, more) = value(node.left), value(node.right)
        operations = {ast.Add: lambda: left + right, ast.Sub: lambda: left - right, ast.Mult: lambda: left * right,
                      ast.Div: lambda: left / right}
        return operations[type(node.op)](), used + more
    raise ValueError("no expression")


def countdown_reward(completions, numbers, target, **_):
    rewards = []
    for completion, given, wanted in zip(completions, numbers, target):
        answer = completion[0]["content"].rsplit("</think>", 1)[-1].split("=")[0]
        expression = re.sub(r"\\boxed|[^-+*/() 0-9]", " ", answer.replace("×", "*").replace("÷", "/"))
        try:
            result, used = value(ast.parse(expression.strip(), mode="eval").body)
            rewards.append(float(result == wanted and sorted(used) == sorted(given)))
        except (ValueError, SyntaxError, KeyError, ZeroDivisionError):
            rewards.append(0.0)
    return rewards


class Clock(transformers.TrainerCallback):
    def __init__(self):
        self.seconds, self.logs = [], []

    def on_step_begin(self, *_, **__):
        if not self.seconds:
            self.begun = time.perf_counter()

    def on_step_end(self, *_, **__):
        now = time.perf_counter()
        self.seconds.append(now - self.begun)
        self.begun = now

    def on_log(self, args, state, control, logs=None, **_):
        if logs and "completions/mean_length" in logs:
            self.logs.append(logs)


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("problems", type=pathlib.Path)
    flags.add_argument("model", nargs="?", default="models/nano")
    flags.add_argument("--groups", type=int, default=16)
    flags.add_argument("--group-size", type=int, default=8)
    flags.add_argument("--max-tokens", type=int, default=256)
    flags.add_argument("--steps", type=int, default=4)
    flags.add_argument("--threads", type=int, default=os.cpu_count())
    given = flags.parse_args()
    torch.set_num_threads(given.threads)
    rows = [json.loads(line) for line in given.problems.read_text().splitlines()]
    data = datasets.Dataset.from_list([{"prompt": [{"role": "user", "content": row["prompt"]}],
                                        "numbers": row["numbers"], "target": row["target"]} for row in rows])
    answers = given.groups * given.group_size
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        config = trl.GRPOConfig(
            output_dir=folder, use_cpu=True, bf16=False, report_to="none", save_strategy="no", logging_steps=1,
            disable_tqdm=True, per_device_train_batch_size=answers, gradient_accumulation_steps=1,
            num_generations=given.group_size, max_completion_length=given.max_tokens, temperature=1.0, beta=0.0,
            loss_type="grpo", learning_rate=1e-4, lr_scheduler_type="constant", max_steps=given.steps, seed=1,
            gradient_checkpointing=False)
        model = transformers.AutoModelForCausalLM.from_pretrained(given.model, dtype=torch.float32)
        tokenizer = transformers.AutoTokenizer.from_pretrained(given.model)
        trainer = trl.GRPOTrainer(model=model, processing_class=tokenizer, reward_funcs=countdown_reward, args=config,
                                  train_dataset=data, callbacks=[clock])
        trainer.train()
    rates = []
    for step, (seconds, log) in enumerate(zip(clock.seconds, clock.logs), 1):
        tokens = answers * log["completions/mean_length"]
        rates.append((seconds, tokens / seconds))
        print(f"step {step}: {seconds:.1f} s, {tokens:.0f} tokens of answers, {log['reward']:.1%} right")
    print(f"median of the steps after the first: {statistics.median(s for s, _ in rates[1:]):.1f} s, "
          f"{statistics.median(r for _, r in rates[1:]):.0f} tokens of answers/s")


if __name__ == "__main__":
    main()
