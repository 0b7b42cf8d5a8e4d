"""Kills a grid of tiny trials at random moments, again and again, and looks at what is left of it.

    python scripts/kill_test.py
    python scripts/kill_test.py --kills 20 --trials 8 --seed 1 --signals KILL,TERM,INT

First the grid runs undisturbed.  Then the same grid runs in another folder, a few trials a command, and
every so often a process is killed: the command, a worker or the server that workers are forked from.  What a
kill aims at (starting, loading, training, writing, reporting) is drawn, and the moment within it; counted is
what it really hit.  Commands are repeated until all trials are complete and all kills are spent.

At the end each trial has one record, its scores, label maps, curve and weights have the same bytes as in the
undisturbed grid, and there is no file, process or segment of shared memory that the undisturbed grid did not
leave, too.  Whatever differs is printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

from emseg_bench.benchmark.executors.temporary import sweep
from emseg_bench.benchmark.files.store import Store
from kill_checks import differences, left_behind, segments, still_mapped, wait_for_none
from kill_targets import PHASES, Target, processes_of, targets
from tiny_trials import MODELS, Lab

MARK = "EMSEG_KILL_TEST"
"""In the environment of all that this script starts."""
SEEDS_AT_ONCE = 4
"""Of both networks, that one command is given: some commands reach their report."""
OF_COMMANDS = ("starting", "reporting")
"""Phases of a command whose trials are complete."""
LONGEST_WAITS_S = (0.0, 0.05, 0.6, 5.0)
"""After what was aimed at has begun; the shorter ones hit what is soon over."""
POLL_S = 0.02
ROLES = ("command", "worker", "worker", "worker", "server")
SIGNALS = {"KILL": signal.SIGKILL, "TERM": signal.SIGTERM, "INT": signal.SIGINT}
DEVICES = (("cpu", "--workers=2"), ("cpu:0,cpu:1", "--workers=1"))


@dataclass(slots=True)
class Disturbance:
    """Kills processes of commands at moments that a generator draws."""

    lab: Lab
    mark: str
    signals: Sequence[str]
    draw: random.Random
    until: float
    """When no more are killed, by the clock that only goes on."""
    hit: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How many kills hit which process, in which phase, by which signal."""
    commands: int = 0

    @property
    def spent(self) -> int:
        """Kills so far."""
        return self.hit.total()

    def run(self, seeds: Sequence[int], iterations: int, kills: int) -> None:
        """Run trials until they are complete and so many kills are spent on them."""
        spent, phases, code = self.spent + kills, PHASES, -1
        while code or (self.spent < spent and self._has_time):
            device, workers = self.draw.choice(DEVICES)
            options = (f"--device={device}", workers, "--checkpoint-seconds=0")
            command = self.lab.start(self.lab.command(seeds, iterations, *options), **{MARK: self.mark})
            self.commands += 1
            while self.spent < spent and self._has_time and command.poll() is None:
                self._aim(command, self.draw.choice(phases))
            code = command.wait()
            phases = PHASES if code else OF_COMMANDS  # complete trials are not run again

    @property
    def _has_time(self) -> bool:
        return time.monotonic() < self.until

    def _aim(self, command: subprocess.Popen[bytes], phase: str) -> None:
        """Wait for a phase, and a drawn time longer, and kill what is there then."""
        role, wait = self.draw.choice(ROLES), self.draw.uniform(0, self.draw.choice(LONGEST_WAITS_S))
        while command.poll() is None and phase not in {target.phase for target in self._targets(command)}:
            time.sleep(POLL_S)
        time.sleep(wait)
        found = [target for target in self._targets(command) if target.role == role]
        if command.poll() is None and found:
            self._kill(self.draw.choice(found))

    def _targets(self, command: subprocess.Popen[bytes]) -> list[Target]:
        return targets(command.pid, processes_of(MARK, self.mark), self.lab.results, self.lab.said())

    def _kill(self, target: Target) -> None:
        name = self.draw.choice(self.signals)
        if name == "INT" and target.role != "command":  # what Ctrl-C is for others, the command decides
            return
        try:
            os.kill(target.process, SIGNALS[name])
        except ProcessLookupError:  # it ended by itself just now
            return
        self.hit[target.role, target.phase, name] += 1


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--trials", type=int, default=40, help="of the grid, an even number")
    parser.add_argument("--iterations", type=int, default=1000, help="of each trial's training")
    parser.add_argument("--signals", default="KILL", help="which are sent: KILL,TERM,INT")
    parser.add_argument("--seed", type=int, default=0, help="of what is killed when")
    parser.add_argument("--minutes", type=float, default=60, help="after which nothing more is killed")
    return parser.parse_args()


def main() -> int:
    """Run both grids, print what was hit and what differs."""
    options = parse()
    with tempfile.TemporaryDirectory(prefix="kill-test-") as temporary:
        return compare(Path(temporary), options)


def _sweep(temporary: Path) -> None:
    """Clear what the next command that starts processes would clear; the last one found nothing to run."""
    tempfile.tempdir = str(temporary)
    sweep()
    tempfile.tempdir = None


def compare(folder: Path, options: argparse.Namespace) -> int:
    """Run both grids in a folder."""
    seeds = range(options.trials // len(MODELS))
    whole, killed = Lab(folder / "whole"), Lab(folder / "killed")
    for lab in (whole, killed):
        lab.build()
    start = time.monotonic()
    if whole.start(whole.command(seeds, options.iterations, "--device=cpu", "--workers=2")).wait():
        print(whole.said().decode(), file=sys.stderr)
        return 2
    between, before = time.monotonic(), segments()
    mark = uuid4().hex
    draw = random.Random(options.seed)  # noqa: S311 - which process dies is no secret
    until = between + 60 * options.minutes
    disturbance = Disturbance(killed, mark, options.signals.split(","), draw, until)
    for group, kills in shares(seeds, options.kills):
        disturbance.run(group, options.iterations, kills)
        print(f"{disturbance.spent} kills, trials of seeds up to {group[-1]} complete", flush=True)
    grid = killed.start(killed.command(seeds, options.iterations, "--device=cpu"), **{MARK: mark})
    last = grid.wait()
    wait_for_none(partial(processes_of, MARK, mark))
    _sweep(killed.temporary)
    faults = [f"the last command ended with {last}"] if last else []
    faults += differences(Store(killed.results), Store(whole.results), options.trials)
    faults += (f"process {number} lives" for number in processes_of(MARK, mark))
    for name in ("results", "cache", "tmp"):
        faults += (f"{name}: {fault}" for fault in left_behind(killed.root / name, whole.root / name))
    new = segments() - before
    faults += (f"segment {name} of shared memory is left" for name in new - still_mapped(new))
    tell(disturbance, between - start, time.monotonic() - between, faults)
    return 1 if faults else 0


def shares(seeds: Sequence[int], kills: int) -> Iterator[tuple[Sequence[int], int]]:
    """Divide seeds among commands, and kills among these."""
    groups = [seeds[i : i + SEEDS_AT_ONCE] for i in range(0, len(seeds), SEEDS_AT_ONCE)]
    for number, group in enumerate(groups):
        yield group, kills * (number + 1) // len(groups) - kills * number // len(groups)


def tell(disturbance: Disturbance, whole_s: float, killed_s: float, faults: Sequence[str]) -> None:
    """Print a table of what was hit, and what is wrong."""
    print(f"\n| hit | {' | '.join(PHASES)} | together |\n|---|{'---:|' * (len(PHASES) + 1)}")
    for role, name in sorted({(role, name) for role, _, name in disturbance.hit}):
        row = [disturbance.hit[role, phase, name] for phase in PHASES]
        print(f"| {role}, SIG{name} | {' | '.join(map(str, row))} | {sum(row)} |")
    print(
        f"\n{disturbance.spent} kills, {disturbance.commands} commands, {killed_s:.0f} s; undisturbed "
        f"{whole_s:.0f} s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )
    for fault in faults:
        print(f"FAULT: {fault}")
    print(f"{len(faults)} faults")


if __name__ == "__main__":
    sys.exit(main())
