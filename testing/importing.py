"""How a plugin's module imports, measured in fresh interpreters."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..benchmark.files.texts import read_json
from .findings import BlockedError

TRIES = 3
"""A busy machine may be slow once; the quickest of these counts."""

LIMIT_SECONDS = 0.2

PATIENCE_SECONDS = 60.0
"""After which an import is taken to hang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What one import did."""

    error: str
    """What it raised, or nothing."""
    seconds: float = 0.0
    """Beyond emseg-bench's own hooks and contracts."""
    torch: bool = False
    """Whether torch was imported with it."""
    printed: str = ""
    attempts: tuple[str, ...] = ()
    """What it wanted of the network."""


def import_freshly(module: str) -> Imported:
    """Import a module in a fresh interpreter that searches where this one does; the best of three."""
    tries = [_import(module)]
    while len(tries) < TRIES and _may_have_been_unlucky(tries[-1]):
        tries.append(_import(module))
    return min(tries, key=lambda one: (bool(one.error), one.seconds))


def _may_have_been_unlucky(imported: Imported) -> bool:
    return not imported.error and not imported.torch and imported.seconds > LIMIT_SECONDS


def succeeded(imported: Imported) -> Imported:
    """Give it back if the import went well.

    Raises:
        BlockedError: It did not.
    """
    if imported.error:
        raise BlockedError("it cannot be imported")
    return imported


def _import(module: str) -> Imported:
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-P", "-m", f"{__package__}.import_probe", str(answer), module]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module
                [*command, *filter(None, sys.path)],
                capture_output=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Imported(error=f"it had not ended after {PATIENCE_SECONDS:g} s")
        if not answer.exists():
            last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or "no message"
            return Imported(error=f"the interpreter ended with exit code {done.returncode}: {last}")
        found = read_json(answer)
        return Imported(**{**found, "attempts": tuple(found["attempts"])})
