"""The same trials under every executor: whether they are the same trials, with the same scores.

    python scripts/same_everywhere.py
    python scripts/same_everywhere.py --executors "local,slurm[partition=gpu],ray[address=auto]" --trials 24

Without names, all that can be used on this machine.

Each executor runs the grid into a results folder of its own, ``local`` on two pretended devices.  Then a
folder is put together from equal shares of all of them, and ``run`` is asked for the whole grid there: it
must train nothing and report all.  Prints a table; the exit code is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

COMMAND = str(Path(sys.executable).with_name("emseg-bench"))
MODELS = "unet[encoder=resnet18],fpn[encoder=resnet18]"
GRID = (
    *("--models", MODELS, "--datasets", "synthetic-em[train=2,val=1,test=2]", "--recipe", "smoke"),
    *("--set", "recipe.iterations=2", "--set", "recipe.crop=64", "--precision", "fp32", "--threads", "1"),
)
MARK = "trials/*/record.json"


def usable() -> list[str]:
    """Name the executors that can be used on this machine."""
    there = {
        "local": True,
        "slurm": bool(find_spec("submitit") and shutil.which("sbatch")),
        "ray": find_spec("ray") is not None,
    }
    return [name for name, is_there in there.items() if is_there]


def run(results: Path, seeds: int, *options: str) -> str:
    """Run the grid; give what the command said of its plan."""
    command = [COMMAND, "run", *GRID, "--seeds", str(seeds), "--out", str(results), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def scores(results: Path) -> dict[str, pd.DataFrame]:
    """Read the cases of all complete trials, by fingerprint."""
    return {
        record.parent.name: pd.read_parquet(record.with_name("cases.parquet"))
        for record in sorted(results.glob(MARK))
        if json.loads(record.read_text())["status"] == "complete"
    }


def furthest(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> float:
    """Give the largest difference of two scores of a case; nan if the cases differ."""
    most = 0.0
    for name in one.keys() & other.keys():
        numbers = [table.select_dtypes("number") for table in (one[name], other[name])]
        if numbers[0].shape != numbers[1].shape:
            return float("nan")
        most = max(most, float((numbers[0] - numbers[1]).abs().max().max()))
    return most


def together(folders: list[Path], names: list[str], place: Path) -> None:
    """Put one store together of equal shares of several."""
    for number, name in enumerate(names):
        source = folders[number % len(folders)] / "trials" / name
        shutil.copytree(source, place / "trials" / name)


def main() -> int:
    """Run, compare, put together, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--executors", help="comma-separated; none: all that can be used here")
    parser.add_argument("--trials", type=int, default=24, help="an even number")
    options = parser.parse_args()
    executors = split(options.executors) if options.executors else usable()
    seeds = options.trials // len(split(MODELS))
    print(
        "| executor | trials | s | fingerprints | largest difference of a score |\n|---|---:|---:|---|---:|"
    )
    with tempfile.TemporaryDirectory() as temporary:
        found: list[dict[str, pd.DataFrame]] = []
        folders = [Path(temporary) / str(number) for number in range(len(executors))]
        differs = False
        for executor, folder in zip(executors, folders, strict=True):
            device = "cpu:0,cpu:1" if executor == "local" else "cpu"
            start = time.perf_counter()
            run(folder, seeds, "--executor", executor, "--device", device)
            seconds = time.perf_counter() - start
            found.append(scores(folder))
            same, most = found[-1].keys() == found[0].keys(), furthest(found[0], found[-1])
            differs |= not same or most != 0
            told = "the same" if same else "others"
            print(f"| `{executor}` | {len(found[-1])} | {seconds:.0f} | {told} | {most:g} |", flush=True)
        place = Path(temporary) / "together"
        together(folders, sorted(found[0]), place)
        plan = run(place, seeds, "--device", "cpu")
        first = next(line for line in plan.splitlines() if "complete already" in line)
        reported = len(scores(place))
        print(f"\none store of all: {first.partition(';')[0]}; one report of {reported}")
        is_whole = f"{options.trials} complete already" in first and (place / "report/index.html").exists()
    return int(differs or not is_whole or len(found[0]) != options.trials)


def split(text: str) -> list[str]:
    """Split at commas outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


if __name__ == "__main__":
    sys.exit(main())
