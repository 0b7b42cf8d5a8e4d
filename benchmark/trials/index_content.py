"""What an index of trials holds: plain data, and all that many trials have in common once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..files.hashing import canonical_json
from .plain_tables import Numbers


class Entry(NamedTuple):
    """A trial as plain data."""

    state: str
    record: dict[str, Any]
    """Without its specification."""
    alone: dict[str, Any]
    """Of its specification what is no part."""
    parts: list[int]
    """Places of its `index.PARTS`, in their order."""
    tables: list[tuple[int, int]]
    """Shape and first number of its scores and its curve."""


@dataclass(slots=True)
class Shelf:
    """Plain data of one kind that many trials share, each once."""

    items: list[Any] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)
    """By their text."""
    _moved: dict[int, int] = field(default_factory=dict)
    """Of what came from another shelf, by its place there."""

    def place(self, item: Any) -> int:
        """Put something here, unless it is there; say where."""
        text = canonical_json(item)
        if text not in self._places:
            self._places[text] = len(self.items)
            self.items.append(item)
        return self._places[text]

    def move(self, other: Shelf, place: int) -> int:
        """Take something over from the one other shelf, once; say where it is now."""
        if place not in self._moved:
            self._moved[place] = self.place(other.items[place])
        return self._moved[place]


@dataclass(slots=True)
class Content:
    """What an index holds."""

    parts: Shelf = field(default_factory=Shelf)
    """Which of `index.PARTS`, and its plain data."""
    shapes: Shelf = field(default_factory=Shelf)
    """Columns of tables, as `plain_tables.columns_of` gives them."""
    trials: dict[str, Entry] = field(default_factory=dict)
    """By the names of their folders."""
    numbers: list[Numbers] = field(default_factory=list)
    length: int = 0

    def append(self, numbers: Numbers) -> int:
        """Add numbers; say where they begin."""
        begin = self.length
        self.numbers.append(numbers)
        self.length += numbers.size
        return begin
