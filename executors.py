"""What plugins that bring an executor may call: this place stays, whatever moves inside emseg-bench."""

from __future__ import annotations

from collections.abc import Callable

from .benchmark.contracts.records import Record
from .benchmark.contracts.running import Event, Job, Runtime
from .benchmark.executors.alone import run_folder
from .benchmark.executors.devices import DevicePool
from .benchmark.executors.following import Follower
from .benchmark.executors.local import LocalExecutor

__all__ = ["DevicePool", "Follower", "LocalExecutor", "run_folder", "run_trial"]


def run_trial(job: Job, runtime: Runtime, tell: Callable[[Event], None]) -> Record:
    """Run a trial from this process to its end, or read its record if it has ended; imports torch only now.

    Where its recipe says that several processes train together, this one starts them and waits.

    Args:
        job: What to run, and the folder that takes its results.
        runtime: On which device.
        tell: Hears how far it is.

    Raises:
        EmsegError: It cannot be run; the message is for people, and nobody but the caller puts it on record.
    """
    from .benchmark.executors.together import run_trial as run

    return run(job, runtime, tell)
