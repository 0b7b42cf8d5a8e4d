"""What a job does on its node: it runs one trial's command, and minds Slurm's signals meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...trials.deadlines import overdue

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

COMMAND: Final = (sys.executable, "-P", "-c", "from emseg_bench.cli import main; main()", "trial")
STOPPED: Final = 143
"""Exit code of a trial that SIGTERM ended."""
GRACE_SECONDS: Final = 30.0
"""Between asking a trial to end and ending it; Slurm gives a job as long before it kills."""
LOOK_SECONDS: Final = 0.2


@dataclass(slots=True)
class TrialJob:
    """Runs a trial in a process; submitit calls it on the node, and `checkpoint` before time is up.

    Args:
        folder: The trial's.
        options: Of ``emseg-bench trial``.
        hours: The time limit, for messages.
        requeues: Whether it may be put back into the queue.
        timeout_minutes: After which the trial has failed; None: never.
    """

    folder: str
    options: tuple[str, ...]
    hours: float
    requeues: bool
    timeout_minutes: float | None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def __call__(self) -> None:
        """Run the trial to its end, whatever that is; its exit code becomes the job's.

        Raises:
            SystemExit: It has ended.
        """
        from submitit.core.utils import UncompletedJobError

        try:
            code = self._run()
            if code == STOPPED and self.requeues and _is_at_work():
                signal.raise_signal(
                    signal.SIGUSR2
                )  # a job of more weight takes its place: back into the queue
        except (UncompletedJobError, subprocess.SubprocessError) as error:  # submitit's, from its handler
            self._fail(
                f"stopped by the time limit of {self.hours:g} hours: {error} Give more hours=... or "
                "requeues=...; run again, it goes on from its resume point."
            )
            sys.exit(1)
        sys.exit(code if code >= 0 else 128 - code)  # even 0: nobody reads the file that submitit would write

    def checkpoint(self) -> DelayedSubmission:
        """End the trial, which keeps its resume point, and give what goes on with it."""
        from submitit.helpers import DelayedSubmission

        self._stop()
        return DelayedSubmission(
            TrialJob(self.folder, self.options, self.hours, self.requeues, self.timeout_minutes)
        )

    def _run(self) -> int:
        started = time.monotonic()
        # a time limit's signal reaches all processes of a job, and would end those that do not know it
        handler = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        try:
            self._process = process = subprocess.Popen([*COMMAND, self.folder, *self.options])  # noqa: S603
        finally:
            signal.signal(signal.SIGUSR2, handler)
        while not _has_ended(process.pid):
            if self.timeout_minutes and time.monotonic() - started > 60 * self.timeout_minutes:
                self._stop()
                self._fail(overdue(self.timeout_minutes))
                return 1
            time.sleep(LOOK_SECONDS)
        return process.wait()

    def _stop(self) -> None:
        """Ask the trial to end, and see to it."""
        if self._process is None:
            return
        self._process.terminate()
        until = time.monotonic() + GRACE_SECONDS
        while not _has_ended(self._process.pid) and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        self._process.kill()

    def _fail(self, reason: str) -> None:
        """Leave the record that the trial could not, unless it has ended by itself just before."""
        from ...files.clock import now
        from ...files.store import TrialFolder
        from ...trials.jobs import read_job
        from ...trials.records import failed_record, write_record

        folder = TrialFolder(Path(self.folder))
        if not folder.is_complete():
            write_record(folder, failed_record(read_job(folder.path), now(), reason))


def _has_ended(pid: int) -> bool:
    """Look without reaping: a signal's handler, which looks too, may interrupt this anywhere."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # reaped just before
        return True


def _is_at_work() -> bool:
    """Tell a job that has to make room from one that was cancelled, whose state says so already."""
    from .queue import QueueError, queued

    array, number = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    job = f"{array}_{number}" if array else os.environ["SLURM_JOB_ID"]
    try:
        found = queued([job]).get(job)
    except QueueError:
        return False
    return found is not None and found.state == "RUNNING"
