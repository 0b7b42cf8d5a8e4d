"""Claims that hold between machines, whatever their file system makes of locks.

A claim is a file beside what it is for, ``NAME.held-3``.  Every file system makes a file exclusively, for one
of all that try.  Its time of change is renewed while its owner lives.  Who finds a claim whose owner is gone
makes the next number, and holds it if that is the highest and the owner of the one before it still gone:
whoever had been faster has removed it, and a number that was given up may be another's by then.  An owner
that was only cut off, or stopped, finds a higher number and has lost.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Final

from ..contracts.errors import EmsegError, StoreError
from .processes import Whereabouts, has_ended, here
from .regular import read_regular, shown
from .texts import parse_json

BEAT_SECONDS = 10.0
"""Between two signs of life."""
SILENT_SECONDS = 120.0
"""Without a sign of life an owner is gone; more than the minute for which NFS may believe what it knew."""
LOOK_SECONDS = 0.5
"""Between two looks of who waits."""
_MISSES: Final = 2
"""Looks in a row that find a claim lost: somebody who will withdraw may be there for a moment."""
_MOST_BYTES: Final = 4096
_HELD: Final = ".held-"


class HeldError(StoreError):
    """Another process holds what was not to be waited for."""


class LostError(StoreError):
    """Another process took over, since this one had given no sign of life."""


@contextmanager
def claimed(path: Path, wait: bool, on_wait: Callable[[], None]) -> Iterator[Claim]:
    """Hold a claim while the context lasts.

    Args:
        path: What it is for; the folder must be there.
        wait: Whether to wait for a process that holds it and lives.
        on_wait: Called before that.

    Raises:
        HeldError: Another process holds it, and `wait` is false.
        OSError: The file cannot be made.
    """
    claim = _wait_for(path, wait, on_wait)
    Thread(target=claim.beat, daemon=True).start()
    try:
        yield claim
    finally:
        claim.give_up()


def is_claimed(path: Path) -> bool:
    """Tell whether somebody holds a claim, or left one without giving it up."""
    return path.parent.is_dir() and bool(_numbers(path))


@dataclass(slots=True)
class Claim:
    """A claim that this process holds, until it gives it up or loses it."""

    path: Path
    number: int
    is_lost: bool = False
    """As it was at the last sign of life."""
    _process: int = field(default_factory=os.getpid)
    _ended: Flag = field(default_factory=Flag)

    @property
    def file(self) -> Path:
        """Shows that it is held."""
        return _file(self.path, self.number)

    def check(self) -> None:
        """Look whether it is still held.

        Raises:
            LostError: It is not.
            OSError: That cannot be seen.
        """
        if self.is_lost or not self._is_held():
            raise LostError(
                f"another process took over {shown(self.path)}, "
                f"for this one had given no sign of life for {SILENT_SECONDS:g} s."
            )

    def beat(self) -> None:
        """Give signs of life until it is given up or lost."""
        missed = 0
        while not self._ended.wait(BEAT_SECONDS) and not self.is_lost:
            with suppress(OSError):  # a file system that is away may come back
                missed = 0 if self._is_held() else missed + 1
            self.is_lost = missed == _MISSES

    def give_up(self) -> None:
        """Let others have it; a forked process has nothing to give up."""
        self._ended.set()
        if os.getpid() == self._process:
            with suppress(OSError):  # then it is found to be without an owner
                self.file.unlink()

    def _is_held(self) -> bool:
        try:
            os.utime(self.file)
        except FileNotFoundError:
            return False
        return max(_numbers(self.path), default=0) == self.number


@dataclass(slots=True)
class _Watch:
    """What somebody who waits has seen of the claim of another."""

    seen: tuple[str, int] | None = None
    since: float = 0.0
    """When that was first seen, by this process's own clock: clocks of machines differ."""
    is_alive: bool = False
    """Whether a living owner seems to be there."""

    def finds_gone(self, file: Path) -> bool:
        """Look at a claim; tell whether its owner is gone."""
        try:
            owner = _owner(file)  # which opens it: NFS then asks its server
            changed = file.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        if owner and has_ended(owner):
            return True
        self.is_alive = time.time() - changed / 1e9 < SILENT_SECONDS
        if (file.name, changed) != self.seen:
            self.seen, self.since = (file.name, changed), time.monotonic()
        return time.monotonic() - self.since > SILENT_SECONDS


def _wait_for(path: Path, wait: bool, on_wait: Callable[[], None]) -> Claim:
    watch, has_told = _Watch(), False
    while (claim := _attempt(path, watch)) is None:
        if not wait and watch.is_alive:
            raise HeldError(f"another process holds {shown(path)}.")
        if not has_told and watch.seen:
            has_told = True
            on_wait()
        time.sleep(LOOK_SECONDS)
    return claim


def _attempt(path: Path, watch: _Watch) -> Claim | None:
    before = max(_numbers(path), default=0)
    if before and not watch.finds_gone(_file(path, before)):
        return None
    claim = Claim(path, before + 1)
    try:
        with claim.file.open("xb", buffering=0) as file, suppress(OSError):  # a full disk takes the name
            file.write(json.dumps(asdict(here())).encode())
    except FileExistsError:
        return None
    found = _numbers(path)
    # between reading whose it was and seeing that one ended, another may have made it anew
    if max(found, default=0) != claim.number or (before and not watch.finds_gone(_file(path, before))):
        claim.give_up()
        return None
    for number in found - {claim.number}:
        _file(path, number).unlink(missing_ok=True)
    return claim


def _owner(file: Path) -> Whereabouts | None:
    """Read who holds a claim; None: it does not say, since it is being made, or the disk was full.

    Raises:
        FileNotFoundError: It has been given up.
    """
    from .validation import validate

    try:
        told = parse_json(read_regular(file, _MOST_BYTES, StoreError), file.name)
        return validate(Whereabouts, told, "claim")
    except EmsegError:
        file.lstat()
        return None


def _numbers(path: Path) -> set[int]:
    """Number the claims that are there."""
    claim = re.compile(rf"{re.escape(path.name)}{_HELD}([0-9]{{1,18}})")
    with os.scandir(path.parent) as entries:
        return {int(match[1]) for entry in entries if (match := claim.fullmatch(entry.name))}


def _file(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}{_HELD}{number}")
