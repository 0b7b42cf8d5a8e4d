"""News of trials that run anywhere, by what they leave in their folders: no process has to be reached."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ..contracts.errors import EmsegError, StoreError
from ..contracts.running import Event, EventKind, Job
from ..files.regular import open_regular, shown
from ..files.store import TrialFolder, read_record
from ..files.texts import parse_json
from ..files.validation import validate
from ..trials.signs import BEAT_SECONDS, Sign

_PIECE_BYTES: Final = 64 << 10
"""Read of one file at a look."""
_ROOM_SECONDS: Final = 2 * BEAT_SECONDS
"""After a trial has said that it failed: its record follows, if there is room for one."""


class Follower:
    """Hears of trials from now on; what their folders hold already is known and no news.

    Args:
        jobs: What is followed, before it is started.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._trails = {job.fingerprint: _Trail(job) for job in jobs}

    def news(self) -> Iterator[Event]:
        """Give what came since the last look: ``started`` once for each trial, ``progress``, ``note``."""
        for trail in self._trails.values():
            yield from trail.news()

    def end_of(self, job: Job) -> Event | None:
        """Say how a trial ended: by its record, or its last sign where there was no room for one.

        Returns:
            A ``complete`` or ``failed`` event; None: it has not ended, or died and could not say so.
        """
        return self._trails[job.fingerprint].end()

    def silent_seconds(self, job: Job) -> float:
        """Say how long there has been no sign of a trial's life, or since when it is followed.

        A trial that runs gives one every `BEAT_SECONDS`; network file systems may take a minute to show it.
        """
        return self._trails[job.fingerprint].silent_seconds


class _Trail:
    """What one trial leaves."""

    def __init__(self, job: Job) -> None:
        self._fingerprint, self._folder = job.fingerprint, TrialFolder(job.folder)
        self._seen, self._record = _state(self._folder.events), _state(self._folder.record)
        self._read = self._seen[0] if self._seen else 0
        self._heard = time.monotonic()
        self._runs = 0
        self._last: Sign | None = None

    @property
    def silent_seconds(self) -> float:
        return time.monotonic() - self._heard

    def news(self) -> Iterator[Event]:
        state = _state(self._folder.events)
        if state is None or state == self._seen:
            return
        self._seen, self._heard = state, time.monotonic()
        for line in self._lines(state[0]):
            try:
                sign = validate(Sign, parse_json(line, shown(self._folder.events), StoreError), "sign")
            except EmsegError:  # cut short by a kill, or none of ours
                continue
            self._last = sign
            if event := self._told(sign):
                yield event

    def end(self) -> Event | None:
        record = _state(self._folder.record)
        if record is not None and record != self._record:
            return recorded_end(self._fingerprint, self._folder)
        last = self._last
        has_failed = last is not None and last.kind == "failed" and self.silent_seconds > _ROOM_SECONDS
        return self._event("failed", last.message) if last and has_failed else None

    def _lines(self, size: int) -> list[bytes]:
        """Read the lines that are new and whole."""
        begin = self._read if self._read <= size else 0  # somebody may have made the file anew
        try:
            with open_regular(self._folder.own(self._folder.events), StoreError) as file:
                file.seek(begin)
                content = file.read(_PIECE_BYTES)
        except (EmsegError, OSError):  # a moment later perhaps
            self._seen = None
            return []
        whole = content.rfind(b"\n") + 1
        if len(content) == _PIECE_BYTES:
            self._seen = None  # there is more
            whole = whole or len(content)  # of a line without an end, which is passed over
        content = content[:whole]
        self._read = begin + len(content)
        return content.splitlines()

    def _told(self, sign: Sign) -> Event | None:
        """Turn a sign into news; how a trial ends its record tells."""
        if sign.kind in {"complete", "failed"}:
            return None
        if sign.kind == "progress":
            return Event(
                fingerprint=self._fingerprint,
                kind="progress",
                phase=sign.phase,
                done=sign.done,
                total=sign.total,
                message=sign.message,
                score=sign.score,
            )
        if sign.kind != "started":
            return self._event("note", sign.message)
        self._runs += 1
        where = f"on {sign.host}"
        return (
            self._event("started", where)
            if self._runs == 1
            else self._event("note", f"it runs again, {where}")
        )

    def _event(self, kind: EventKind, message: str = "") -> Event:
        return Event(fingerprint=self._fingerprint, kind=kind, message=message)


def recorded_end(fingerprint: str, folder: TrialFolder) -> Event:
    """Say how a trial ended that has left a record."""
    try:
        data = read_record(folder)
    except EmsegError as error:
        return Event(fingerprint=fingerprint, kind="failed", message=str(error))
    if data.get("status") == "complete":
        return Event(fingerprint=fingerprint, kind="complete")
    return Event(fingerprint=fingerprint, kind="failed", message=str(data.get("reason")))


def _state(path: Path) -> tuple[int, int, int] | None:
    """Give a file's size, time of change and number; None: there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
