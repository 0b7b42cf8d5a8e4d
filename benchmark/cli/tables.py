"""Tables and sentences in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..files.printable import printable
from .console import Console

MISSING = frozenset({"–", "n/a"})

SHORT = 12
"""Texts up to so many characters are never broken; longer ones make room for numbers, which never are."""
UNLIMITED = 10_000

Rows = Sequence[Mapping[str, str]]


def print_table(rows: Rows, *narrower: Rows, title: str = "") -> None:
    """Print rows under their keys; numbers stand to the right, and neither they nor short texts are broken.

    Args:
        rows: What to show.
        narrower: What to show instead where the terminal has too few columns; the last one at any rate.
        title: Stands above.
    """
    console = Console()
    versions = [_printable(one) for one in (rows, *narrower)]
    tables = [*map(_table, versions), _table(versions[-1], tight=True)]
    fitting = (table for table in tables if _width(table, console) <= console.width)
    if title:
        console.print(f"\n{title}", style="bold", highlight=False, markup=False, soft_wrap=True)
    console.print(next(fitting, tables[-1]))


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


def _width(table: Table, console: Console) -> int:
    """Measure how many columns a table would take if it had all it wants."""
    return Measurement.get(console, console.options.update(width=UNLIMITED), table).maximum


def _table(rows: Rows, *, tight: bool = False) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=tight)
    for key in rows[0] if rows else ():
        cells = [row[key] for row in rows]
        numeric = all(cell in MISSING or cell.lstrip("(−-")[:1].isdigit() for cell in cells)
        longest = max(map(len, cells))
        table.add_column(
            Text(key),
            justify="right" if numeric else "left",
            no_wrap=numeric or longest <= SHORT,
            min_width=longest if numeric or longest <= SHORT else None,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(value) for value in row.values()))
    return table
