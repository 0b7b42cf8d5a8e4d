"""A file that has come in part, and what tells whether its rest is still the rest of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ..contracts.errors import DataError
from .texts import read_json

MOST_BYTES: Final = 1 << 20
"""Of the notes beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a server said of a file: as long as it says the same, the file has not changed."""

    url: str
    validator: str
    """ETag or time of last change; empty: none that can be relied on."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file that has come in part."""

    path: Path
    notes: Path

    @classmethod
    def beside(cls, target: Path) -> Part:
        """Name the two files beside the one that is to be."""
        return cls(target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.json"))

    def promise(self) -> Promise | None:
        """What was said of it; None where nothing can be relied on."""
        try:
            found = Promise(**read_json(self.notes, most_bytes=MOST_BYTES))
        except (DataError, TypeError):
            return None
        return found if found.validator and self.path.is_file() else None

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return self.path.stat().st_size

    def begin(self, promise: Promise) -> None:
        """Start with nothing; what came before goes first, lest it be taken for part of another file."""
        self.remove()
        self.notes.write_text(json.dumps(asdict(promise)), encoding="utf-8")
        self.path.touch()

    def remove(self) -> None:
        """Start with nothing the next time."""
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)
