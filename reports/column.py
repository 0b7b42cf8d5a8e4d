"""What a column of the leaderboard is, wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .grid import Cell, Column
from .schema import Row
from .wording import MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardColumn(Column):
    """A column, wherever it is shown."""

    key: str
    """What machines call it, with its unit: its name in CSV."""
    value: Callable[[Row], object]
    """What CSV holds of a row."""
    cell: Callable[[Row], Cell]
    """What people see of a row."""
    short: str = ""
    """Its title in the terminal, over several lines."""
    in_csv: bool = True


def plain(key: str, value: Callable[[Row], object]) -> BoardColumn:
    """Make a column for machines; where people want it, they see what machines do."""

    def cell(row: Row) -> Cell:
        found = value(row)
        return Cell(text=MISSING if found is None else str(found))

    return BoardColumn(key=key, title=key, short=key, value=value, cell=cell)
