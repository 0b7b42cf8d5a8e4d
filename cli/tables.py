"""Tables and sentences in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..benchmark.files.printable import printable
from .console import Console

MISSING = frozenset({"–", "n/a"})

SHORT = 12
"""Texts up to so many characters are never broken; longer ones make room for numbers, which never are."""
LONGEST_NUMBER = 40
"""Characters, with spread and interval; what is longer and begins with a digit is a name."""
UNLIMITED = 10_000
GAP = 2
"""Columns of the terminal between two of a table's, where they stand close."""

Rows = Sequence[Mapping[str, str]]


def print_table(rows: Rows, *narrower: Rows, title: str = "") -> None:
    """Print rows under their keys; numbers stand to the right, and neither they nor short texts are broken.

    Args:
        rows: What to show.
        narrower: What to show instead where the terminal has too few columns; the last one at any rate, in
            several tables where it is too wide, so that no column is left out.
        title: Stands above.
    """
    console = Console()
    versions = [_printable(one) for one in (rows, *narrower)]
    tables = [*map(_table, versions), _table(versions[-1], tight=True)]
    fitting = (table for table in tables if _width(table, console) <= console.width)
    if title:
        console.print(f"\n{title}", style="bold", highlight=False, markup=False, soft_wrap=True)
    if table := next(fitting, None):
        console.print(table)
        return
    for part in _parts(versions[-1], console.width):
        console.print(_table(part, tight=True))


def say(console: Console, text: str, style: str = "") -> None:
    """Print a sentence: wrapped between words in a terminal, in one line elsewhere."""
    console.print(
        printable(text, lines=True),
        style=style,
        highlight=False,
        markup=False,
        soft_wrap=not console.is_terminal,
    )


def _printable(rows: Rows) -> Rows:
    """Write what steers a terminal as escapes before widths are measured."""
    return [{key: printable(value, lines=True) for key, value in row.items()} for row in rows]


def _parts(rows: Rows, width: int) -> list[Rows]:
    """Divide columns among tables that are no wider than a terminal can show; all begin with the first."""
    first, *others = rows[0] if rows else [""]
    groups: list[list[str]] = [[]]
    for key in others:
        taken = sum(_least(rows, known) + GAP for known in (first, *groups[-1]))
        if groups[-1] and taken + _least(rows, key) > width:
            groups.append([])
        groups[-1].append(key)
    return (
        [[{key: row[key] for key in (first, *group)} for row in rows] for group in groups] if rows else [rows]
    )


def _least(rows: Rows, key: str) -> int:
    """Return how many characters a column needs: all of numbers and short texts, some of others."""
    cells = [row[key] for row in rows]
    longest = max(map(len, cells))
    return max(len(key), longest) if _is_rigid(cells) else SHORT


def _is_rigid(cells: Sequence[str]) -> bool:
    """Tell whether a column's texts are never broken."""
    return _is_numeric(cells) or max(map(len, cells)) <= SHORT


def _is_numeric(cells: Sequence[str]) -> bool:
    numbers = [cell for cell in cells if cell not in MISSING]
    return all(cell.lstrip("(−-")[:1].isdigit() and len(cell) <= LONGEST_NUMBER for cell in numbers)


def _width(table: Table, console: Console) -> int:
    """Measure how many columns a table would take if it had all it wants."""
    return Measurement.get(console, console.options.update(width=UNLIMITED), table).maximum


def _table(rows: Rows, *, tight: bool = False) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=tight)
    for key in rows[0] if rows else ():
        cells = [row[key] for row in rows]
        longest, rigid = max(map(len, cells)), _is_rigid(cells)
        table.add_column(
            Text(key),
            justify="right" if _is_numeric(cells) else "left",
            no_wrap=rigid,
            min_width=longest if rigid else None,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(value) for value in row.values()))
    return table
