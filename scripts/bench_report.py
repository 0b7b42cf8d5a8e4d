"""How long a report over many trials takes, from the records on disk to the page.

    python scripts/bench_report.py results --trials 10000 --boards 4

Takes a complete trial of a results folder, multiplies it in a temporary folder into boards of models
and seeds with random scores, and times reading and writing apart.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from emseg_bench.benchmark.contracts.records import Record
from emseg_bench.benchmark.files.clock import now
from emseg_bench.benchmark.files.garbage import cycles_kept
from emseg_bench.benchmark.files.hashing import sha256_of
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.trials.boards import load_boards
from emseg_bench.benchmark.trials.kept_files import hash_files
from emseg_bench.benchmark.trials.records import load_record, write_record
from emseg_bench.reports.build import build

SEEDS = 50
"""Of each model."""
UNSETTLED_S = 2.5
"""So long after a change nothing is remembered of a file."""


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, help="a results folder with a complete trial")
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--boards", type=int, default=4)
    return parser.parse_args()


def multiply(source: TrialFolder, store: Store, trials: int, boards: int) -> None:
    """Write copies of a trial that differ in data, model, seed and scores."""
    record, cases = load_record(source), pd.read_parquet(source.cases)
    rng = np.random.default_rng(0)
    for number in range(trials):
        board, rest = number % boards, number // boards
        copy = vary(record, board, rest // SEEDS, rest % SEEDS)
        folder = store.trial(copy.fingerprint)
        folder.path.mkdir(parents=True)
        cases.assign(value=rng.random(len(cases))).to_parquet(folder.cases, index=False)
        for path in (source.curve, source.sanity):
            shutil.copyfile(path, folder.path / path.name)
        write_record(folder, replace(copy, files=hash_files(folder)))


def vary(record: Record, board: int, model: int, seed: int) -> Record:
    """Make a record of another board, model and seed."""
    spec = record.spec
    changed = replace(
        spec,
        seed=seed,
        model=replace(spec.model, name=f"model{model}", label=f"model{model}@scratch"),
        dataset=replace(spec.dataset, label=f"data{board}", manifest_sha256=sha256_of(board)),
    )
    return replace(record, spec=changed, fingerprint=sha256_of([board, model, seed]))


def main() -> int:
    """Print both times."""
    options = parse()
    complete = [folder for folder in Store(options.results).trials() if folder.is_complete()]
    if not complete:
        print(f"there is no complete trial in {options.results}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(dir=options.results) as temporary:
        store = Store(Path(temporary))
        multiply(complete[0], store, options.trials, options.boards)
        time.sleep(UNSETTLED_S)
        size = f"{options.trials} trials on {options.boards} boards"
        print(f"{size}, load {os.getloadavg()[0]:.1f}; seconds (of processors)")
        for source in ("all files", "the index"):
            with cycles_kept():  # as the command does
                report(store, source)
    return 0


def report(store: Store, source: str) -> None:
    """Make the report, and print how long that took."""
    clocks = [(time.perf_counter(), time.process_time())]
    boards = load_boards(store).boards
    clocks.append((time.perf_counter(), time.process_time()))
    sections = list(load_plugins().catalogue.report_sections)
    build(boards, sections, store.report, generated=now(), version="benchmark")
    clocks.append((time.perf_counter(), time.process_time()))
    told = [
        f"{name} {end[0] - start[0]:.1f} ({end[1] - start[1]:.1f})"
        for name, start, end in zip(
            ("reading", "writing", "together"),
            (clocks[0], clocks[1], clocks[0]),
            (clocks[1], clocks[2], clocks[2]),
            strict=True,
        )
    ]
    print(f"from {source}: {', '.join(told)}")


if __name__ == "__main__":
    sys.exit(main())
