"""The library of imported weights: every path in it is named here, but for what is `unfinished`.

A name stands for one file, ``<name>.safetensors``, and one entry of ``index.json``.  The entry is
written last and removed first: what has none is no part of the library, whatever lies in the folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ..contracts.basics import STRICT
from ..contracts.errors import UsageError, WeightsError
from ..files.cache import cache_folder
from ..files.hashing import sha256_of_file
from ..files.locks import locked
from .unfinished import arriving, unfinished

SUFFIX = ".safetensors"
INDEX_VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is on record about imported weights."""

    __pydantic_config__ = STRICT

    name: str
    kind: str
    """What the original was recognised as."""
    usable_as: str
    """How a run starts from them: ``unet[encoder=resnet50]@cem500k-mocov2``."""
    trained: bool
    """Whether they are a whole trained model, which can segment as it is."""
    original_name: str
    """The original's file name."""
    original_sha256: str
    """Of the original as it was imported; the same name takes no other from then on."""
    sha256: str
    """Of the converted file in the library."""
    imported: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    __pydantic_config__ = STRICT

    version: int = INDEX_VERSION
    weights: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Library:
    """The folder of imported weights."""

    root: Path

    @classmethod
    def here(cls) -> Library:
        """Give this machine's library, in the cache folder."""
        return cls(cache_folder() / "weights")

    def file(self, name: str) -> Path:
        """Return where the weights called `name` lie, or would lie."""
        return self.root / f"{name}{SUFFIX}"

    @property
    def index(self) -> Path:
        """What is on record about each name."""
        return self.root / "index.json"

    def entries(self) -> dict[str, Entry]:
        """Read the record of all names.

        Raises:
            WeightsError: It is damaged, or of another version.
        """
        if not self.index.exists():
            return {}
        from ..files.validation import read_versioned

        remedy = "remove it and import the weights again"
        return dict(read_versioned(_Index, self.index, INDEX_VERSION, WeightsError, remedy).weights)

    def find(self, name: str) -> Path | None:
        """Give the file of the weights called `name`, unchanged since they were imported; None without any.

        Raises:
            WeightsError: They were imported, but the file has gone or changed.
        """
        entry = self.entries().get(name)
        if entry is None:
            return None
        if fault := self.fault(entry):
            raise WeightsError(f"{fault}; import or fetch {name} again")
        return self.file(name)

    def fault(self, entry: Entry) -> str:
        """Say what is wrong with an entry's file, or nothing."""
        path = self.file(entry.name)
        if not path.is_file():
            return f"{path} has gone"
        found = sha256_of_file(path)
        return "" if found == entry.sha256 else f"{path} changed: SHA-256 {found}, on record {entry.sha256}"

    def check_replaces(self, entry_name: str, original_sha256: str, *, replace: bool) -> None:
        """Refuse to put other weights under a name that is taken.

        Raises:
            WeightsError: It is, and `replace` does not allow it.
        """
        known = self.entries().get(entry_name)
        if known and known.original_sha256 != original_sha256 and not replace:
            raise WeightsError(
                f"{entry_name} was imported from another file before ({known.original_name}, SHA-256 "
                f"{known.original_sha256}; this one has {original_sha256}); use --replace if this is meant, "
                "or give these weights another name with --as"
            )

    def put(self, entry: Entry, converted: Path, *, replace: bool) -> None:
        """Take a converted file into the library, moving it, and put it on record.

        Raises:
            WeightsError: The name is taken by other weights and `replace` does not allow that.
        """
        with self._lock():
            self.check_replaces(entry.name, entry.original_sha256, replace=replace)
            entries = self.entries()
            if entries.pop(entry.name, None):
                self._write(entries)
            converted.replace(self.file(entry.name))
            self._write({**entries, entry.name: entry})

    def unfinished(self) -> AbstractContextManager[Path]:
        """Give a folder on the library's disk for files that are not finished; see `unfinished`."""
        return unfinished(self.root)

    def arriving(self, name: str) -> AbstractContextManager[Path]:
        """Give the path for a download of the weights called `name`; see `arriving`."""
        return arriving(self.root, name)

    def _lock(self) -> AbstractContextManager[object]:
        return locked(self.root / ".lock")

    def _write(self, entries: Mapping[str, Entry]) -> None:
        from ..files.store import to_json, write_whole
        from ..files.validation import plain

        write_whole(self.index, to_json(plain(_Index(weights=dict(sorted(entries.items()))))))


def check_name(name: str) -> None:
    """Refuse what cannot be the name of weights.

    Raises:
        UsageError: It holds something else than letters, digits and ``. _ + -``, or is too long.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"got {name!r} as a name for weights; expected letters, digits, '.', '_', '+' and '-', "
            "at most 100, beginning with a letter or digit."
        )
