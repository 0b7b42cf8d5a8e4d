"""Copies in the cache: made once, by whoever needs them first, and removed when their file has changed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

from .locks import locked


def keep(target: Path, write: Callable[[Path], None], stale: str | None = None) -> None:
    """Make a copy if it is not there; a kill at any moment leaves none that is cut short.

    Args:
        target: Where it lies, named after what it is made from and the state of that.
        write: Writes the file, or folder, that is then renamed to `target`.
        stale: Pattern of the copies of other states, which are removed once there is a new one; who has
            one open keeps it.

    Raises:
        OSError: The folder cannot be written.
        Exception: What `write` raises; it leaves nothing behind.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.with_suffix(".lock")):
        if target.exists():
            return
        partial = target.with_suffix(".partial")
        _remove(partial)  # whoever left it was killed: a living process would hold the lock
        try:
            write(partial)
        except BaseException:
            _remove(partial)
            raise
        partial.replace(target)
    if stale:
        _remove_others(target, stale)


def _remove_others(target: Path, stale: str) -> None:
    for path in target.parent.glob(stale):
        if path.stem != target.stem:
            with suppress(OSError):  # Windows keeps what is open
                path.unlink()


def _remove(path: Path) -> None:
    if path.is_dir():
        rmtree(path)
    else:
        path.unlink(missing_ok=True)
