#!/usr/bin/env python3
"""Measures the speed of small models: training, decoding and prefill, alone and beside a process that burns one core.

Rounds are interleaved: in every round each row of the table is measured once with every program, and the roofs of the
machine are measured before and after. A measurement is void if one of its probes fell below 80 % of the best probe of
the whole run: then other programs had a part of the machine. Prints a Markdown table; --json keeps every measurement.
"""
import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # leaves no __pycache__ in the source tree
import random_model

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEAST_PROBE = 0.8
FORMAT = 1


class Failure(Exception):
    pass


class Row:
    """A call of `r1 bench` and the figures that it gives. `only` is the part of the benchmark that it runs.
    peer[figure][program] holds the flags of llama-bench that give the same figure."""

    def __init__(self, name, model, only, flags, figures, burned=False, peer=None):
        self.name, self.model, self.only, self.flags = name, model, only, flags
        self.figures, self.burned, self.peer = figures, burned, peer or {}


def trained(inputs):
    return lambda report: next(t for t in report["train"] if t["inputs"] == inputs)["tokens_per_s"]["median"]


def served(what, batch):
    return lambda report: next(s for s in report["serve"] if s["batch"] == batch)[what + "_tokens_per_s"]["median"]


BURNED = ", one core burned"
PREFILL_512, DECODE_0, DECODE_512 = (
    "mixture prefill, 512 tokens", "mixture decode at depth 0", "mixture decode at depth 512")
TRAINING = {"nano training, f32": trained("f32"), "nano training, bf16": trained("bf16")}
DEPTH_512 = {PREFILL_512: served("prefill", 1), DECODE_512: served("decode", 1)}
# The two programs have different flags for a depth.
PEER = {
    DECODE_0: {program: ["-p", "0", "-n", "64"] for program in ("llama.cpp", "ik_llama.cpp")},
    PREFILL_512: {program: ["-p", "512", "-n", "0"] for program in ("llama.cpp", "ik_llama.cpp")},
    DECODE_512: {"llama.cpp": ["-p", "0", "-n", "64", "-d", "512"],
                 "ik_llama.cpp": ["-p", "0", "-n", "0", "-gp", "512,64"]},
}


def burned(figures):
    return {name + BURNED: value for name, value in figures.items()}


def rows():
    yield Row("training", "nano", "train", ["-r", "1"], TRAINING)
    yield Row("training" + BURNED, "nano", "train", ["-r", "1"], burned(TRAINING), burned=True)
    for kv in ("f32", "bf16"):
        yield Row(f"nano decode, {kv} cache", "nano", "serve", ["-p", "64", "-n", "128", "-r", "5", "--kv", kv], {
            f"nano decode, {n} sequence{'s' if n > 1 else ''}, {kv} cache": served("decode", n) for n in (1, 8, 64)})
    yield Row("mixture depth 0", "mixture", "serve", ["-b", "1", "-p", "1", "-n", "64", "-r", "3"],
              {DECODE_0: served("decode", 1)}, peer={DECODE_0: PEER[DECODE_0]})
    deep, peer = ["-b", "1", "-p", "512", "-n", "64", "-r", "3"], {name: PEER[name] for name in DEPTH_512}
    yield Row("mixture depth 512", "mixture", "serve", deep, DEPTH_512, peer=peer)
    yield Row("mixture depth 512" + BURNED, "mixture", "serve", deep, burned(DEPTH_512), burned=True,
              peer=burned(peer))
    for n in (8, 16):
        yield Row(f"mixture {n} streams", "mixture", "serve", ["-b", str(n), "-p", "64", "-n", "64", "-r", "3"],
                  {f"mixture decode, {n} streams": served("decode", n)})


# ---- programs -------------------------------------------------------------------------------------------------------


def output_of(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip() or "no message").splitlines()[-1]
        raise Failure(f"{' '.join(str(word) for word in command)}: exit {done.returncode}: {reason}")
    return done.stdout


def parsed(command):
    text = output_of(command)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Failure(f"{' '.join(str(word) for word in command)}: its output is no JSON: {error}") from error


class Bench:
    """A build of r1. Older builds have no --only and measure more than is asked for."""

    def __init__(self, name, program, threads):
        self.name, self.program, self.threads = name, program, threads
        self.has_only = "--only" in output_of([program, "bench", "--help"])

    def report(self, only, flags=()):
        if self.has_only:
            flags = ["--only", only, *flags]
        else:
            least = [] if only == "serve" else ["-b", "1", "-p", "1", "-n", "1"]
            flags = [*flags, *least, *([] if only == "train" else ["--no-train"])]
        return parsed([self.program, "bench", *flags, "-t", self.threads, "--json"])

    def measure(self, row, models):
        report = self.report(row.only, ["-m", models[row.model], *row.flags])
        return {name: value(report) for name, value in row.figures.items()}


class LlamaBench:
    """llama-bench of llama.cpp or ik_llama.cpp."""

    def __init__(self, name, program, threads):
        self.name, self.program, self.threads = name, program, threads

    def measure(self, row, models):
        figures = {}
        for name, flags in row.peer.items():
            results = parsed([self.program, "-m", models[row.model], *flags[self.name], "-t", self.threads, "-r", "3",
                              "-o", "json"])
            figures[name] = results[-1]["avg_ts"]
        return figures


def probe(bench):
    report = bench.report("roofs")
    return {"f32_gflops": report["roof_f32_gflops"], "read_gb_per_s": report["roof_read_gb_per_s"]}


class Burner:
    """A process that keeps the last of the allowed processors busy."""

    def __enter__(self):
        last = max(os.sched_getaffinity(0))
        code = f"import os\nos.sched_setaffinity(0, [{last}])\nwhile True: pass"
        self.process = subprocess.Popen([sys.executable, "-c", code])

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


# ---- models ---------------------------------------------------------------------------------------------------------


def mixture_file(program, folder):
    """The mixture in Q4_K_M, made if it is not there."""
    path = folder / "small-mixture-q4_k_m.gguf"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    print(f"making {path}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        source, unfinished = pathlib.Path(temporary) / "mixture", pathlib.Path(temporary) / path.name
        source.mkdir()
        random_model.write_model(source)
        output_of([program, "quantize", source, "-o", unfinished, "--type", "q4_k_m"])
        unfinished.rename(path)
    return path


# ---- rounds ---------------------------------------------------------------------------------------------------------


def measure(row, programs, models, first, reference):
    """One measurement: the row with every program, from program `first` on, between two probes."""
    order = programs[first % len(programs):] + programs[:first % len(programs)]
    probes, figures = [probe(reference)], {}
    for program in order:
        if not isinstance(program, Bench) and not row.peer:
            continue
        if row.burned:
            with Burner():
                figures[program.name] = program.measure(row, models)
        else:
            figures[program.name] = program.measure(row, models)
    probes.append(probe(reference))
    return {"row": row.name, "probes": probes, "figures": figures}


def run_rounds(count, chosen, programs, models):
    measurements = []
    try:
        for number in range(count):
            for row in chosen:
                print(f"round {number + 1} of {count}: {row.name}", file=sys.stderr)
                measurements.append({"round": number + 1, **measure(row, programs, models, number, programs[0])})
    except KeyboardInterrupt:
        print("interrupted: the table holds what was measured", file=sys.stderr)
    return measurements


# ---- the table ------------------------------------------------------------------------------------------------------


def best_probes(measurements):
    probes = [p for m in measurements for p in m["probes"]]
    return {key: max(p[key] for p in probes) for key in ("f32_gflops", "read_gb_per_s")} if probes else {}


def is_void(measurement, best):
    return any(p[key] < LEAST_PROBE * best[key] for p in measurement["probes"] for key in best)


def number(value):
    return "" if value is None else f"{value:,.0f}"


def collected(result):
    """{figure: {program: [values of the measurements that count]}}, in the order of the rows; and how many are void."""
    best, figures, void = best_probes(result["measurements"]), {}, {}
    for m in result["measurements"]:
        for program, values in m["figures"].items():
            for name, value in values.items():
                figures.setdefault(name, {}).setdefault(program, [])
                void.setdefault(name, set())
                if is_void(m, best):
                    void[name].add(m["round"])
                else:
                    figures[name][program].append((m["round"], value))
    return figures, {name: len(rounds) for name, rounds in void.items()}


def ratio_of_pairs(values, other):
    """The median of the ratios within a round."""
    others = dict(other)
    ratios = [value / others[r] for r, value in values if others.get(r)]
    return f"{statistics.median(ratios):.2f}" if ratios else ""


def median(values):
    return statistics.median(value for _, value in values) if values else None


def markdown(result):
    programs = result["programs"]
    figures, void = collected(result)
    first, others = programs[0], programs[1:]
    head = ["tokens/s", *programs, *(f"{first} / {other}" for other in others), "rounds", "void"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, by_program in figures.items():
        own = by_program.get(first, [])
        cells = [name, *(number(median(by_program.get(p, []))) for p in programs),
                 *(ratio_of_pairs(own, by_program.get(p, [])) for p in others), str(len(own)), str(void[name])]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *kept_beside_a_burned_core(figures, programs), *probe_lines(result)]
    return "\n".join(lines) + "\n"


def kept_beside_a_burned_core(figures, programs):
    for name in figures:
        alone = name.removesuffix(BURNED)
        if alone == name or alone not in figures:
            continue
        kept = [f"{p} {100 * beside / whole:.0f} %" for p in programs
                if (beside := median(figures[name].get(p, []))) and (whole := median(figures[alone].get(p, [])))]
        if kept:
            yield f"- {alone}: speed that is left beside a burned core: {', '.join(kept)}"


def probe_lines(result):
    best = best_probes(result["measurements"])
    if not best:
        return
    worst = {key: min(p[key] for m in result["measurements"] for p in m["probes"]) for key in best}
    yield (f"- roofs on {result['threads']} threads: "
           f"f32 {worst['f32_gflops']:.0f} to {best['f32_gflops']:.0f} GFLOP/s, "
           f"reading {worst['read_gb_per_s']:.1f} to {best['read_gb_per_s']:.1f} GB/s ({result['processor']})")


def processor():
    try:
        names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    except OSError:
        names = []
    return f"{len(os.sched_getaffinity(0))} x {names[0]}" if names else "unknown processor"


# ---- command line ---------------------------------------------------------------------------------------------------


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--program", metavar="PATH", default=ROOT / "build/release/r1", type=pathlib.Path,
                   help="the build of r1 to measure (default: build/release/r1)")
    p.add_argument("--before", metavar="PATH", type=pathlib.Path, help="another build of r1, measured beside it")
    p.add_argument("--llama-bench", metavar="PATH", type=pathlib.Path, help="llama-bench of llama.cpp")
    p.add_argument("--ik-llama-bench", metavar="PATH", type=pathlib.Path, help="llama-bench of ik_llama.cpp")
    p.add_argument("--rounds", metavar="N", type=int, default=5, help="rounds (default: 5)")
    p.add_argument("--rows", metavar="WORD", action="append",
                   help="only rows whose name contains WORD; may be repeated")
    p.add_argument("--threads", metavar="N", type=int, default=len(os.sched_getaffinity(0)),
                   help="threads (default: the processors that this process may use)")
    p.add_argument("--models", metavar="FOLDER", default=ROOT / "build/bench", type=pathlib.Path,
                   help="where the random mixture is kept (default: build/bench)")
    p.add_argument("--json", metavar="FILE", type=pathlib.Path, help="writes every measurement to FILE")
    p.add_argument("--markdown", metavar="FILE", type=pathlib.Path, help="writes the table to FILE, not to stdout")
    p.add_argument("--from", dest="saved", metavar="FILE", type=pathlib.Path,
                   help="measures nothing and makes the table from a FILE that --json wrote")
    return p.parse_args()


def programs_of(options):
    wanted = [("r1", options.program, Bench), ("before", options.before, Bench),
              ("llama.cpp", options.llama_bench, LlamaBench), ("ik_llama.cpp", options.ik_llama_bench, LlamaBench)]
    flags = {"r1": "--program", "before": "--before", "llama.cpp": "--llama-bench", "ik_llama.cpp": "--ik-llama-bench"}
    for name, path, _ in wanted:
        if path and not (path.is_file() and os.access(path, os.X_OK)):
            raise Failure(f"{flags[name]} {path}: not a program that can be run")
    return [kind(name, path.resolve(), options.threads) for name, path, kind in wanted if path]


def chosen_rows(words):
    chosen = [row for row in rows() if not words or any(word in row.name for word in words)]
    if not chosen:
        raise Failure(f"--rows {' '.join(words)}: no row has such a name; the rows are: "
                      f"{'; '.join(row.name for row in rows())}")
    return chosen


def load(path):
    try:
        result = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise Failure(f"--from {path}: {error}") from error
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        raise Failure(f"--from {path}: not a file of bench/small --json in format {FORMAT}")
    return result


def measured(options):
    if options.rounds < 1 or options.threads < 1:
        raise Failure(f"--rounds {options.rounds} and --threads {options.threads} must be at least 1")
    programs, chosen = programs_of(options), chosen_rows(options.rows)
    models = {"nano": ROOT / "models/nano"}
    if any(row.model == "mixture" for row in chosen):
        models["mixture"] = mixture_file(options.program, options.models)
    return {"format": FORMAT, "processor": processor(), "threads": options.threads,
            "programs": [p.name for p in programs], "paths": {p.name: str(p.program) for p in programs},
            "measurements": run_rounds(options.rounds, chosen, programs, models)}


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = arguments()
    try:
        result = load(options.saved) if options.saved else measured(options)
        if options.json:
            options.json.write_text(json.dumps(result, indent=1) + "\n")
        table = markdown(result)
        options.markdown.write_text(table) if options.markdown else print(table, end="")
    except (Failure, OSError) as error:
        sys.exit(f"bench/small: {error}")


main()
