"""What a record must be beyond its types: a results folder may be anybody's, and is believed by reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from ..contracts.errors import StoreError
from ..contracts.records import Record
from ..files.printable import printable
from ..files.store import TrialFolder
from .kept_files import is_unchanged

MOST_NUMBER: Final = 2**63
MOST_TEXT: Final = 100_000
_Place: TypeAlias = "tuple[_Place, object] | None"
"""Where a value stands: the place around it, and its key there."""
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


def check_content(data: dict[str, Any], folder: TrialFolder) -> None:
    """Check a record's plain data: every value can be written again, and nobody has changed one.

    Raises:
        StoreError: One cannot, or somebody has.
    """
    fault = next(_odd(data), None)
    if fault is None and not is_unchanged(data):
        fault = "it was changed after the trial wrote it (its checksum is of other content)"
    if fault:
        raise _unusable(folder, fault)


def check_sense(record: Record, folder: TrialFolder) -> None:
    """Check that a record's parts belong together.

    Raises:
        StoreError: They do not.
    """
    if fault := next(_contradictions(record), None):
        raise _unusable(folder, fault)


def check_place(record: Record, folder: TrialFolder) -> None:
    """Check that a trial lies where trials of its fingerprint do.

    Raises:
        StoreError: It lies elsewhere, so it may be there twice.
    """
    if folder.path.name != record.fingerprint:
        raise _unusable(folder, f"its fingerprint is {record.fingerprint}, expected the name of its folder")


def _odd(data: object) -> Iterator[str]:
    waiting: list[tuple[object, _Place]] = [(data, None)]
    while waiting:  # records have hundreds of values, and reports thousands of records: no calls in here
        value, place = waiting.pop()
        if isinstance(value, dict):
            waiting += [(inner, (place, key)) for key, inner in value.items()]
            waiting += [(key, place) for key in value]
        elif isinstance(value, list):
            waiting += [(inner, place) for inner in value]
        elif isinstance(value, str):
            if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
                yield f"{_written(place)} holds halves of characters (lone surrogates)"
            elif len(value) > MOST_TEXT:
                yield f"{_written(place)} is a text of {len(value):,} characters"
        elif isinstance(value, int | float) and not -MOST_NUMBER < value < MOST_NUMBER:
            yield f"{_written(place)} is no number that a trial could have written"


def _written(place: _Place) -> str:
    """Write where a value stands: ``spec.model.options``."""
    keys: list[str] = []
    while place is not None:
        place, key = place
        keys.insert(0, str(key))
    return printable(".".join(keys))


def _contradictions(record: Record) -> Iterator[str]:
    spec = record.spec
    names = [metric.name for metric in spec.metrics]
    if not _FINGERPRINT.fullmatch(record.fingerprint):
        yield f"{printable(record.fingerprint[:80])!r} is no fingerprint, expected 64 hexadecimal digits"
    if len(set(names)) != len(names) or not names:
        told = printable(", ".join(names)[:200]) or "none"
        yield f"its metrics are {told}, expected at least one, each once"
    elif spec.protocol.primary not in names:
        yield (
            f"its primary metric {printable(spec.protocol.primary)!r} is not among its metrics "
            f"{printable(', '.join(names)[:200])}"
        )
    if record.status == "complete":
        yield from _incomplete(record)


def _incomplete(record: Record) -> Iterator[str]:
    classes = len(record.class_names)
    if classes < 2:
        yield f"it is complete and names {classes} classes, expected at least two"
    scored = record.scored_classes
    if scored is not None and (not scored or not all(0 <= label < classes for label in scored)):
        yield f"its scored classes are {scored[:20]}, expected labels of its {classes} classes"


def _unusable(folder: TrialFolder, fault: str) -> StoreError:
    return StoreError(
        f"{folder.record} cannot be used: {fault}. Remove the folder {folder.path} and run again."
    )
