"""How much faster two workers are than one, on trials of one thread each.

    python scripts/bench_workers.py
    python scripts/bench_workers.py --trials 4 --iterations 20 --repeats 1 --anyway

The same grid of tiny trials runs with ``--workers 1`` and ``--workers 2`` in turn, each time in a new results
folder; data and compiled code are in place before the first.  Measured is the time from the first trial's
beginning to the last one's end, and beside it that of the whole command, which starts and reports once.
Before each run the machine is looked at: where others keep it busy, nothing is measured, unless ``--anyway``
is given.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

import psutil
from tiny_trials import Lab

LOOK_S = 3.0
LOOKS = 5
MOST_BUSY = 0.1
"""Of one processor's time, that others may take on a quiet machine."""
CORES = 2


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--iterations", type=int, default=1500, help="of each trial's training")
    parser.add_argument("--repeats", type=int, default=5, help="of either number of workers")
    parser.add_argument("--anyway", action="store_true", help="measure on a machine that is busy, too")
    return parser.parse_args()


def busy() -> float:
    """Return how many processors others keep busy; a host's work for other machines is none of theirs."""
    shares = psutil.cpu_times_percent(LOOK_S)
    return (shares.user + shares.nice + shares.system) / 100 * (os.cpu_count() or 1)


def measure(root: Path, workers: int, options: argparse.Namespace) -> tuple[float, float]:
    """Run the grid; return the seconds of its trials together, and of the command."""
    lab = Lab(root)
    command = lab.command(
        range(options.trials), options.iterations, "--device=cpu", f"--workers={workers}", models=("tiny",)
    )
    return lab.timed(command, options.trials)


def quiet(options: argparse.Namespace) -> bool:
    """Look at the machine; say what was seen, and whether that allows to measure."""
    for _ in range(LOOKS):  # the run before may still be clearing up
        if (others := busy()) <= MOST_BUSY:
            break
    print(f"others keep {others:.2f} processors busy, load {os.getloadavg()[0]:.1f}", flush=True)
    return others <= MOST_BUSY or options.anyway


def main() -> int:
    """Measure in turn and print medians."""
    options = parse()
    if (os.cpu_count() or 1) < CORES:
        print(f"this machine has fewer than {CORES} processors", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="workers-") as temporary:
        seconds = repeat(Path(temporary) / "lab", options)
    if not seconds:
        print("the machine is busy; nothing was measured: --anyway measures nevertheless", file=sys.stderr)
        return 2
    print("\n| workers | trials, s | command, s |\n|---:|---:|---:|")
    medians = {
        workers: [statistics.median(column) for column in zip(*pairs, strict=True)]
        for workers, pairs in seconds.items()
    }
    for workers, (of_trials, of_command) in medians.items():
        print(f"| {workers} | {of_trials:.1f} | {of_command:.1f} |")
    ratios = [one[0] / two[0] for one, two in zip(seconds[1], seconds[2], strict=True)]
    wholes = [one[1] / two[1] for one, two in zip(seconds[1], seconds[2], strict=True)]
    trials, commands = statistics.median(ratios), statistics.median(wholes)
    print(
        f"\nin the median of {len(ratios)} pairs two workers are {trials:.2f} times as fast as one "
        f"({min(ratios):.2f} to {max(ratios):.2f}); whole commands {commands:.2f} times"
    )
    return 0


def repeat(root: Path, options: argparse.Namespace) -> dict[int, list[tuple[float, float]]]:
    """Measure one and two workers in turn; give nothing as soon as the machine is busy."""
    Lab(root).build()
    measure(root, CORES, argparse.Namespace(trials=1, iterations=2))  # draws the data
    seconds: dict[int, list[tuple[float, float]]] = {1: [], CORES: []}
    for number in range(options.repeats):
        for workers in sorted(seconds, reverse=bool(number % 2)):
            if not quiet(options):
                return {}
            Lab(root).forget()
            seconds[workers].append(measure(root, workers, options))
            print(f"{workers} workers: {seconds[workers][-1][0]:.1f} s", flush=True)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
