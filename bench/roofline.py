"""Draws what bench/large measured beside the roofs of its probes, as SVG: decoding over the bytes that a token reads,
prefill over the types of weights."""
import math

COLOURS = {"r1": "#c2410c", "before": "#9ca3af", "llama.cpp": "#2563eb", "ik_llama.cpp": "#0d9488",
           "ik, repacked": "#7c3aed"}
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 1060, 480, 60, 64, 90
PANEL = 420


def text(x, y, words, size=12, anchor="start", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" {extra}>{words}</text>'


def line(x1, y1, x2, y2, colour="#d1d5db", width=1, dash=""):
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"{dashes}/>')


def dot(x, y, colour):
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" fill-opacity="0.8"/>'


class Axis:
    """Maps the logarithm of a value to a place on the picture."""

    def __init__(self, low, high, begin, end):
        self.low, self.high, self.begin, self.end = math.log(low), math.log(high), begin, end

    def __call__(self, value):
        return self.begin + (math.log(value) - self.low) / (self.high - self.low) * (self.end - self.begin)


def grid(x0, axis, ticks):
    for tick in ticks:
        y = axis(tick)
        yield line(x0, y, x0 + PANEL, y)
        yield text(x0 - 6, y + 4, f"{tick:g}", 11, "end")


def decode_panel(rows, reading):
    """rows: (type, gigabytes a token reads, {program: tokens/s})."""
    sizes = [gigabytes for _, gigabytes, _ in rows]
    x = Axis(min(sizes) * 0.9, max(sizes) * 1.1, LEFT, LEFT + PANEL)
    y = Axis(1, 100, HEIGHT - BOTTOM, TOP)
    yield from grid(LEFT, y, (1, 2, 5, 10, 20, 50, 100))
    yield text(LEFT, TOP - 16, "decoding: tokens/s over GB that a token reads", 14)
    for tick in (0.3, 0.5, 1, 2, 4, 6):
        if min(sizes) * 0.9 < tick < max(sizes) * 1.1:
            yield text(x(tick), HEIGHT - BOTTOM + 18, f"{tick:g}", 11, "middle")
    for rate, words, below in zip(reading, ("slowest probe", "fastest probe"), (16, -6)):
        ends = [(max(size, rate / 100), rate / max(size, rate / 100)) for size in (min(sizes), max(sizes))]
        (x1, y1), (x2, y2) = ends
        yield line(x(x1), y(y1), x(x2), y(y2), "#111827", 1, "5 4")
        yield text(x(x2), y(y2) + below, f"reading {rate:.0f} GB/s, {words}", 11, "end")
    for kind, gigabytes, figures in rows:
        for program, value in figures.items():
            yield dot(x(gigabytes), y(value), COLOURS[program])


def prefill_panel(rows, f32_roof, operations):
    x0 = LEFT + PANEL + 80
    y = Axis(20, 1000, HEIGHT - BOTTOM, TOP)
    yield from grid(x0, y, (20, 50, 100, 200, 500, 1000))
    yield text(x0, TOP - 16, "prefill of 256 tokens: GOP/s", 14)
    yield line(x0, y(f32_roof), x0 + PANEL, y(f32_roof), "#111827", 1, "5 4")
    yield text(x0 + PANEL, y(f32_roof) + 16, f"f32 multiply-adds {f32_roof:.0f} GFLOP/s", 11, "end")
    for i, (kind, figures) in enumerate(rows):
        x = x0 + (i + 0.5) * PANEL / len(rows)
        place = HEIGHT - BOTTOM + 10
        yield text(x + 4, place, kind, 10, "end", f'transform="rotate(-60 {x + 4:.1f} {place})"')
        for program, value in figures.items():
            yield dot(x, y(value * operations / 1e9), COLOURS[program])


def picture(decode, prefill, programs, probes, operations):
    """decode: (type, GB, {program: tokens/s}); prefill: (type, {program: tokens/s}); probes: the reports of the roofs;
    operations: of one token."""
    reading = [pick(p["read_gb_per_s"] for p in probes) for pick in (min, max)]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *decode_panel(decode, reading),
             *prefill_panel(prefill, max(p["f32_gflops"] for p in probes), operations)]
    for i, program in enumerate(programs):
        parts += [dot(LEFT + 130 * i, 16, COLOURS[program]), text(LEFT + 130 * i + 10, 20, program)]
    return "\n".join([*parts, "</svg>"]) + "\n"
