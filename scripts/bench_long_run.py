"""What the process of ``emseg-bench run`` holds while it runs more and more trials: it must not grow.

    python scripts/bench_long_run.py
    python scripts/bench_long_run.py --trials 200 --real 10

A thousand trials are given to an executor that trains nothing and only writes records, then some real ones
to ``local``.  Printed are the command's resident memory, open descriptors and threads after so many trials,
and their growth per trial over the last two thirds.  The exit code is 1 if memory grows by more than
`MOST_KIB` a trial (and `STEP_KIB` in all), or descriptors or threads grow at all.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tiny_trials import HELD, Lab, holding

MOST_KIB = 4.0
"""That a plan, its outcome and an index of names may take up for each further trial."""
STEP_KIB = 128.0
"""That the allocator takes at once: less between the halves of few trials is no growth that is known."""
POLL_S = 0.1
ROWS = 6

Held = tuple[int, int, int]
"""Memory in KiB, descriptors, threads."""


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1000, help="that train nothing")
    parser.add_argument("--real", type=int, default=40, help="that do; 0: none")
    return parser.parse_args()


def trivial(lab: Lab, trials: int) -> list[Held]:
    """Run trials that train nothing; say what the command held after each."""
    command = lab.command(range(trials), 2, "--executor=trivial", "--device=cpu", models=("tiny",))
    lab.start(command).wait()
    held = lab.root / HELD
    if not held.exists():
        raise SystemExit(lab.said().decode())
    rows = (line.split(",") for line in held.read_text(encoding="utf-8").splitlines())
    return [(int(kib), int(descriptors), int(threads)) for kib, descriptors, threads in rows]


def real(lab: Lab, trials: int) -> list[Held]:
    """Run trials by the local executor; say what the command held when one more had ended."""
    command = lab.start(lab.command(range(trials), 2, "--device=cpu", models=("tiny",)))
    found: list[Held] = []
    while command.poll() is None:
        if len([*lab.results.glob("trials/*/record.json")]) > len(found):
            found.append(holding(command.pid))
        time.sleep(POLL_S)
    if command.returncode:
        raise SystemExit(lab.said().decode())
    return found


def growth(held: Sequence[Held]) -> tuple[float, ...]:
    """Say by how much each figure grows per trial over the last two thirds: the median of pairs far apart."""
    late = held[len(held) // 3 :]
    half = max(1, len(late) // 2)
    slopes = [
        sorted((end[column] - begin[column]) / half for begin, end in zip(late, late[half:], strict=False))
        for column in range(3)
    ]
    return tuple(slope[len(slope) // 2] if slope else 0.0 for slope in slopes)


def tell(name: str, held: Sequence[Held]) -> bool:
    """Print a table; return whether nothing grows."""
    grows = growth(held)
    print(f"\n| {name} | memory, MiB | descriptors | threads |\n|---:|---:|---:|---:|")
    for number in sorted({round(i * (len(held) - 1) / (ROWS - 1)) for i in range(ROWS)}):
        kib, descriptors, threads = held[number]
        print(f"| {number + 1:,} | {kib / 1024:.1f} | {descriptors} | {threads} |")
    print(f"\ngrowth per trial: {grows[0]:.2f} KiB, {grows[1]:.3f} descriptors, {grows[2]:.3f} threads")
    is_flat = grows[0] <= MOST_KIB or grows[0] * (len(held) // 3) <= STEP_KIB
    return is_flat and grows[1] <= 0 and grows[2] <= 0


def main() -> int:
    """Run both and print both tables."""
    options = parse()
    flat = []
    for name, run, trials in (("trivial trials", trivial, options.trials), ("trials", real, options.real)):
        if trials:
            with tempfile.TemporaryDirectory(prefix="long-run-") as temporary:
                lab = Lab(Path(temporary) / "lab")
                lab.build()
                flat.append(tell(name, run(lab, trials)))
    return 0 if all(flat) else 1


if __name__ == "__main__":
    sys.exit(main())
