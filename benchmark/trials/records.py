"""Records: making, writing, reading."""

from __future__ import annotations

from ..contracts.errors import StoreError, UsageError
from ..contracts.records import Record
from ..contracts.running import Job
from ..files.clock import now
from ..files.store import TrialFolder, read_record, to_json, write_whole
from .kept_files import with_checksum
from .older import upgraded
from .record_checks import check_content, check_sense


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
    from ..files.validation import plain

    write_whole(folder.record, to_json(with_checksum(plain(record))))


def load_record(folder: TrialFolder) -> Record:
    """Read a record.

    Raises:
        StoreError: It is damaged, of another version, was changed by somebody, or makes no sense.
    """
    from ..files.validation import validate

    data = read_record(folder)
    check_content(data, folder)
    try:
        record = validate(Record, upgraded(data), str(folder.record))
    except UsageError as error:
        raise StoreError(f"{error}\nRemove the folder {folder.path} and run again.") from error
    check_sense(record, folder)
    return record
