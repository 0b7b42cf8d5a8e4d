"""Records: making, writing, reading."""

from __future__ import annotations

from datetime import UTC, datetime

from .contracts import Job, Record
from .store import TrialFolder, read_record, to_json, write_whole


def now() -> str:
    """Give the time as records hold it: ISO 8601, UTC, seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def failed_record(job: Job, started: str, reason: str) -> Record:
    """Make the record of a trial that did not reach its end."""
    return Record(
        fingerprint=job.fingerprint,
        spec=job.spec,
        status="failed",
        reason=reason,
        started=started,
        finished=now(),
    )


def write_record(folder: TrialFolder, record: Record) -> None:
    """Write a record; from then on the trial counts as run."""
    from .validation import plain

    write_whole(folder.record, to_json(plain(record)))


def load_record(folder: TrialFolder) -> Record:
    """Read a record.

    Raises:
        StoreError: It is damaged or of another version.
    """
    from .validation import validate

    return validate(Record, read_record(folder), str(folder.record))
