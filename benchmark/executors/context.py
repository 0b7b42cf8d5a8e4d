"""How processes of ours are started: from a server that has torch, in an environment fit for it."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing.util import get_temp_dir
from types import ModuleType
from typing import Any, TypeVar

from .openmp import waiting
from .temporary import claim_folder, place_for_sockets, sweep

T = TypeVar("T")

STARTS = 7
"""Tries to start a process: they fail while a server that has been killed is not gone yet."""
PAUSE_SECONDS = 0.05
"""Before the second try, and twice as long before each further one: 3 s together."""

PRELOADED = (
    "emseg_bench.benchmark.executors.timm_alone",
    "emseg_bench.benchmark.trials.trial",
    # what most trials import once they run: the loss with timm and torchvision, the optimiser's first step,
    # what saves a resume point, mmengine's canvas
    "emseg_bench.benchmark.training.loss",
    "torch._dynamo",
    "torch.utils.serialization.config",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
)
"""Imported once, by the server: in each trial's own process they would cost seconds."""

WORKER_ENVIRONMENT = {
    # the current folder may hold a ``datasets`` of its own, which must not be found as a module
    "PYTHONSAFEPATH": "1",
    # without it cuBLAS refuses to be deterministic
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}


def worker_context() -> Any:
    """Give what starts processes here: on Linux a server that they are forked from, elsewhere fresh ones.

    What commands and workers that were killed left in the temporary folder is cleared.

    Raises:
        UsageError: There is no place for their sockets.
    """
    sweep()
    _place_sockets()
    context: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    context.set_forkserver_preload(list(PRELOADED))
    return context


@contextmanager
def worker_environment() -> Iterator[None]:
    """Set what workers need from their very start; what the user has set stays."""
    own = {name: value for name, value in WORKER_ENVIRONMENT.items() if name not in os.environ}
    added = {**own, **waiting(os.environ)}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextmanager
def without_script() -> Iterator[None]:
    """Keep the script that the caller runs out of the processes that are started.

    multiprocessing would import it in each of them, and so start all over what is not behind
    ``if __name__ == "__main__"``.  Nothing that trials need is defined there.
    """
    own = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = own


def persistently(start: Callable[[], T]) -> T:
    """Start a process in an environment fit for it, again and again while the server cannot be reached.

    Args:
        start: Starts it, and gives what there is to give.

    Raises:
        OSError: It cannot be started; so does EOFError.
    """
    with worker_environment(), without_script():
        for tried in range(STARTS - 1):
            with suppress(OSError, EOFError):
                return start()
            time.sleep(PAUSE_SECONDS * 2**tried)
        return start()


@cache
def _place_sockets() -> None:
    """Have multiprocessing keep its sockets where the next command finds them if this one is killed."""
    before = tempfile.tempdir
    tempfile.tempdir = str(claim_folder(place_for_sockets()))
    try:
        get_temp_dir()
    finally:
        tempfile.tempdir = before
