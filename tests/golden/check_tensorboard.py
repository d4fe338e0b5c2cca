"""Reads the event files of training runs with TensorBoard's own reader and compares every number with metrics.jsonl.

    V/bin/pip install tensorboard
    V/bin/python tests/golden/check_tensorboard.py runs/a runs/b ...

Every number of every line of metrics.jsonl must be a scalar with the number's name as its tag, at the line's step, with
the number's value rounded to f32, and there must be no other scalars. `null`, which metrics.jsonl has for what is not
finite, is no scalar. Prints a line for each run, and exits with 1 at the first run that differs.
"""

import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing import event_accumulator


def as_f32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def numbers_of(row):
    return {
        name: as_f32(value)
        for name, value in row.items()
        if name != "step" and isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def check(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    expected = {}
    for row in rows:
        for name, value in numbers_of(row).items():
            expected.setdefault(name, []).append((row["step"], value))

    # 0: keep all events, not a sample of them.
    reader = event_accumulator.EventAccumulator(str(run), size_guidance={event_accumulator.SCALARS: 0})
    reader.Reload()
    tags = reader.Tags()
    others = [kind for kind, found in tags.items() if found and kind != "scalars"]
    if others:
        raise SystemExit(f"{run}: the event file holds more than scalars: {others}")
    if set(tags["scalars"]) != set(expected):
        raise SystemExit(f"{run}: tags that only one of the two has: {sorted(set(tags['scalars']) ^ set(expected))}")
    count = 0
    for name, values in expected.items():
        found = [(event.step, event.value) for event in reader.Scalars(name)]
        if found != values:
            where = next((pair for pair in zip(found, values) if pair[0] != pair[1]), (len(found), len(values)))
            raise SystemExit(f"{run}: {name}: the event file has {where[0]}, metrics.jsonl {where[1]}")
        count += len(values)
    print(f"{run}: {count} numbers of {len(rows)} lines under {len(expected)} tags are equal")


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    for run in sys.argv[1:]:
        check(pathlib.Path(run))


if __name__ == "__main__":
    main()
