"""How long ``emseg-bench run`` takes on a complete grid, against the interpreter's start.

    python scripts/bench_rerun.py
    python scripts/bench_rerun.py --seeds 500
    python scripts/bench_rerun.py --runs 21 results --options "--models unet,retina"

Without a results folder a grid of two networks is run first, in a temporary one; of many seeds one is
trained, and the others' trials are copies of its tables with random scores, under their own fingerprints.
Each command is timed in turn with ``python -c pass``; printed are medians of wall and processor time, and
the machine's load.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.trials.kept_files import hash_files
from emseg_bench.benchmark.trials.records import load_record, write_record

COMMAND = str(Path(sys.executable).with_name("emseg-bench"))
GRID = (
    "--models unet[encoder=resnet18],fpn[encoder=resnet18] --datasets synthetic-em[train=2,val=1,test=2] "
    "--recipe smoke --set recipe.iterations=2 --set recipe.crop=64"
)
UNSETTLED_S = 2.5
"""So long after a change nothing is remembered of a file."""


def seconds(command: list[str]) -> tuple[float, float]:
    """Run a command; return its wall time and the processor time of it and its children (s)."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} ended with {done.returncode}: {done.stderr}")
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def multiply(results: Path, seeds: int) -> None:
    """Write a copy of every trial for each further seed."""
    store = Store(results)
    rng = np.random.default_rng(0)
    for source in [*store.trials()]:
        record, cases = load_record(source), pd.read_parquet(source.cases)
        for seed in range(1, seeds):
            spec = replace(record.spec, seed=seed)
            folder = store.trial(fingerprint(spec))
            folder.path.mkdir()
            for path in (source.curve, source.sanity):
                shutil.copyfile(path, folder.path / path.name)
            cases.assign(value=rng.random(len(cases))).to_parquet(folder.cases, index=False)
            copy = replace(record, spec=spec, fingerprint=fingerprint(spec), files=hash_files(folder))
            write_record(folder, copy)


def compare(command: list[str], runs: int) -> None:
    """Time a command and the interpreter in turn, and print medians."""
    pairs = [(seconds(command), seconds([sys.executable, "-c", "pass"])) for _ in range(runs)]
    for name, place in (("wall", 0), ("processor", 1)):
        own = statistics.median(one[place] for one, _ in pairs)
        least = statistics.median(other[place] for _, other in pairs)
        print(f"{name:9} {own:5.2f} s, python -c pass {least:5.3f} s: {own / least:4.1f} times")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"load {load:.1f} on {os.cpu_count()} processors")


def main() -> int:
    """Run the grid until it is complete and remembered, then time it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, nargs="?", help="a results folder; none: a new, small one")
    parser.add_argument("--options", default=GRID, help="of the run that filled it")
    parser.add_argument("--seeds", type=int, default=1, help="of the small grid")
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        results = options.results or Path(temporary)
        command = [COMMAND, "run", *shlex.split(options.options), "--out", str(results)]
        seconds(command)
        if not options.results and options.seeds > 1:
            multiply(results, options.seeds)
            command += ["--seeds", ",".join(map(str, range(options.seeds)))]
        first = seconds(command)
        print(f"the first time, which reports them: {first[0]:.1f} s ({first[1]:.1f} s of processors)")
        time.sleep(UNSETTLED_S)
        seconds(command)
        compare(command, options.runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
