"""The folder of results: every path in it is named here, and nowhere else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..contracts.basics import RECORD_VERSION
from ..contracts.errors import StoreError
from .leftovers import replacing
from .printable import printable_json
from .regular import check_within, shown
from .texts import read_json

MOST_RECORD_BYTES = 16 << 20
FINGERPRINT_DIGITS = 64
"""Hexadecimal ones; a trial's folder is called by its fingerprint."""


@dataclass(frozen=True, slots=True)
class TrialFolder:
    """The files of one trial."""

    path: Path

    @property
    def spec(self) -> Path:
        """What was to be run."""
        return self.path / "trial.json"

    @property
    def record(self) -> Path:
        """What came of it; written last and whole, so where it is, the rest is."""
        return self.path / "record.json"

    @property
    def cases(self) -> Path:
        """Scores per case, class and metric."""
        return self.path / "cases.parquet"

    @property
    def sanity(self) -> Path:
        """Scores of predictions that look at no image."""
        return self.path / "sanity.parquet"

    @property
    def reliability(self) -> Path:
        """Pixels of test images by bins of probability."""
        return self.path / "reliability.parquet"

    @property
    def curve(self) -> Path:
        """Training loss, learning rate, validation score."""
        return self.path / "curve.parquet"

    @property
    def weights(self) -> Path:
        """The best validation state."""
        return self.path / "weights.safetensors"

    @property
    def environment(self) -> Path:
        """Hardware and versions."""
        return self.path / "environment.json"

    @property
    def log(self) -> Path:
        """Everything that the trial's process printed."""
        return self.path / "log.txt"

    @property
    def events(self) -> Path:
        """Signs of life of the trial's process, a line each."""
        return self.path / "events.jsonl"

    @property
    def ticket(self) -> Path:
        """By which job of a cluster's queue the trial runs; there as long as it does."""
        return self.path / "ticket.json"

    @property
    def verdict(self) -> Path:
        """Whether a trial that tunes is worth going on with; there if somebody listens."""
        return self.path / "verdict.json"

    @property
    def predictions(self) -> Path:
        """Predicted label maps of the test cases."""
        return self.path / "predictions"

    @property
    def previews(self) -> Path:
        """Image, truth and prediction of the first test cases."""
        return self.path / "previews"

    @property
    def left_behind(self) -> Path:
        """Which of these files were left out, by choice, when the trial was bundled; absent if none was."""
        return self.path / "left_behind.json"

    @property
    def scratch(self) -> Path:
        """What training needs to go on after a kill; removed at the end."""
        return self.path / "scratch"

    @property
    def lock(self) -> Path:
        """Held while the trial runs."""
        return self.path / "lock"

    def own(self, path: Path) -> Path:
        """Resolve the path of one of these files.

        Raises:
            StoreError: It is a link that leads out of the folder.
        """
        if path.parent == self.path and not path.is_symlink():
            return path.absolute()  # it is here: there is no link to follow
        return check_within(self.path, path.absolute(), shown(path), StoreError)

    def is_complete(self) -> bool:
        """Tell whether the trial has been run to its end, and left its record here."""
        try:
            record = read_json(self.own(self.record), StoreError, MOST_RECORD_BYTES)
            return bool(record["status"] == "complete" and self.is_place_of(record["fingerprint"]))
        except (StoreError, KeyError, TypeError):
            return False

    def is_place_of(self, fingerprint: object) -> bool:
        """Tell a trial's own record from another's; a folder of another kind of name takes any."""
        return len(self.path.name) != FINGERPRINT_DIGITS or self.path.name == fingerprint


@dataclass(frozen=True, slots=True)
class StudyFolder:
    """The files of one study: what tuning one model on one dataset was and came to."""

    path: Path

    @property
    def spec(self) -> Path:
        """What was to be tried."""
        return self.path / "study.json"

    @property
    def state(self) -> Path:
        """Every trial, as far as it is."""
        return self.path / "trials.json"

    @property
    def lock(self) -> Path:
        """Held by the command that works on it."""
        return self.path / "lock"


@dataclass(frozen=True, slots=True)
class Store:
    """A results folder."""

    root: Path

    @property
    def report(self) -> Path:
        """Where the report goes."""
        return self.root / "report"

    @property
    def index(self) -> Path:
        """What reports have read of the trials; remade as it is needed."""
        return self.root / "trials.index"

    @property
    def boards(self) -> Path:
        """In which order runs asked for boards, a hash a line."""
        return self.root / "boards.txt"

    @property
    def lock(self) -> Path:
        """Held while what is stored is read for a report and that is written."""
        return self.root / ".lock"

    def trial(self, fingerprint: str) -> TrialFolder:
        """Return the folder of one trial; it need not exist."""
        return TrialFolder(self.root / "trials" / fingerprint)

    def trials(self) -> Iterator[TrialFolder]:
        """Give the folders of all trials that have left a record, by name."""
        found = (TrialFolder(path) for path in sorted(self.root.glob("trials/*")))
        return (folder for folder in found if folder.record.is_symlink() or folder.record.exists())

    @property
    def optuna(self) -> Path:
        """What optuna remembers of all studies, unless that is elsewhere."""
        return self.root / "studies" / "optuna.db"

    def study(self, name: str) -> StudyFolder:
        """Return the folder of one study; it need not exist."""
        return StudyFolder(self.root / "studies" / name)

    def studies(self) -> Iterator[StudyFolder]:
        """Give the folders of all studies, by name."""
        found = (StudyFolder(path) for path in sorted(self.root.glob("studies/*")))
        return (folder for folder in found if folder.spec.is_symlink() or folder.spec.exists())

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            StoreError: It cannot be made or written to.
        """
        try:
            (self.root / "trials").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot write to the results folder {self.root} ({error.strerror}); "
                "choose another with --out."
            ) from error
        if not os.access(self.root, os.W_OK):
            raise StoreError(
                f"cannot write to the results folder {self.root}: no permission; choose another with --out."
            )


def read_record(folder: TrialFolder) -> dict[str, Any]:
    """Read a record as plain data.

    Raises:
        StoreError: It is damaged, or of a later version than this program knows.
    """
    try:
        data = read_json(folder.own(folder.record), StoreError, MOST_RECORD_BYTES)
    except StoreError as error:
        raise StoreError(f"{error} Remove the folder {folder.path} and run again.") from error
    if not isinstance(data, dict) or data.get("version") != RECORD_VERSION:
        version = data.get("version") if isinstance(data, dict) else None
        raise StoreError(
            f"{folder.record} has version {version}, expected {RECORD_VERSION}; "
            "use the emseg-bench that wrote it."
        )
    return data


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file (text as UTF-8) so that a kill at any moment leaves either the old or the new content."""
    with whole_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def give_usual_mode(path: Path) -> None:
    """Let a file that a library made for its owner alone be read by those whom the umask lets read files."""
    path.chmod(0o666 & ~_umask())


def _umask() -> int:
    """Return the process's umask; where the system does not tell, it can be asked for by setting it alone."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("Umask:")), 8)
    except (OSError, StopIteration, ValueError):
        mask = os.umask(0o022)
        os.umask(mask)
        return mask


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes the place of `path` when the context ends, and vanishes on an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("w+b") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def to_json(data: Any) -> str:
    """Write plain data for people and machines."""
    return printable_json(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"
