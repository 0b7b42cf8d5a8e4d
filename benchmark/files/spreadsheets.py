"""Tables as CSV, which people open in spreadsheets: no text of theirs may begin as a formula does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")
"""What makes a spreadsheet compute a cell instead of showing it."""


def no_formula(value: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would compute; anything else stays as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def csv_of(table: pd.DataFrame) -> str:
    """Write a table as CSV without its index; a missing value is empty, numbers are as they are."""
    texts = table.select_dtypes(exclude="number")
    safe = table.assign(**{str(name): column.map(no_formula) for name, column in texts.items()})
    return safe.rename(columns=no_formula).to_csv(index=False, lineterminator="\n")
