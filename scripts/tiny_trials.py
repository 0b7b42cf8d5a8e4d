"""A laboratory of tiny trials for scripts that kill, count and time: a few images, networks of two layers.

It is a folder with all that runs touch: results, cache, temporary files, and a plugin that is installed for
the processes started in it alone.  ``trivial`` is an executor that trains nothing: it writes the record of
a complete trial, and notes what the command's process holds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emseg_bench import hookimpl
from emseg_bench.plugin import Event, ExecutorCard, ModelCard

if TYPE_CHECKING:
    from emseg_bench.plugin import Job, Runtime

COMMAND = str(Path(sys.executable).with_name("emseg-bench"))
NAME = "emseg-tiny-trials"
POLL_S = 0.02
MODELS = ("tiny", "tiny-drops")
DATA = "synthetic-em[size=64,train=2,val=1,test=2]"
RECIPE = ("--recipe", "smoke", "--precision", "fp32", "--threads", "1")
SETTINGS = ("recipe.crop=32", "recipe.batch_size=2", "recipe.validations=2")
HELD = "held.csv"
"""What the command's process holds at each trial's end, written into the current folder by ``trivial``."""


@dataclass(frozen=True, slots=True)
class Lab:
    """Where tiny trials run."""

    root: Path

    @property
    def results(self) -> Path:
        """The results folder."""
        return self.root / "results"

    @property
    def cache(self) -> Path:
        """Converted data and what else is shared."""
        return self.root / "cache"

    @property
    def temporary(self) -> Path:
        """For temporary files."""
        return self.root / "tmp"

    @property
    def _site(self) -> Path:
        return self.root / "site"

    def build(self) -> None:
        """Make the folders and install this file as a plugin."""
        self.temporary.mkdir(parents=True)
        info = self._site / f"{NAME.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        shutil.copy(__file__, self._site)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[emseg_bench]\ntiny = {Path(__file__).stem}\n")

    def forget(self) -> None:
        """Remove the results."""
        shutil.rmtree(self.results, ignore_errors=True)

    def environment(self, **more: str) -> dict[str, str]:
        """Give the environment of a command."""
        places = {
            "PYTHONPATH": str(self._site),
            "EMSEG_BENCH_CACHE": str(self.cache),
            "TMPDIR": str(self.temporary),
        }
        return {**os.environ, **places, **more}

    def command(
        self, seeds: Sequence[int], iterations: int, *options: str, models: Sequence[str] = MODELS
    ) -> list[str]:
        """Give the command line of a grid of networks and seeds."""
        return [COMMAND, "run", *self._asked(models, seeds, iterations), *options]

    def tune_command(self, trials: int, iterations: int, *options: str) -> list[str]:
        """Give the command line of a study of the first network; its best setting is tested with one seed."""
        return [COMMAND, "tune", *self._asked(MODELS[:1], (0,), iterations), f"--trials={trials}", *options]

    def _asked(self, models: Sequence[str], seeds: Sequence[int], iterations: int) -> list[str]:
        settings = [f"--set={setting}" for setting in (*SETTINGS, f"recipe.iterations={iterations}")]
        wanted = ["--models", ",".join(models), "--datasets", DATA, "--seeds", _listed(seeds), *RECIPE]
        return [*wanted, *settings, "--out", str(self.results)]

    @property
    def _said(self) -> Path:
        return self.root / "said.txt"

    def said(self) -> bytes:
        """Return what the last command has said so far."""
        return self._said.read_bytes()

    def start(self, command: Sequence[str], **environment: str) -> subprocess.Popen[bytes]:
        """Start a command in the laboratory."""
        with self._said.open("wb") as said:
            return subprocess.Popen(
                command,
                cwd=self.root,
                env=self.environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def timed(self, command: Sequence[str], trials: int) -> tuple[float, float]:
        """Run a command; return the seconds from its first trial's beginning to the last one's end, and all.

        Args:
            command: What is run.
            trials: Of these, the last is that after which so many records are there.
        """
        start, first, last = time.perf_counter(), 0.0, 0.0
        process = self.start(command)
        while process.poll() is None:
            now = time.perf_counter()
            if not first and any(self.results.glob("trials/*/events.jsonl")):
                first = now
            if not last and len([*self.results.glob("trials/*/record.json")]) >= trials:
                last = now
            time.sleep(POLL_S)
        if process.returncode or not last:
            raise SystemExit(self.said().decode())
        return last - first, time.perf_counter() - start


def _listed(seeds: Sequence[int]) -> str:
    return ",".join(map(str, seeds)) + ("," if len(seeds) == 1 else "")


def network(in_channels: int, num_classes: int, dropout: float = 0.0) -> Any:
    """Build a network whose normalisation keeps state, and whose dropout draws from the global generator."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(in_channels, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Conv2d(8, num_classes, 3, padding=1),
    )


def dropping_network(in_channels: int, num_classes: int) -> Any:
    """Build the same with dropout."""
    return network(in_channels, num_classes, 0.2)


class TrivialExecutor:
    """Completes every trial with a made-up profile and no file but the record."""

    def __init__(self, runtime: Runtime) -> None:
        self._started = time.monotonic()

    def run(self, jobs: Sequence[Job], on_event: Any) -> None:
        """Write records, and note what this process holds after each."""
        from emseg_bench.benchmark.files.store import TrialFolder
        from emseg_bench.benchmark.trials.records import write_record
        from emseg_bench.testing.sample_trials import complete_record

        with Path(HELD).open("w", encoding="utf-8") as held:
            for job in jobs:
                on_event(Event(fingerprint=job.fingerprint, kind="started"))
                record = complete_record(job.spec)
                write_record(TrialFolder(job.folder), _of(record, job))
                on_event(Event(fingerprint=job.fingerprint, kind="complete"))
                held.write(",".join(map(str, holding(os.getpid()))) + "\n")


def _of(record: Any, job: Job) -> Any:
    from dataclasses import replace

    return replace(record, fingerprint=job.fingerprint)


def holding(process: int) -> tuple[int, int, int]:
    """Say what a process holds: memory (resident, KiB), open descriptors, threads."""
    import psutil

    one = psutil.Process(process)
    with one.oneshot():
        return one.memory_info().rss >> 10, one.num_fds(), one.num_threads()


@hookimpl
def emseg_models() -> list[ModelCard]:
    """Offer both networks."""
    return [
        ModelCard(
            name=name,
            family="cnn",
            description="two layers",
            factory=f"{Path(__file__).stem}:{factory}",
            citation="none",
            licence="MIT",
        )
        for name, factory in zip(MODELS, ("network", "dropping_network"), strict=True)
    ]


@hookimpl
def emseg_executors() -> list[ExecutorCard]:
    """Offer the executor that trains nothing."""
    return [
        ExecutorCard(
            name="trivial", description="trains nothing", factory=f"{Path(__file__).stem}:TrivialExecutor"
        )
    ]
