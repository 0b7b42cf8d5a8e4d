"""The process in which a plugin's checks are made: whatever it does there hurts nobody else."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any

from ..benchmark.errors import EmsegError
from .findings import Outcome, name_of

Message = Mapping[str, Any]
"""``{"wrong": text}``, ``{"started": [subject, check]}``, ``{"outcome": {...}}`` or ``{"ended": true}``."""


def serve(name: str, done: frozenset[tuple[str, str]], log: str, answers: Connection) -> None:
    """Make a plugin's checks and send what they find, as JSON: what a stranger's code sends is not unpickled.

    Args:
        name: What to check, as it was asked for.
        done: Checks (subject, check) that are not made again.
        log: File for what is printed meanwhile.
        answers: Takes the messages.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command hears Ctrl-C and ends this process
    _print_to(log)
    for message in _messages(name, done):
        answers.send_bytes(json.dumps(message).encode())


def _messages(name: str, done: frozenset[tuple[str, str]]) -> Iterator[Message]:
    from .naming import find_targets
    from .running import run_check

    try:
        targets = find_targets(name)
    except EmsegError as error:
        yield {"wrong": str(error)}
        return
    for target in targets:
        bench = target.open()
        for check in target.checks:
            if (target.name, name_of(check)) not in done:
                yield {"started": [target.name, name_of(check)]}
                yield _outcome(run_check(check, target.name, bench))
    yield {"ended": True}


def _outcome(outcome: Outcome) -> Message:
    return {"outcome": asdict(outcome)}


def _print_to(log: str) -> None:
    """Send everything that this process prints, C libraries included, to a file."""
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(target, stream.fileno())
    os.close(target)
