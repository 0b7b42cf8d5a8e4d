"""A process that is asked something and answers in bytes: what a stranger's code sends is not unpickled."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from .context import without_script, worker_context, worker_environment


@contextmanager
def asked(target: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    """Start a process that answers; it is ended with the block.

    Args:
        target: What it runs: is called with the arguments and the connection that takes answers, and
            calls `be_quiet` first.
        *arguments: Picklable.

    Raises:
        OSError: It cannot be started; so does EOFError.
    """
    context = worker_context()
    answers, answers_out = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(*arguments, answers_out))
    with worker_environment(), without_script():
        process.start()
    answers_out.close()
    try:
        yield answers
    finally:
        process.kill()
        process.join()
        answers.close()


def be_quiet() -> None:
    """Send what models print to nowhere (a trial's own log will have it), and leave Ctrl-C to the command."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    target = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(target, stream.fileno())
    os.close(target)
