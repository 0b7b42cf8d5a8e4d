"""Tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

MISSING = frozenset({"–", "n/a"})


def print_table(rows: Sequence[Mapping[str, str]], title: str = "") -> None:
    """Print rows under their keys; numbers stand to the right, short cells are never broken."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for key in rows[0] if rows else ():
        cells = [row[key] for row in rows]
        numeric = all(cell in MISSING or cell.lstrip("(−-")[:1].isdigit() for cell in cells)
        table.add_column(
            key, justify="right" if numeric else "left", no_wrap=max(map(len, cells)) <= 32, overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(value) for value in row.values()))
    console = Console()
    if title:
        console.print(f"\n{title}", style="bold", highlight=False, markup=False, soft_wrap=True)
    console.print(table)
