"""The process in which a plugin's checks are made: whatever it does there hurts nobody else."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from typing import Any

from ..benchmark.contracts.errors import EmsegError
from .findings import Check, Outcome, name_of
from .targets import Target

Message = Mapping[str, Any]
"""``{"wrong": text}``, ``{"started": [subject, check]}``, ``{"outcome": {...}}`` or ``{"ended": true}``."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a process is to check."""

    name: str
    """As it was asked for."""
    done: frozenset[tuple[str, str]]
    """Checks (subject, check) that are not made again."""
    given_up: frozenset[str]
    """Subjects that are not checked any further."""


def serve(plan: Plan, log: str, answers: Connection) -> None:
    """Make a plugin's checks and send what they find, as JSON: what a stranger's code sends is not unpickled.

    Args:
        plan: What to check.
        log: File for what is printed meanwhile.
        answers: Takes the messages.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command hears Ctrl-C and ends this process
    _print_to(log)
    for message in _messages(plan):
        answers.send_bytes(json.dumps(message).encode())


def _messages(plan: Plan) -> Iterator[Message]:
    from .naming import find_targets

    try:
        targets = find_targets(plan.name)
    except EmsegError as error:
        yield {"wrong": str(error)}
        return
    for target in targets:
        bench = target.open()
        for check in target.checks:
            if (target.name, name_of(check)) not in plan.done:
                yield {"started": [target.name, name_of(check)]}
                yield {"outcome": asdict(_outcome(plan, target, check, bench))}
    yield {"ended": True}


def _outcome(plan: Plan, target: Target, check: Check, bench: Any) -> Outcome:
    from .running import run_check

    if target.name in plan.given_up:
        why = "not checked: another check ended the process"
        return Outcome(subject=target.name, check=name_of(check), status="blocked", message=why)
    return run_check(check, target.name, bench)


def _print_to(log: str) -> None:
    """Send everything that this process prints, C libraries included, to a file."""
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(target, stream.fileno())
    os.close(target)
