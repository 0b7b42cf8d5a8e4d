"""Kill ``emseg-bench tune`` again and again while it works, and look whether anything is lost or run twice.

    python scripts/tune_kill_test.py
    python scripts/tune_kill_test.py --workers 1

A study of a tiny network is killed (SIGKILL, the command alone) and asked for again, until all kills are
spent or it has ended, and then once more.  With one worker it is held against one that nobody disturbed.
The exit code is 1 if anything differs from what it must be.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tiny_trials import Lab

MOST_EXTRA_S = 4.0
"""After a further trial has begun; some kills hit what comes next."""
POLL_S = 0.05


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=200, help="of each trial's training")
    return parser.parse_args()


def command(lab: Lab, options: argparse.Namespace) -> list[str]:
    """Give the command line of the study."""
    where = ("--device=cpu", f"--workers={options.workers}", "--checkpoint-seconds=0")
    return lab.tune_command(options.trials, options.iterations, *where)


def trials(lab: Lab) -> list[dict[str, Any]]:
    """Read how far the study is."""
    return [
        trial
        for path in lab.results.glob("studies/*/trials.json")
        for trial in json.loads(path.read_text())["trials"]
    ]


def kill(lab: Lab, options: argparse.Namespace, chance: random.Random) -> bool:
    """Start the study and kill it some time after a trial more has begun; say whether it lived until then."""
    before, process = len(trials(lab)), lab.start(command(lab, options))
    while process.poll() is None and len(trials(lab)) <= min(before, options.trials - 1):
        time.sleep(POLL_S)
    time.sleep(chance.uniform(0, MOST_EXTRA_S))
    lived = process.poll() is None
    process.kill()
    process.wait()
    return lived


def undisturbed(lab: Lab, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the study to its end; return its trials."""
    if lab.start(command(lab, options)).wait():
        raise SystemExit(lab.said().decode())
    return trials(lab)


def faults(found: list[dict[str, Any]], lab: Lab, wanted: int) -> list[str]:
    """Say what of a study that ended is not as it must be."""
    told = []
    if [one["number"] for one in found] != [*range(wanted)]:
        told.append(f"numbers {[one['number'] for one in found]}")
    if {one["state"] for one in found} != {"complete"}:
        told.append(f"states {dict(Counter(one['state'] for one in found))}")
    if len({one["fingerprint"] for one in found}) != wanted:
        told.append("a trial ran for two numbers")
    specs = [json.loads(path.read_text())["spec"] for path in lab.results.glob("trials/*/record.json")]
    if (count := Counter(spec.get("purpose", "compare") for spec in specs)) != {"tune": wanted, "compare": 1}:
        told.append(f"records {dict(count)}")
    return told


def main() -> int:
    """Kill, go on, and compare."""
    options = parse()
    chance = random.Random(0)  # noqa: S311 - when to kill
    with tempfile.TemporaryDirectory(prefix="tune-kill-") as place:
        lab = Lab(Path(place) / "killed")
        lab.build()
        kills = sum(kill(lab, options, chance) for _ in range(options.kills))
        print(f"{kills} of {options.kills} kills hit; {len(trials(lab))} trials begun by then", flush=True)
        found = undisturbed(lab, options)
        told = faults(found, lab, options.trials)
        if options.workers == 1:
            whole = Lab(Path(place) / "whole")
            whole.build()
            same = [[one[key] for one in undisturbed(whole, options)] for key in ("setting", "values")]
            if same != [[one[key] for one in found] for key in ("setting", "values")]:
                told.append("settings or scores differ from those of the undisturbed study")
    for one in told:
        print(one)
    print(f"{len(found)} trials, {options.workers} at once: {len(told)} faults")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
