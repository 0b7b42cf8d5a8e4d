"""What the command line's exit codes mean, and how an interrupted command ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

ALL_DONE, SOME_FAILED, WRONG_INPUT, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


@contextmanager
def interruptible(
    advice: str = "the same command goes on where this one stopped", *, speaks: bool = True
) -> Iterator[None]:
    """End with exit code 130 where Ctrl-C is pressed.

    Args:
        advice: What is said of going on.
        speaks: False in all but one of several processes.
    """
    try:
        yield
    except KeyboardInterrupt:
        if speaks:
            typer.echo(f"interrupted; {advice}", err=True)
        raise typer.Exit(INTERRUPTED) from None
