"""Tables as CSV, which spreadsheets and terminals show: no text in them computes or steers anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .printable import printable

if TYPE_CHECKING:
    import pandas as pd

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")
"""What makes a spreadsheet compute a cell instead of showing it."""


def harmless(value: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would compute, and write controls as escapes.

    Anything but a text stays as it is.
    """
    if not isinstance(value, str):
        return value
    return printable(f"'{value}" if value.startswith(_FORMULA) else value)


def csv_of(table: pd.DataFrame) -> str:
    """Write a table as CSV without its index; a missing value is empty, numbers are as they are."""
    texts = table.select_dtypes(exclude="number")
    safe = table.assign(**{str(name): column.map(harmless) for name, column in texts.items()})
    return safe.rename(columns=harmless).to_csv(index=False, lineterminator="\n")
