"""Measures rows of a table in rounds: what bench/small and bench/large share.

Rounds are interleaved: in every round each row of the table is measured once with every program, and the roofs of the
machine are measured before and after. A measurement is void if one of its probes fell below 80 % of the best probe of
the whole run: then other programs had a part of the machine.
"""
import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEAST_PROBE = 0.8
FORMAT = 1


class Failure(Exception):
    pass


class Row:
    """A call of `r1 bench` and the figures that it gives. `only` is the part of the benchmark that it runs.
    peer[figure] is a Task for the programs of llama.cpp that gives the same figure."""

    def __init__(self, name, model, only, flags, figures, burned=False, peer=None):
        self.name, self.model, self.only, self.flags = name, model, only, flags
        self.figures, self.burned, self.peer = figures, burned, peer or {}


class Task:
    """What llama-bench measures: a prompt of so many tokens; or tokens that are drawn behind `depth` cached ones; or
    `streams` sequences at once, each with a prompt of its own."""

    def __init__(self, prompt=0, tokens=0, depth=0, streams=1):
        self.prompt, self.tokens, self.depth, self.streams = prompt, tokens, depth, streams


def trained(inputs):
    return lambda report: next(t for t in report["train"] if t["inputs"] == inputs)["tokens_per_s"]["median"]


def served(what, batch):
    return lambda report: next(s for s in report["serve"] if s["batch"] == batch)[what + "_tokens_per_s"]["median"]


BURNED = ", one core burned"


def burned(figures):
    return {name + BURNED: value for name, value in figures.items()}


# ---- programs -------------------------------------------------------------------------------------------------------


def output_of(command, folder=None):
    """The standard output of a command. `folder` is where it runs: some of ik_llama.cpp's programs write a log there,
    and their table to either stream, so with a folder both streams are returned."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=folder)
    if done.returncode != 0:
        reason = (done.stderr.strip() or "no message").splitlines()[-1]
        raise Failure(f"{' '.join(str(word) for word in command)}: exit {done.returncode}: {reason}")
    return done.stdout + done.stderr if folder else done.stdout


def parsed(command):
    text = output_of(command)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Failure(f"{' '.join(str(word) for word in command)}: its output is no JSON: {error}") from error


class Bench:
    """A build of r1. Older builds have no --only and measure more than is asked for; builds without --kv keep keys and
    values in f32."""

    def __init__(self, name, program, threads):
        self.name, self.program, self.threads = name, program, threads
        usage = output_of([program, "bench", "--help"])
        self.has_only, self.has_kv = "--only" in usage, "--kv" in usage

    def report(self, only, flags=()):
        if self.has_only:
            flags = ["--only", only, *flags]
        else:
            least = [] if only == "serve" else ["-b", "1", "-p", "1", "-n", "1"]
            flags = [*flags, *least, *([] if only == "train" else ["--no-train"])]
        return parsed([self.program, "bench", *flags, "-t", self.threads, "--json"])

    def measure(self, row, models):
        flags = list(row.flags)
        if "--kv" in flags and not self.has_kv:
            at = flags.index("--kv")
            if flags[at + 1] != "f32":
                return {}
            del flags[at:at + 2]
        report = self.report(row.only, ["-m", models[row.model], *flags])
        return {name: value(report) for name, value in row.figures.items()}


class LlamaBench:
    """llama-bench of llama.cpp or ik_llama.cpp; for several streams, the llama-batched-bench beside it. `repacked` is
    for ik_llama.cpp: its weights get the layout of its kernels when it starts."""

    def __init__(self, name, program, threads, repacked=False):
        self.name, self.program, self.threads, self.repacked = name, program, threads, repacked
        self.batched = program.with_name("llama-batched-bench")
        # Only llama.cpp has a flag for a depth; ik_llama.cpp measures tokens behind a prompt with -gp.
        self.has_depth = "--n-depth" in output_of([program, "--help"])

    def measure(self, row, models):
        figures = {}
        for name, task in row.peer.items():
            try:
                figures[name] = (self.streams if task.streams > 1 else self.alone)(models[row.model], task)
            except (Failure, OSError) as error:
                print(f"  without {self.name}: {error}", file=sys.stderr)
        return figures

    def alone(self, model, task):
        if task.depth and not self.has_depth:
            work = ["-p", "0", "-n", "0", "-gp", f"{task.depth},{task.tokens}"]
        else:
            work = ["-p", task.prompt, "-n", task.tokens, *(["-d", task.depth] if task.depth else [])]
        repacked = ["-rtr", "1"] if self.repacked else []
        results = parsed([self.program, "-m", model, *work, "-t", self.threads, "-r", "2", *repacked, "-o", "json"])
        return results[-1]["avg_ts"]

    def streams(self, model, task):
        total, repacked = task.streams * (task.prompt + task.tokens), ["-rtr"] if self.repacked else []
        text = output_of([self.batched, "-m", model, "-c", max(total, 512), "-npp", task.prompt, "-ntg", task.tokens,
                          "-npl", task.streams, "-t", self.threads, *repacked], folder="/tmp")
        return batched_speed(text)


def batched_speed(text):
    """Tokens per second in the last row of the table that llama-batched-bench prints."""
    table = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("|")]
    if len(table) < 3:
        raise Failure("llama-batched-bench: no table in its output")
    return float(table[-1][table[0].index("S_TG t/s")])


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


def medians(result):
    """{figure: {program: tokens/s}}, without the programs that have none."""
    figures, _ = collected(result)
    return {name: {program: median(values) for program, values in by_program.items() if values}
            for name, by_program in figures.items()}


def median(values):
    return statistics.median(value for _, value in values) if values else None


def best_of_peers(by_program):
    """(round, value) of the fastest peer in each round."""
    rounds = {}
    for program, values in by_program.items():
        if program not in ("r1", "before"):
            for r, value in values:
                rounds[r] = max(value, rounds.get(r, 0))
    return list(rounds.items())


def markdown(result):
    programs = result["programs"]
    figures, void = collected(result)
    has_before, has_peers = "before" in programs, any(p not in ("r1", "before") for p in programs)
    head = ["tokens/s", *programs, *(["r1 / before"] if has_before else []),
            *(["r1 / best peer"] if has_peers else []), "rounds", "void"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, by_program in figures.items():
        own = by_program.get("r1", [])
        cells = [name, *(number(median(by_program.get(p, []))) for p in programs),
                 *([ratio_of_pairs(own, by_program.get("before", []))] if has_before else []),
                 *([ratio_of_pairs(own, best_of_peers(by_program))] if has_peers else []),
                 str(len(own)), str(void[name])]
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


def arguments(script):
    p = argparse.ArgumentParser(description=script.description, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--program", metavar="PATH", default=ROOT / "build/release/r1", type=pathlib.Path,
                   help="the build of r1 to measure (default: build/release/r1)")
    p.add_argument("--before", metavar="PATH", type=pathlib.Path, help="another build of r1, measured beside it")
    p.add_argument("--llama-bench", metavar="PATH", type=pathlib.Path, help="llama-bench of llama.cpp")
    p.add_argument("--ik-llama-bench", metavar="PATH", type=pathlib.Path,
                   help="llama-bench of ik_llama.cpp, measured with its weights as they are in the file and repacked")
    p.add_argument("--rounds", metavar="N", type=int, default=script.rounds,
                   help=f"rounds (default: {script.rounds})")
    p.add_argument("--rows", metavar="WORD", action="append",
                   help="only rows whose name contains WORD; may be repeated")
    p.add_argument("--threads", metavar="N", type=int, default=len(os.sched_getaffinity(0)),
                   help="threads (default: the processors that this process may use)")
    p.add_argument("--models", metavar="FOLDER", default=ROOT / "build/bench", type=pathlib.Path,
                   help="where the random models are kept (default: build/bench)")
    p.add_argument("--json", metavar="FILE", type=pathlib.Path, help="writes every measurement to FILE")
    p.add_argument("--markdown", metavar="FILE", type=pathlib.Path, help="writes the table to FILE, not to stdout")
    p.add_argument("--from", dest="saved", metavar="FILE", type=pathlib.Path,
                   help="measures nothing and makes the table from a FILE that --json wrote")
    if script.picture:
        p.add_argument("--picture", metavar="FILE", type=pathlib.Path, help="draws the table beside the roofs, as SVG")
    return p.parse_args()


def programs_of(options):
    paths = {"--program": options.program, "--before": options.before, "--llama-bench": options.llama_bench,
             "--ik-llama-bench": options.ik_llama_bench}
    for flag, path in paths.items():
        if path and not (path.is_file() and os.access(path, os.X_OK)):
            raise Failure(f"{flag} {path}: not a program that can be run")
    result = [Bench("r1", options.program.resolve(), options.threads)]
    if options.before:
        result.append(Bench("before", options.before.resolve(), options.threads))
    if options.llama_bench:
        result.append(LlamaBench("llama.cpp", options.llama_bench.resolve(), options.threads))
    if options.ik_llama_bench:
        path = options.ik_llama_bench.resolve()
        result.append(LlamaBench("ik_llama.cpp", path, options.threads))
        result.append(LlamaBench("ik, repacked", path, options.threads, repacked=True))
    return result


def chosen_rows(rows, words):
    chosen = [row for row in rows if not words or any(word in row.name for word in words)]
    if not chosen:
        raise Failure(f"--rows {' '.join(words)}: no row has such a name; the rows are: "
                      f"{'; '.join(row.name for row in rows)}")
    return chosen


def load(path):
    try:
        result = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise Failure(f"--from {path}: {error}") from error
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        raise Failure(f"--from {path}: not a file that --json wrote in format {FORMAT}")
    return result


def measured(script, options):
    if options.rounds < 1 or options.threads < 1:
        raise Failure(f"--rounds {options.rounds} and --threads {options.threads} must be at least 1")
    programs, chosen = programs_of(options), chosen_rows(script.rows, options.rows)
    models = {name: script.model_path(name, options.program, options.models) for name in
              dict.fromkeys(row.model for row in chosen)}
    return {"format": FORMAT, "processor": processor(), "threads": options.threads,
            "programs": [p.name for p in programs], "paths": {p.name: str(p.program) for p in programs},
            "bytes": {row.name: models[row.model].stat().st_size for row in chosen if models[row.model].is_file()},
            "measurements": run_rounds(options.rounds, chosen, programs, models)}


class Script:
    """A table: its rows, and model_path(name, program, folder), which makes the model of a row if it is not there and
    returns its path. picture(result), if there is one, draws it."""

    def __init__(self, name, description, rows, rounds, model_path, picture=None):
        self.name, self.description, self.rows, self.rounds = name, description, rows, rounds
        self.model_path, self.picture = model_path, picture


def main(script):
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = arguments(script)
    try:
        result = load(options.saved) if options.saved else measured(script, options)
        if options.json:
            options.json.write_text(json.dumps(result, indent=1) + "\n")
        table = markdown(result)
        options.markdown.write_text(table) if options.markdown else print(table, end="")
        if script.picture and options.picture:
            options.picture.write_text(script.picture(result))
    except (Failure, OSError) as error:
        sys.exit(f"{script.name}: {error}")
