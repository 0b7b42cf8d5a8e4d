"""Tables in two parts: the numbers of one trial, and what they are of, which many trials have in common."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd

Numbers: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Column: TypeAlias = list[Any]
"""Name, type and values; no values of the numbers' own."""

VALUE: Final = "value"
_TYPES: Final = frozenset({"int64", "object", "str"})


def numbers_of(table: pd.DataFrame) -> Numbers | None:
    """Return a table's numbers; None where it is not of the types in which trials write tables."""
    kinds = {name: str(kind) for name, kind in table.dtypes.items()}
    if kinds.pop(VALUE, "") != "float64" or not _TYPES.issuperset(kinds.values()):
        return None
    return table[VALUE].to_numpy()


def columns_of(table: pd.DataFrame) -> list[Column]:
    """Return what the numbers of a table are of, as plain data."""
    return [
        [name, str(column.dtype), [] if name == VALUE else _values(column)] for name, column in table.items()
    ]


def _values(column: pd.Series[Any]) -> list[Any]:
    return [None if missing else value for value, missing in zip(column, column.isna(), strict=True)]


class Shape:
    """What the numbers of many tables are of.

    Args:
        columns: As `columns_of` gave them.
    """

    def __init__(self, columns: list[Column]) -> None:
        self._labels = pd.DataFrame(
            {name: pd.Series(values, dtype=kind) for name, kind, values in columns if name != VALUE},
            columns=[name for name, *_ in columns],
        )

    def __len__(self) -> int:
        return len(self._labels)

    def table(self, numbers: Numbers) -> pd.DataFrame:
        """Make the table of so many numbers."""
        table = self._labels.copy(deep=False)
        table[VALUE] = numbers
        return table
