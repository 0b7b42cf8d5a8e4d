"""Trials that run on without the command: leaving them to do so, or ending them when it is interrupted."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import typer

from ..benchmark.contracts.errors import UsageError
from ..benchmark.contracts.running import DetachableExecutor, Executor
from .tables import say

if TYPE_CHECKING:
    from ..benchmark.experiments.planning import Plan
    from ..benchmark.files.store import Store
    from .console import Console

LATER = (
    "They run on without this command: the same one, without --detach, looks on and writes the report, and "
    "'emseg-bench status' shows how they stand."
)


def submit_and_leave(
    plan: Plan, store: Store, runner: Executor, label: str, console: Console, stream: TextIO | None
) -> None:
    """Submit the trials of a plan that are not complete, and say where they are.

    Raises:
        UsageError: The executor runs trials only as long as the command runs.
    """
    from ..benchmark.trials.session import pending, submit_plan

    if not isinstance(runner, DetachableExecutor):
        raise UsageError(
            f"got --detach, but the executor {label} runs trials only as long as this command runs; give one "
            "that does not, such as --executor slurm."
        )
    todo = pending(plan, store)
    told = submit_plan(plan, store, runner)
    if stream:
        typer.echo(json.dumps({"detached": todo, "told": told}, indent=2), stream)
    else:
        say(console, f"{told}. {LATER}")


@contextmanager
def asking_whether_to_cancel(runner: Executor, console: Console) -> Iterator[None]:
    """Where Ctrl-C ends the block, ask whether trials that run on without the command shall do so."""
    try:
        yield
    except KeyboardInterrupt:
        if isinstance(runner, DetachableExecutor):
            say(console, runner.cancel() if _is_to_cancel(console) else LATER)
        raise


def _is_to_cancel(console: Console) -> bool:
    """Ask; where nobody can answer, or does not, nothing is lost by letting them run."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say(console, "interrupted, and nobody can be asked: what has been submitted is not cancelled.")
        return False
    try:
        return typer.confirm("Cancel what has been submitted and has not ended?", default=False, err=True)
    except typer.Abort:
        return False
