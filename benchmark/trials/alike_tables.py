"""Reading tables of many trials, which differ in their numbers alone: what these are of is made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa

from .plain_tables import VALUE
from .result_tables import Kind, read_arrow, to_pandas

MOST: Final = 32
"""Tables that others may be like; of trials on data of their own, each time, none is."""


@dataclass(frozen=True, slots=True)
class _Known:
    labels: pa.Table
    """All but the numbers, as read."""
    checked_for: object
    frame: pd.DataFrame


def _as_it_is(table: pd.DataFrame) -> pd.DataFrame:
    return table


@dataclass(frozen=True, slots=True)
class AlikeTables:
    """Tables of one kind, read one after the other."""

    columns: Mapping[str, Kind]
    """Those that each must have, and what they hold."""
    complete: Callable[[pd.DataFrame], pd.DataFrame] = _as_it_is
    """Puts into a table what is not in its file."""
    _known: list[_Known] = field(default_factory=list)

    def read(
        self,
        path: Path,
        checked_for: object = None,
        check: Callable[[pd.DataFrame], None] | None = None,
    ) -> pd.DataFrame:
        """Read a table.

        Args:
            path: A Parquet file.
            checked_for: What else `check` depends on.
            check: Looks at all but the numbers: once, of tables that differ in these alone.

        Raises:
            StoreError: It is no such table, is damaged, or would take too much memory.
        """
        table = read_arrow(path, self.columns)
        labels = table.drop_columns([VALUE])
        for place, known in enumerate(self._known):
            if known.checked_for == checked_for and known.labels.equals(labels):
                self._known.insert(0, self._known.pop(place))
                frame = known.frame.copy(deep=False)
                frame[VALUE] = table.column(VALUE).to_numpy()
                return frame
        frame = self.complete(to_pandas(table, path))
        if check:
            check(frame)
        self._known[:] = [_Known(labels, checked_for, frame.copy(deep=False)), *self._known[: MOST - 1]]
        return frame
