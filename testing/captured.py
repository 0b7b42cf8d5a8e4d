"""Hearing what code prints, from Python and from C libraries."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass


@dataclass(slots=True)
class Heard:
    """What was printed; complete when the block has ended."""

    text: str = ""


@contextmanager
def captured() -> Iterator[Heard]:
    """Catch what is printed to standard output and standard error."""
    heard, printed = Heard(), io.StringIO()
    with tempfile.TemporaryFile() as file:
        try:
            with _into(file.fileno()), redirect_stdout(printed), redirect_stderr(printed):
                yield heard
        finally:
            file.seek(0)
            heard.text = printed.getvalue() + file.read().decode(errors="replace")


@contextmanager
def _into(target: int) -> Iterator[None]:
    """Send file descriptors 1 and 2 into another one."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {number: os.dup(number) for number in (1, 2)}
    for number in kept:
        os.dup2(target, number)
    try:
        yield
    finally:
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)
