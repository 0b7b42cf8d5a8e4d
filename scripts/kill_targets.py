"""What a kill can hit: the processes of a command, what each is for, and what it is just doing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from emseg_bench.benchmark.files.store import TrialFolder

PHASES = ("starting", "loading", "training", "scoring", "writing", "reporting")
_PHASES_OF_TRIALS = {
    "": "starting",
    "load": "loading",
    "train": "training",
    "test": "scoring",
    "sanity": "scoring",
    "profile": "scoring",
}
_SERVER = b"multiprocessing.forkserver"


@dataclass(frozen=True, slots=True)
class Target:
    """A process that can be killed."""

    process: int
    role: str
    """``command``, ``server`` or ``worker``."""
    phase: str


def processes_of(name: str, value: str) -> set[int]:
    """Find the processes whose environment has a mark, but for those that have ended and wait to be heard."""
    wanted, found = f"{name}={value}".encode(), set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    return found


def targets(command: int, processes: Iterable[int], results: Path, said: bytes) -> list[Target]:
    """Tell what there is to kill.

    Args:
        command: The process of the command.
        processes: Of it and all that it has started, or commands before it have.
        results: Its results folder.
        said: What it has said so far.
    """
    signs = dict(_signs(results))
    forked = [process for process in processes if _is_server_or_worker(process)]
    servers = [process for process in forked if _parent(process) == command]
    workers = [
        Target(process, "worker", signs.get(process, "starting"))
        for process in forked
        if process not in servers
    ]
    of_all = _phase_of_all(workers, said)
    others = [Target(process, "server", of_all) for process in servers]
    return [Target(command, "command", of_all), *others, *workers]


def _phase_of_all(workers: list[Target], said: bytes) -> str:
    """Tell what a command is doing: what the furthest of its trials does, if any runs."""
    if workers:
        return max((worker.phase for worker in workers), key=PHASES.index)
    return "reporting" if b"writing the report" in said else "starting"


def _signs(results: Path) -> Iterator[tuple[int, str]]:
    """Give the processes that have left signs of life in trials' folders, and their phases."""
    for path in results.glob("trials/*"):
        folder = TrialFolder(path)
        with suppress(OSError, IndexError, ValueError):  # it has not begun, or its last line was cut
            sign = json.loads(folder.events.read_bytes().splitlines()[-1])
            yield sign["process"], "writing" if _writes(folder) else _PHASES_OF_TRIALS[sign["phase"]]


def _writes(folder: TrialFolder) -> bool:
    """Tell whether results have been written since the last sign of life."""
    with suppress(FileNotFoundError):
        return folder.cases.stat().st_mtime_ns >= folder.events.stat().st_mtime_ns
    return False


def _is_server_or_worker(process: int) -> bool:
    with suppress(OSError):
        return _SERVER in (Path("/proc") / str(process) / "cmdline").read_bytes()
    return False


def _parent(process: int) -> int:
    with suppress(OSError):
        text = (Path("/proc") / str(process) / "stat").read_text()
        return int(text.rpartition(")")[2].split()[1])
    return 0
