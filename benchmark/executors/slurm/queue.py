"""What Slurm says of jobs: those in its queue, and how others ended."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ...contracts.errors import EmsegError

PLACE: Final = "slurm"
"""What trials' tickets say that runs them, and the folder of submitit's files beside that of the trials."""
WAITING: Final = frozenset(
    {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
)
AT_WORK: Final = frozenset(
    {"RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"}
)
ANSWER_SECONDS: Final = 60.0
"""That a busy controller may take."""
NONE_SUCH: Final = "Invalid job id"
_HINTS: Final = {
    "CANCELLED": "somebody cancelled it",
    "TIMEOUT": "give it more hours=...",
    "OUT_OF_MEMORY": "give it more memory_gib=..., or try --set recipe.batch_size=...",
    "NODE_FAIL": "its node failed; run again, it goes on from its resume point",
    "PREEMPTED": "a job of more weight took its place; run again, it goes on from its resume point",
    "DEADLINE": "it could not have ended before its deadline",
    "BOOT_FAIL": "its node did not start",
}


class QueueError(EmsegError):
    """Slurm does not answer, or not as expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """What Slurm says of one job."""

    state: str
    """``PENDING``, ``RUNNING``, ``TIMEOUT``, ..."""
    reason: str = ""
    """Why it waits or ended; empty: Slurm gives none."""
    nodes: str = ""
    exit_code: str = ""
    """``CODE:SIGNAL``, once it has ended."""

    @property
    def waits(self) -> bool:
        """Whether it will begin, or begin again."""
        return self.state in WAITING

    @property
    def has_ended(self) -> bool:
        """Whether it will not go on."""
        return self.state not in WAITING | AT_WORK

    def __str__(self) -> str:
        reason = f", reason {self.reason}" if self.reason else ""
        code = f", exit code {self.exit_code}" if self.exit_code else ""
        where = f", on {self.nodes}" if self.nodes else ""
        return f"{self.state}{reason}{code}{where}"

    @property
    def hint(self) -> str:
        """What to make of an end."""
        return _HINTS.get(self.state, "see the end of its log.txt")


def queued(jobs: Iterable[str]) -> dict[str, JobState]:
    """Ask which jobs are in the queue, running ones included; the others have ended.

    Args:
        jobs: Their numbers: ``12_3`` in an array, ``12`` alone.

    Raises:
        QueueError: Slurm does not answer; then nothing is known.
    """
    wanted = set(jobs)
    if not wanted:
        return {}
    numbers = ",".join(sorted({job.partition("_")[0] for job in wanted}))
    try:
        lines = _ask(
            "squeue", "--noheader", "--array", f"--jobs={numbers}", "--format=%i|%T|%r|%N"
        ).splitlines()
    except QueueError as error:
        if NONE_SUCH in str(error):
            return {}
        raise
    rows = (line.split("|") for line in lines if line.count("|") == 3)
    found = {
        job.strip(): JobState(state=state, reason=_told(reason), nodes=nodes.strip())
        for job, state, reason, nodes in rows
    }
    return {job: found[job] for job in wanted & found.keys() if not found[job].has_ended}


def ending(job: str) -> JobState | None:
    """Ask how a job ended: its accounting, or where there is none what the controller still knows.

    Returns:
        None where neither knows it any more, or not yet that it has ended.
    """
    for ask in (_by_accounting, _by_controller):
        try:
            found = ask(job)
        except QueueError:
            continue
        if found is not None and found.has_ended:
            return found
    return None


def _by_accounting(job: str) -> JobState | None:
    fields = "State,Reason,ExitCode,NodeList"
    told = _ask("sacct", "--noheader", "--parsable2", "--allocations", f"--jobs={job}", f"--format={fields}")
    lines = [line.split("|") for line in told.splitlines() if line.count("|") == 3]
    if not lines:
        return None
    state, reason, code, nodes = lines[-1]  # a job that was put back has a line for every time it ran
    return _ended(state, reason, code, nodes)


def _by_controller(job: str) -> JobState | None:
    told = _ask("scontrol", "--oneliner", "show", "job", job)
    return _read_controller(dict(word.partition("=")[::2] for word in told.split()))


def _read_controller(words: Mapping[str, str]) -> JobState | None:
    if "JobState" not in words:
        return None
    return _ended(
        words["JobState"], words.get("Reason", ""), words.get("ExitCode", ""), words.get("NodeList", "")
    )


def _ended(state: str, reason: str, code: str, nodes: str) -> JobState:
    name = state.split()[0] if state.split() else "UNKNOWN"  # ``CANCELLED by 1000``
    return JobState(state=name, reason=_told(reason), exit_code=_told(code), nodes=_told(nodes))


def _told(value: str) -> str:
    """Leave out what only says that there is nothing to say."""
    return "" if value.strip() in {"None", "(null)", "None assigned", "0:0"} else value.strip()


def cancel(jobs: Iterable[str]) -> None:
    """End jobs, those that wait included; those that have ended are left.

    Raises:
        QueueError: Slurm does not answer.
    """
    if wanted := sorted(jobs):
        _ask("scancel", "--quiet", *wanted)


def array_limit() -> int:
    """Ask how many jobs an array may have.

    Raises:
        QueueError: Slurm does not answer.
    """
    words = (line.split("=") for line in _ask("scontrol", "show", "config").splitlines())
    sizes = [
        int(pair[1]) for pair in words if pair[0].strip() == "MaxArraySize" and pair[1].strip().isdecimal()
    ]
    return sizes[0] if sizes and sizes[0] > 0 else 1000


def partitions() -> list[str]:
    """List the partitions there are; none where Slurm does not say."""
    try:
        return sorted(set(_ask("sinfo", "--noheader", "--format=%R").split()))
    except QueueError:
        return []


def _ask(*command: str) -> str:
    """Run one of Slurm's own programs.

    Raises:
        QueueError: It is not there, says that something is wrong, or does not end.
    """
    try:
        done = subprocess.run(  # noqa: S603 - Slurm's programs, with words of ours
            command, capture_output=True, text=True, errors="replace", timeout=ANSWER_SECONDS, check=False
        )
    except FileNotFoundError:
        raise QueueError(f"there is no {command[0]} on this machine") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise QueueError(f"{command[0]} does not answer: {error}") from error
    if done.returncode:
        raise QueueError(f"{command[0]} says: {' '.join(done.stderr.split()) or f'code {done.returncode}'}")
    return done.stdout
