"""Trials become one array of Slurm's, by submitit; what it writes lies in a folder beside the trials'."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...contracts.errors import UsageError
from ...contracts.running import Job, Runtime
from ...files.clock import now
from ...files.disk import keeping
from ...files.store import TrialFolder
from ...trials.tickets import Ticket, write_ticket
from .job import TrialJob
from .options import SlurmOptions
from .queue import PLACE, array_limit, partitions

if TYPE_CHECKING:
    from submitit import SlurmExecutor as Submitter

NAME: Final = "emseg-bench"
WARNING_SECONDS: Final = 60
"""Before a time limit; Slurm may be up to a minute early, and a trial needs a moment to end."""


def submit(jobs: Sequence[Job], runtime: Runtime, options: SlurmOptions) -> dict[str, Ticket]:
    """Put trials into the queue, and note in their folders by which jobs they run.

    Slurm bounds how long an array is: more trials are several, each of which waits for the one before.

    Returns:
        Tickets, by fingerprint.

    Raises:
        UsageError: Slurm takes none of them as they are asked for; those that it took before stay.
        QueueError: It does not answer.
    """
    tickets: dict[str, Ticket] = {}
    rest, before = iter(jobs), ""
    most = array_limit()
    while some := list(islice(rest, most)):
        new = _submit_array(some, runtime, options, before)
        before = next(iter(new.values())).job.partition("_")[0]
        tickets |= new
    return tickets


def _submit_array(
    jobs: Sequence[Job], runtime: Runtime, options: SlurmOptions, before: str
) -> dict[str, Ticket]:
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    folder = _make_folder(jobs)
    submitter = _submitter(jobs, runtime, options, folder, before)
    for trial in (TrialFolder(job.folder) for job in jobs):
        if not trial.is_complete():  # another command may just have run it
            trial.record.unlink(missing_ok=True)  # of an earlier run, which failed
    try:
        taken = submitter.submit_array([_trial_job(job, runtime, options) for job in jobs])
    except (FailedJobError, FailedSubmissionError) as error:
        raise UsageError(_refused(str(error))) from error
    tickets = {
        job.fingerprint: Ticket(by=PLACE, job=one.job_id, folder=folder.name, at=now())
        for job, one in zip(jobs, taken, strict=True)
    }
    for job in jobs:
        write_ticket(TrialFolder(job.folder), tickets[job.fingerprint])
    return tickets


def _make_folder(jobs: Sequence[Job]) -> Path:
    """Make the folder of an array, in which each job's log is a link to its trial's."""
    place = jobs[0].folder.absolute().parent.parent / PLACE
    with keeping(place, "Nothing was submitted; make room or choose another folder with --out."):
        place.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="array-", dir=place))
        for i, job in enumerate(jobs):
            target = os.path.relpath(TrialFolder(job.folder.absolute()).log, folder)
            (folder / f"{i}.log").symlink_to(target)
    return folder


def _submitter(
    jobs: Sequence[Job], runtime: Runtime, options: SlurmOptions, folder: Path, before: str
) -> Submitter:
    from submitit import SlurmExecutor as Submitter

    # -P: the folder that the command is run in may hold a ``datasets`` of its own
    submitter = Submitter(
        folder, max_num_timeout=options.requeues, python=f"{shlex.quote(sys.executable)} -P"
    )
    minutes, processes = ceil(60 * options.hours), max(job.spec.recipe.processes for job in jobs)
    cpus = options.cpus or max(processes, *(job.spec.threads or 1 for job in jobs))
    log = str(folder / ("%a.log" if len(jobs) > 1 else "0.log"))
    further: dict[str, Any] = {"output": log, "requeue" if options.requeues else "no-requeue": True}
    submitter.update_parameters(
        job_name=NAME,
        partition=options.partitions or None,
        account=options.account or None,
        qos=options.qos or None,
        constraint=options.constraint or None,
        gpus_per_node=options.gpus or (processes if runtime.device.startswith("cuda") else None),
        cpus_per_task=cpus,
        mem=f"{round(1024 * options.memory_gib)}M" if options.memory_gib else None,
        time=minutes,
        signal_delay_s=min(WARNING_SECONDS, 15 * minutes),
        array_parallelism=options.at_once,
        dependency=f"afterany:{before}" if before else None,
        stderr_to_stdout=True,
        # since Slurm 22.05 a step does not know by itself how many cores its job has
        srun_args=["--output", log, "--open-mode", "append", "--cpus-per-task", str(cpus)],
        additional_parameters={**further, **options.extra_options},
    )
    return submitter


def _trial_job(job: Job, runtime: Runtime, options: SlurmOptions) -> TrialJob:
    told = ("--device", runtime.device, "--checkpoint-seconds", f"{runtime.checkpoint_seconds:g}")
    cache = ("--cache", str(Path(runtime.cache).absolute())) if runtime.cache else ()
    trackers = ("--tracker", ",".join(runtime.trackers)) if runtime.trackers else ()
    return TrialJob(
        folder=str(job.folder.absolute()),
        options=(*told, *cache, *trackers),
        hours=options.hours,
        requeues=options.requeues > 0,
        timeout_minutes=runtime.timeout_minutes,
    )


def _refused(error: str) -> str:
    """Say for people why Slurm takes no such jobs."""
    lines = [line.removeprefix("sbatch: error: ").strip().rstrip(".") for line in error.splitlines()]
    told = "; ".join(dict.fromkeys(line for line in lines if line))
    message = f"Slurm does not take these jobs: {told}"
    if "partition" in error.lower() and (known := partitions()):
        return f"{message}; there are the partitions {', '.join(known)}."
    return f"{message}. 'emseg-bench describe executor slurm' shows what can be asked for."
