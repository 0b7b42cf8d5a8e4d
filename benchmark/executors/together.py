"""One trial by as many processes as its recipe says: this one starts them, or torchrun or Slurm has.

A process that starts them computes nothing itself: it hears of every end, also of one by a kill, and ends the
others, which would wait for each other.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

from ..contracts.errors import TrialError, UsageError
from ..contracts.records import Record
from ..contracts.running import Event, Job, Runtime
from ..files.claims import Claim, LostError
from ..files.store import TrialFolder
from ..training.processes import Processes, detect, gathered, joined, own_device
from .context import persistently, worker_context
from .death import MemoryWatch, cause_of_death
from .running import Running
from .taking_part import LOST, take_part, unheard

Tell = Callable[[Event], None]

GATHER_SECONDS: Final = 2.0
"""After one process has failed: that the others may take to say why they do."""


def is_helper(job: Job) -> bool:
    """Say whether a launcher has started this process beside the first one, which speaks for all."""
    try:
        return job.spec.recipe.processes > 1 and not detect(os.environ).leads
    except UsageError:
        return False


def run_trial(job: Job, runtime: Runtime, tell: Tell) -> Record:
    """Run a trial to its end, or read its record if it has ended.

    Args:
        job: What to run and where its files go.
        runtime: On which device, or on which GPUs: each process takes its own.
        tell: Hears how far it is.

    Raises:
        EmsegError: The trial cannot be run, or one of its processes has died.
    """
    from ..trials.trial import run_trial as run

    if job.spec.recipe.processes == 1:
        return run(job, runtime, tell)
    processes = detect(os.environ)
    return _join(job, runtime, tell, processes) if processes.count > 1 else run(job, runtime, tell, _start)


def _join(job: Job, runtime: Runtime, tell: Tell, processes: Processes) -> Record:
    """Be one of the processes that a launcher has started, which ends the others if this one fails."""
    from ..trials.trial import compute_trial
    from ..trials.trial import run_trial as run

    own = replace(runtime, device=own_device(runtime.device, processes))
    begun = False

    def lead(job: Job, runtime: Runtime, tell: Tell, claim: Claim) -> None:
        nonlocal begun
        begun = True
        gathered(begun, processes)
        try:
            compute_trial(job, runtime, tell, claim, processes)
        except LostError as error:  # the others cannot wait with this one
            raise TrialError(str(error)) from error

    with joined(processes, own.device):
        if processes.leads:
            record = run(job, own, tell, lead)
            if not begun:  # it was complete
                gathered(begun, processes)
            gathered(True, processes)
            return record
        if gathered(False, processes)[0]:
            compute_trial(job, own, unheard, None, processes)
        gathered(True, processes)  # by then the record is there
    from ..trials.records import load_record

    return load_record(TrialFolder(job.folder))


def _start(job: Job, runtime: Runtime, tell: Tell, claim: Claim) -> None:
    """Start the processes and wait for their end.

    Raises:
        TrialError: One has failed or died.
        LostError: Another command took the trial over.
    """
    crew: list[Running] = []
    context = _context()
    with tempfile.TemporaryDirectory() as folder:
        try:
            for rank in range(job.spec.recipe.processes):
                crew += [_launch(job, runtime, rank, Path(folder), claim, context)]
            _follow(crew, tell, claim)
        except BaseException:
            for one in crew:
                one.stop()
            raise
        finally:
            for one in crew:
                one.close()


def _context() -> Any:
    """Choose how to start them: a worker of ours is fresh and may be forked, others may hold anything."""
    is_worker = sys.platform == "linux" and multiprocessing.parent_process() is not None
    return multiprocessing.get_context("fork") if is_worker else worker_context()


def _launch(job: Job, runtime: Runtime, rank: int, folder: Path, claim: Claim, context: Any) -> Running:
    count = job.spec.recipe.processes
    processes = Processes(
        rank=rank,
        count=count,
        local_rank=rank,
        local_count=count,
        meeting=(folder / "meeting").as_uri(),
    )
    news, news_out = context.Pipe(duplex=False)
    alive_in, alive = context.Pipe(duplex=False)
    arguments = (job, runtime, processes, (claim.path, claim.number), news_out, alive_in, alive)

    def start() -> Any:
        process = context.Process(target=take_part, args=arguments)
        process.start()
        return process

    try:
        process = persistently(start)
    finally:
        news_out.close()
        alive_in.close()
    return Running(job, process, news, alive, time.monotonic(), MemoryWatch.of(process.pid), runtime.device)


def _follow(crew: Sequence[Running], tell: Tell, claim: Claim) -> None:
    """Pass on what the first one tells until it has written the record."""
    while crew[0].end is None or crew[0].end.kind != "complete":
        wait([handle for one in crew if not one.end for handle in one.handles], timeout=1.0)
        for one in crew:
            one.memory.look()
            for event in one.received():
                tell(event)
        failed = any(_has_failed(one) for one in crew)
        if failed or claim.is_lost:
            claim.check()
        if failed:
            raise TrialError(_why(crew))


def _has_failed(one: Running) -> bool:
    """Say whether a process has said that it failed, or ended without a word."""
    return one.end.kind == "failed" if one.end else not one.is_alive()


def _why(crew: Sequence[Running]) -> str:
    """Say what was at fault: rather a death than what it has done to the others."""
    until = time.monotonic() + GATHER_SECONDS
    while time.monotonic() < until and not all(_has_failed(one) for one in crew):
        time.sleep(0.05)
        for one in crew:
            list(one.received())
    for number, one in enumerate(crew, 1):
        list(one.received())
        if not one.end and not one.is_alive():
            cause = cause_of_death(one.process.exitcode, one.memory)
            return f"of {len(crew)} processes that computed it together, number {number} has died: {cause}"
    failed = [one.end for one in crew if one.end and one.end.kind == "failed"]
    return min(failed, key=lambda end: end.phase == LOST).message
