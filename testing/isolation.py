"""Making checks in a process of their own, which may crash, exit or hang."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

from ..benchmark.contracts.errors import UsageError
from ..benchmark.files.texts import parse_json
from .child import Plan, serve
from .findings import Outcome

Listener: TypeAlias = Callable[[str, str], None]
"""Hears the subject and the check that is begun."""

GRACE_SECONDS = 5.0
"""Between asking a process to end and ending it."""

LOADING = "loading"
"""Name of the check that fails if the process ends before it has begun with the first."""


@dataclass(slots=True)
class _Progress:
    """What the processes have sent so far."""

    on_start: Listener
    done: set[tuple[str, str]] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    """Subjects that have ended a process."""
    current: tuple[str, str] | None = None
    ended: bool = False


def check_in_child(name: str, timeout: float, on_start: Listener) -> Iterator[Outcome]:
    """Make all checks of what is called `name`, and give each one's outcome as it comes.

    A check that ends its process, or takes too long, has failed, and the same subject's next ones are not
    made; other subjects are checked in a new process.

    Args:
        name: A distribution, card, module or path; see `naming.find_targets`.
        timeout: For one check, and for loading the plugins, s.
        on_start: Hears what is begun.

    Raises:
        UsageError: Nothing is called so.
    """
    progress = _Progress(on_start)
    while not progress.ended:
        progress.current = None
        yield from _check_until_it_ends(name, timeout, progress)


def _check_until_it_ends(name: str, timeout: float, progress: _Progress) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        plan = Plan(name, frozenset(progress.done), frozenset(progress.given_up))
        with _child(plan, log) as (process, answers):
            try:
                while not progress.ended:
                    if not answers.poll(timeout):
                        yield _failed(name, progress, f"it had not ended after {timeout:g} s (--timeout)")
                        return
                    yield from _take(parse_json(answers.recv_bytes(), "the answer"), progress)
            except (EOFError, OSError):
                process.join(GRACE_SECONDS)
                yield _failed(name, progress, _cause(process.exitcode, log))


def _take(message: dict[str, Any], progress: _Progress) -> Iterator[Outcome]:
    """Take in one message of the child's (`child.Message`)."""
    match message:
        case {"wrong": str(text)}:
            raise UsageError(text)
        case {"started": [subject, check]}:
            progress.current = (subject, check)
            progress.on_start(subject, check)
        case {"outcome": outcome}:
            progress.done.add((outcome["subject"], outcome["check"]))
            progress.current = None
            yield Outcome(**outcome)
        case {"ended": True}:
            progress.ended = True


def _failed(name: str, progress: _Progress, why: str) -> Outcome:
    """Blame the check that was being made; without one, nothing can be checked any more."""
    if progress.current is None:
        progress.ended = True
        return Outcome(subject=name, check=LOADING, status="failed", message=why)
    subject, check = progress.current
    progress.done.add(progress.current)
    progress.given_up.add(subject)
    return Outcome(subject=subject, check=check, status="failed", message=why)


@contextmanager
def _child(plan: Plan, log: Path) -> Iterator[tuple[Any, Connection]]:
    context = multiprocessing.get_context("spawn")  # a fresh interpreter: nothing of ours is loaded yet
    answers, answers_out = context.Pipe(duplex=False)
    process = context.Process(target=serve, args=(plan, str(log), answers_out))
    with _safe_path():
        process.start()
    answers_out.close()
    try:
        yield process, answers
    finally:
        process.terminate()
        process.join(GRACE_SECONDS)
        process.kill()
        answers.close()


@contextmanager
def _safe_path() -> Iterator[None]:
    """Keep the current folder off the child's module path: it may hold a ``datasets`` of its own."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _cause(code: int | None, log: Path) -> str:
    """Say how a process ended, with the last line that it printed."""
    printed = log.read_text(errors="replace").strip() if log.exists() else ""
    last = f": {printed.splitlines()[-1]}" if printed else ""
    how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
    return f"the process {how}{last}"
