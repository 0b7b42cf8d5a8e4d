"""All trials of a results folder in one file beside them, for reports that would open two files per trial.

A trial is taken from it only while every file in the trial's folder is in the very state in which it was
read and checked; the file system alone writes the time of a file's last change of state.  Nothing depends
on the index: one that is missing, damaged, of other code or from elsewhere is made anew.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, get_type_hints

import numpy as np
import pandas as pd

from ..contracts.errors import EmsegError
from ..contracts.records import Record, TrialSpec
from ..contracts.reporting import Trial
from ..files.code import code_sha256
from ..files.hashing import sha256_of
from ..files.sealed import read_sealed, write_sealed
from ..files.store import Store, TrialFolder
from ..files.texts import parse_json
from ..files.validation import adapter, plain
from .alike_tables import MOST
from .index_content import Content, Entry, Shelf
from .plain_tables import VALUE, Numbers, Shape, columns_of, numbers_of
from .result_tables import no_tables

READING: Final = (
    *("contracts/data.py", "contracts/records.py", "contracts/settings.py", "evaluation/scoring.py"),
    *("files/parquet.py", "trials/alike_tables.py", "trials/boards.py", "trials/folder_state.py"),
    *("trials/index.py", "trials/index_content.py", "trials/kept_files.py", "trials/left_behind.py"),
    "trials/older.py",
    *("trials/plain_tables.py", "trials/record_checks.py", "trials/records.py", "trials/result_tables.py"),
)
"""Whose code says what a trial's files mean."""
ALONE: Final = frozenset({"seed", "label_fraction"})
PARTS: Final = tuple(one.name for one in fields(TrialSpec) if one.name not in ALONE)
"""Of a specification what many trials have in common."""
_TYPES: Final = get_type_hints(TrialSpec)


class Index:
    """What earlier reports have read of a results folder, and what this one reads for the next.

    Args:
        store: The results folder.
    """

    def __init__(self, store: Store) -> None:
        self._path = store.index
        self._code = sha256_of([code_sha256(Path(__file__).parents[1] / name) for name in READING])
        self._known, self._next = Content(), Content()
        self._parts: list[Any] = []
        self._shapes: list[Shape] = []
        self._placed: dict[int, pd.DataFrame] = {}
        self._changed = False
        with suppress(EmsegError, IndexError, KeyError, TypeError, ValueError):
            self._read()

    def _read(self) -> None:
        head, _, numbers = (read_sealed(self._path) or b"{}").partition(b"\n")
        told = parse_json(head, str(self._path))
        if told["code"] != self._code:
            return
        content = Content(
            parts=Shelf(told["parts"]),
            shapes=Shelf(told["shapes"]),
            trials={name: Entry(*entry) for name, entry in told["trials"].items()},
            numbers=[np.frombuffer(bytearray(numbers), dtype="<f8")],
        )
        kinds = [adapter(_TYPES[name]) for name in PARTS]
        self._parts = [kinds[kind].validate_python(part) for kind, part in content.parts.items]
        self._shapes = [Shape(columns) for columns in content.shapes.items]
        self._known = content

    def find(self, folder: TrialFolder, state: str) -> Trial | None:
        """Return a trial that was read before; None if it was not, or has changed since.

        Args:
            folder: The trial's.
            state: Its `state_of_trial` now.
        """
        entry = self._known.trials.get(folder.path.name)
        if entry is None or entry.state != state:
            return None
        tables = [self._shapes[shape].table(self._numbers(shape, begin)) for shape, begin in entry.tables]
        record = adapter(Record).validate_python({**entry.record, "spec": self._spec(entry)})
        self._keep(folder.path.name, entry)
        return Trial(record, folder.path, *(tables or no_tables()))

    def take(self, folder: TrialFolder, state: str, trial: Trial) -> None:
        """Remember a trial that was read, and in which nothing was wrong."""
        tables = []
        for table in (trial.cases, trial.curve) if trial.record.status == "complete" else ():
            if (numbers := numbers_of(table)) is None:
                return
            tables.append((self._place(table), self._next.append(numbers)))
        record = plain(trial.record)
        spec = record.pop("spec")
        self._next.trials[folder.path.name] = Entry(
            state,
            record,
            {name: spec[name] for name in ALONE},
            [self._next.parts.place([kind, spec[name]]) for kind, name in enumerate(PARTS)],
            tables,
        )
        self._changed = True

    def _place(self, table: pd.DataFrame) -> int:
        """Put what a table's numbers are of on its shelf; a table is compared sooner than written down."""
        labels = table.assign(**{VALUE: 0.0})
        for place, known in self._placed.items():
            if known.equals(labels):
                return place
        place = self._next.shapes.place(columns_of(table))
        if len(self._placed) < MOST:
            self._placed[place] = labels
        return place

    def save(self) -> None:
        """Write what was found and taken, if that is not what the file holds."""
        if not self._changed and self._next.trials.keys() == self._known.trials.keys():
            return
        content = self._next
        shelves = {"parts": content.parts.items, "shapes": content.shapes.items}
        head = {"code": self._code, **shelves, "trials": content.trials}
        text = json.dumps(head, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        numbers = np.concatenate([np.empty(0), *content.numbers]).astype("<f8", copy=False)
        write_sealed(self._path, text.encode() + b"\n" + numbers.tobytes())

    def _spec(self, entry: Entry) -> TrialSpec:
        parts = {name: self._parts[place] for name, place in zip(PARTS, entry.parts, strict=True)}
        return TrialSpec(**entry.alone, **parts)

    def _numbers(self, shape: int, begin: int) -> Numbers:
        return self._known.numbers[0][begin : begin + len(self._shapes[shape])]

    def _keep(self, name: str, entry: Entry) -> None:
        """Take over what is known of a trial."""
        known, content = self._known, self._next
        parts = [content.parts.move(known.parts, place) for place in entry.parts]
        tables = [
            (content.shapes.move(known.shapes, shape), content.append(self._numbers(shape, begin)))
            for shape, begin in entry.tables
        ]
        content.trials[name] = entry._replace(parts=parts, tables=tables)
