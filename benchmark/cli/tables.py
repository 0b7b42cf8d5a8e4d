"""Tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_table(rows: Sequence[Mapping[str, str]], title: str | None = None) -> None:
    """Print rows under their keys; columns of numbers stand to the right."""
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for key in rows[0] if rows else ():
        numeric = all(row[key][:1].isdigit() or row[key] in {"–", "n/a"} for row in rows)
        table.add_column(key, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(value) for value in row.values()))
    Console().print(table)
