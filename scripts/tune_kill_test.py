"""Kill ``emseg-bench tune`` again and again while it works, and look whether anything is lost or run twice.

python scripts/tune_kill_test.py [--kills 10] [--trials 20] [--workers 2]

With one worker, the study is held against one that nobody disturbed.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

SETTINGS = ("recipe.iterations=8", "recipe.crop=64", "recipe.batch_size=2", "recipe.validations=2")


def command(out: Path, trials: int, workers: int) -> list[str]:
    """Write the command line."""
    program = str(Path(sys.executable).with_name("emseg-bench"))
    tune = [program, "tune", "--models", "unet-classic", "--recipe", "smoke", "--device", "cpu"]
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    return [*tune, *settings, "--trials", str(trials), "--workers", str(workers), "--out", str(out)]


def state(out: Path) -> list[dict]:
    """Read the trials of the one study."""
    (path,) = out.glob("studies/*/trials.json")
    return json.loads(path.read_text())["trials"]


def main() -> None:
    """Kill, go on, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--least", type=float, default=10.0, help="Seconds before a kill.")
    parser.add_argument("--most", type=float, default=40.0)
    asked = parser.parse_args()
    chance = random.Random(0)  # noqa: S311 - when to kill
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "killed"
        run = command(out, asked.trials, asked.workers)
        for number in range(asked.kills):
            process = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(asked.least, asked.most))
            if process.poll() is not None:
                print(f"the study ended before kill {number + 1}")
                break
            process.kill()
            process.wait()
            print(f"kill {number + 1} of {asked.kills}")
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
        trials = state(out)
        print(f"{len(trials)} trials: {dict(Counter(one['state'] for one in trials))}")
        assert [one["number"] for one in trials] == list(range(asked.trials))
        assert {one["state"] for one in trials} == {"complete"}
        assert len({one["fingerprint"] for one in trials}) == asked.trials
        if asked.workers == 1:
            whole = Path(place) / "whole"
            subprocess.run(command(whole, asked.trials, 1), check=True, stdout=subprocess.DEVNULL)
            same = [(one["setting"], one["values"]) for one in state(whole)]
            assert same == [(one["setting"], one["values"]) for one in trials]
            print("settings and scores are those of the undisturbed study")


if __name__ == "__main__":
    main()
