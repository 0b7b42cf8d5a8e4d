"""Keeping standard output clean where machines read it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO


@contextmanager
def json_stream(wanted: bool) -> Iterator[TextIO | None]:
    """Keep standard output for one JSON document; what plugins print meanwhile goes to standard error.

    Args:
        wanted: Whether ``--json`` was given.

    Yields:
        Standard output, for the document; None where people read, and anybody may print.
    """
    if not wanted:
        yield None
        return
    stdout = sys.stdout
    with redirect_stdout(sys.stderr):
        yield stdout
