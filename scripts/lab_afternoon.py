"""An afternoon in a lab: from labelled data to a segmented volume and to results that a colleague can check.

    python scripts/lab_afternoon.py /data/my_cells /data/my_volumes --out afternoon

For each folder of data: describe, inspect, compare three models, report, segment new data with the first of
the board, export it, bundle, verify, merge.  Every command is shown before it runs and every step's time is
printed.  The data are copied first, so that the description is written beside the copy.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MODELS = "unet[encoder=resnet18],fpn[encoder=resnet18],segformer"


@dataclass(slots=True)
class Afternoon:
    """Runs commands and remembers how long each took."""

    times: list[tuple[str, float]] = field(default_factory=list)

    def step(self, *words: str | Path) -> str:
        """Run ``emseg-bench`` with words; give what it printed.

        Raises:
            SystemExit: It failed, and its output has been shown.
        """
        arguments = [str(word) for word in words]
        print("$", shlex.join(["emseg-bench", *arguments]), flush=True)
        began = time.monotonic()
        program = [sys.executable, "-P", "-c", "from emseg_bench.cli import main; main()"]
        done = subprocess.run([*program, *arguments], stdout=subprocess.PIPE, text=True, check=False)
        self.times.append((arguments[0], time.monotonic() - began))
        print(done.stdout, f"[{self.times[-1][1]:.0f} s]", sep="", flush=True)
        if done.returncode:
            raise SystemExit(f"it ended with exit code {done.returncode}")
        return done.stdout


def main() -> None:
    """Go through the afternoon with each folder of data."""
    arguments = parse()
    afternoon = Afternoon()
    for data in arguments.data:
        go_through(afternoon, data.resolve(), arguments)
    print(f"\n{'step':<12}{'s':>7}")
    for name, seconds in afternoon.times:
        print(f"{name:<12}{seconds:>7.0f}")
    print(f"{'all':<12}{sum(seconds for _, seconds in afternoon.times):>7.0f}")


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", nargs="+", type=Path, help="folders of labelled images or volumes")
    parser.add_argument("--out", type=Path, default=Path("afternoon"))
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--seeds", default="3", help="as of run")
    parser.add_argument("--set", action="append", default=[], help="as of run: recipe.iterations=200")
    return parser.parse_args()


def go_through(afternoon: Afternoon, data: Path, arguments: argparse.Namespace) -> None:
    """Do all steps with one folder of data."""
    place = arguments.out / data.name
    own, results = place / "data", place / "results"
    if not own.exists():
        shutil.copytree(data, own)
    told = afternoon.step("data", "init", own, "--overwrite")
    dataset = reference(told)
    afternoon.step("data", "inspect", dataset)
    changes = [word for change in arguments.set for word in ("--set", change)]
    how = ("--recipe", arguments.recipe, *changes, "--seeds", arguments.seeds, "--out", results)
    afternoon.step("run", "--models", arguments.models, "--datasets", dataset, *how)
    afternoon.step("report", results)
    model = f"{results}:{first_model(results)}"
    how = ("--model", model, "--format", "ome-zarr", "--out", place / "segmented", "--overwrite")
    afternoon.step("predict", to_segment(own), *how)
    for kind, more in (("onnx", ()), ("bioimage.io", ("--licence", "CC-BY-4.0", "--author", "The lab"))):
        package = place / kind
        shutil.rmtree(package, ignore_errors=True)
        afternoon.step("export", model, "--format", kind, *more, "--out", package)
    bundle = place / "study.zip"
    bundle.unlink(missing_ok=True)
    afternoon.step("bundle", results, "--labels", "--weights", "--out", bundle)
    afternoon.step("verify", bundle)
    afternoon.step("merge", results, bundle, "--out", place / "merged")


def reference(told: str) -> str:
    """Find how `data init` calls the data in the commands that it proposes.

    Raises:
        SystemExit: It proposes none, because the data need a hand first; it said so.
    """
    found = re.search(r"emseg-bench data inspect (.+)", told)
    if not found:
        raise SystemExit("data init wants something to be mended first, see above")
    return shlex.split(found[1])[0]


def first_model(results: Path) -> str:
    """Give the name of the board's first row."""
    told = json.loads((results / "report" / "leaderboard.json").read_text())
    return str(told["boards"][0]["rows"][0]["model"])


def to_segment(data: Path) -> Path:
    """Choose what to segment: the folder ``unlabelled``, or else the first file that is called an image."""
    unlabelled = data / "unlabelled"
    return unlabelled if unlabelled.is_dir() else next(images(data, sorted(data.rglob("*"))))


def images(data: Path, paths: Sequence[Path]) -> Iterator[Path]:
    """Give the files whose path within the data names images."""
    return (path for path in paths if path.is_file() and "image" in str(path.relative_to(data)).lower())


if __name__ == "__main__":
    main()
