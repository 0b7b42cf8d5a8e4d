"""What ``emseg-bench tune`` costs beside its trials: the same trials again, without a study.

    python scripts/bench_tuning.py
    python scripts/bench_tuning.py --trials 4 --iterations 20 --repeats 1

A study of a tiny network tunes its weight decay, which takes no time.  Then the very trials that it made run
in another folder as those of ``run`` do: all known beforehand, nobody asked and nobody told.  Both are
repeated with other seeds; measured is the time from the first trial's beginning to
the last one's end.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from tiny_trials import Lab

SPACE = "recipe.weight_decay: {low: 0.00001, high: 0.01, log: true}\n"


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=20, help="of a study")
    parser.add_argument("--iterations", type=int, default=800, help="of each trial's training")
    parser.add_argument("--repeats", type=int, default=6)
    parser.add_argument("--again", type=Path, metavar="STUDIED", help=argparse.SUPPRESS)
    return parser.parse_args()


def tune(lab: Lab, seed: int, options: argparse.Namespace) -> float:
    """Make a study; return the seconds of its trials together."""
    space = lab.root / "space.yaml"
    space.write_text(SPACE)
    asked = (f"--seed={seed}", f"--space={space}", "--device=cpu")
    command = lab.tune_command(options.trials, options.iterations, *asked)
    return lab.timed(command, options.trials)[0]


def run(lab: Lab, studied: Path, options: argparse.Namespace) -> float:
    """Run the trials of a study; return the seconds of all together."""
    command = [sys.executable, __file__, "--again", str(studied)]
    return lab.timed(command, options.trials)[0]


def run_again(studied: Path, results: Path) -> int:
    """Run the trials that a study made as a plan of its own."""
    from emseg_bench.benchmark.contracts.running import Runtime
    from emseg_bench.benchmark.executors.local import LocalExecutor
    from emseg_bench.benchmark.experiments.planning import Plan
    from emseg_bench.benchmark.files.store import Store
    from emseg_bench.benchmark.plugins.loading import installed_plugins
    from emseg_bench.benchmark.trials.records import load_record
    from emseg_bench.benchmark.trials.session import run_plan

    records = [load_record(folder) for folder in Store(studied).trials()]
    plan = Plan({one.fingerprint: one.spec for one in records if one.spec.purpose == "tune"}, ())
    executor = LocalExecutor(Runtime())
    outcome = run_plan(plan, Store(results), executor, installed_plugins(), lambda _: None)
    return 1 if outcome.failed else 0


def main() -> int:
    """Measure both in turn and print medians."""
    options = parse()
    if options.again:
        return run_again(options.again, Path("results"))
    shares = []
    with tempfile.TemporaryDirectory(prefix="tuning-") as temporary:
        lab = Lab(Path(temporary) / "lab")
        lab.build()
        tune(lab, 0, argparse.Namespace(trials=1, iterations=2))  # draws the data
        for seed in range(options.repeats):
            lab.forget()
            tuned = tune(lab, seed, options)
            studied = lab.results.rename(lab.root / "studied")
            alone = run(lab, studied, options)
            shutil.rmtree(studied)
            shares.append(tuned / alone - 1)
            print(f"{tuned:.1f} s by tune, {alone:.1f} s without: {100 * shares[-1]:+.1f} %", flush=True)
    middle, least, most = (100 * of(shares) for of in (statistics.median, min, max))
    print(
        f"{options.trials} trials of {options.iterations} steps: {middle:+.1f} % of time by tune "
        f"(median of {options.repeats}; {least:+.1f} to {most:+.1f})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
