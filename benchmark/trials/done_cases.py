"""Test cases that are done: their scores are kept, so that a killed trial goes on with the first that is not.

A file a case, in the trial's scratch folder, which is removed when the record is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import numpy as np
from annotated_types import Ge

from ..contracts.basics import STRICT
from ..contracts.data import Case, Manifest
from ..contracts.errors import EmsegError, StoreError
from ..evaluation.aggregation import COUNT_NAMES
from ..evaluation.reliability import ReliabilityRow
from ..evaluation.scoring import ScoreRow, rows_of
from ..files.hashing import sha256_of, sha256_of_file
from ..files.leftovers import replacing
from ..files.printable import brief
from ..files.store import TrialFolder, to_json
from ..files.texts import read_json
from ..files.validation import plain, validate
from ..profiling.memory import MemoryPeak, larger
from .case_keys import CaseKeys
from .kept_files import is_unchanged, with_checksum

MOST_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What is kept of a case."""

    __pydantic_config__ = STRICT

    key: str
    """All that decides its scores (`CaseKeys`)."""
    values: str
    """Its scores in the order of `scoring.rows_of`, as hexadecimal digits of little-endian float64."""
    bins: tuple[tuple[int, int, int, float, int], ...]
    """The fields of its `ReliabilityRow`, but for the case."""
    files: str
    """Hash of the files that it left."""
    seconds: Annotated[float, Ge(0)]
    """That it took."""
    memory: MemoryPeak
    """Of its process until then."""
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class FoundCase:
    """What testing said of a case."""

    rows: Sequence[ScoreRow]
    bins: Sequence[ReliabilityRow]


class DoneCases:
    """Keeps the scores of test cases, and what they took.

    Args:
        folder: Of the trial.
        keys: Name what the scores belong to.
        manifest: Of the dataset.
        metrics: Names of those that score.
        files_of: Gives the files that a case leaves.
        peak: Gives the most memory that this process took so far.
        note: Hears, a sentence each, what is there and cannot be used.
    """

    def __init__(
        self,
        folder: TrialFolder,
        keys: CaseKeys,
        manifest: Manifest,
        metrics: Sequence[str],
        *,
        files_of: Callable[[Case], Sequence[Path]],
        peak: Callable[[], MemoryPeak],
        note: Callable[[str], None],
    ) -> None:
        self._folder, self._keys, self._manifest = folder, keys, manifest
        self._names = (*metrics, *COUNT_NAMES)
        self._files_of, self._peak, self._note = files_of, peak, note
        self._place = folder.scratch / "done"
        folder.own(self._place)  # what is written would follow a link
        self._start = time.perf_counter()
        self._marked = 0.0
        self._memory: MemoryPeak | None = None
        self._before = 0.0
        self.went_on = False
        """Whether something that an earlier session kept was used."""

    @property
    def seconds(self) -> float:
        """What testing took so far, in all sessions, but for what was lost when they were killed."""
        return self._before + time.perf_counter() - self._start

    @property
    def memory(self) -> MemoryPeak:
        """The peak so far, of all sessions."""
        return larger(self._memory, self._peak())

    def add(self, seconds: float) -> None:
        """Take in what an earlier session took for something that is used now."""
        self._before += seconds
        self.went_on = True

    def find(self, case: Case) -> FoundCase | None:
        """Give what is known of a case that is done; None: it is not, or what was kept cannot be used."""
        path = self._path(case)
        if not path.is_symlink() and not path.exists():
            return None
        try:
            done = self._read(path, case)
            values = np.frombuffer(bytes.fromhex(done.values), "<f8").tolist()
            rows = rows_of(case, self._manifest, values, self._names)
        except (EmsegError, ValueError) as error:
            why = brief(" ".join(str(error).split()).rstrip("."), 300)
            self._note(
                f"what was kept of test case {brief(case.id)} is not used, and it is tested again: {why}."
            )
            return None
        self.add(done.seconds)
        self._marked = self.seconds
        self._memory = larger(self._memory, done.memory)
        return FoundCase(rows, [ReliabilityRow(case.id, *bin_) for bin_ in done.bins])

    def keep(self, case: Case, rows: Sequence[ScoreRow], bins: Sequence[ReliabilityRow]) -> None:
        """Keep the rows of a case whose files are written."""
        seconds = self.seconds
        done = _Done(
            key=self._keys.of(case),
            bins=tuple(
                (row.class_index, row.bin, row.pixels, row.probability_sum, row.true_pixels) for row in bins
            ),
            values=np.array([row.value for row in rows], "<f8").tobytes().hex(),
            files=self._sha256_of_files(case),
            seconds=seconds - self._marked,
            memory=self.memory,
        )
        self._marked = seconds
        self._place.mkdir(exist_ok=True)
        with replacing(self._path(case)) as temporary:  # a kill leaves all or nothing, and a crash is noticed
            temporary.write_text(to_json(with_checksum(plain(done))), encoding="utf-8")

    def _read(self, path: Path, case: Case) -> _Done:
        content = read_json(self._folder.own(path), StoreError, MOST_BYTES)
        done = validate(_Done, content, path.name)
        if not is_unchanged(content) or not done.checksum:
            raise StoreError("it is damaged")
        if done.key != self._keys.of(case):
            raise StoreError("it is of another trial, of other weights or of other versions of libraries")
        if done.files != self._sha256_of_files(case):
            raise StoreError("its label map or pictures have changed")
        return done

    def _sha256_of_files(self, case: Case) -> str:
        return sha256_of([sha256_of_file(self._folder.own(path)) for path in self._files_of(case)])

    def _path(self, case: Case) -> Path:
        return self._place / f"{sha256_of(case.id)[:16]}.json"
