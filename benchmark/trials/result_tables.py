"""Reading the tables of a results folder, which may be anybody's: looked at before memory is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import pandas as pd
import pyarrow as pa
from pyarrow.parquet import ParquetFile

from ..contracts.errors import StoreError
from ..evaluation.scoring import to_frame
from ..files.decoding import decoding
from ..files.parquet import read_parquet
from ..files.regular import shown

Kind: TypeAlias = str
"""``text``, ``whole`` or ``number``: what a column holds."""

SCORES: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("case", "group", "class_name", "metric"), "text"),
    **dict.fromkeys(("height", "width", "class_index"), "whole"),
    "value": "number",
}
SANITY: Final[Mapping[str, Kind]] = {"predictor": "text", **SCORES}
RELIABILITY: Final[Mapping[str, Kind]] = {
    "case": "text",
    **dict.fromkeys(("class_index", "bin", "pixels", "true_pixels"), "whole"),
    "probability_sum": "number",
}
CURVE: Final[Mapping[str, Kind]] = {"iteration": "whole", "series": "text", "value": "number"}
LATER: Final[Mapping[str, Kind]] = {"depth": "whole"}
"""Not in tables from before there were volumes."""
REMEDY: Final = "Remove the trial's folder and run again, or bring the file back"


def read_table(path: Path, columns: Mapping[str, Kind]) -> pd.DataFrame:
    """Read a table's known columns; arguments and errors are those of `read_arrow`."""
    return to_pandas(read_arrow(path, columns), path)


def read_arrow(path: Path, columns: Mapping[str, Kind]) -> pa.Table:
    """Read a table's known columns.

    Args:
        path: A Parquet file.
        columns: Those that it must have, and what they hold.

    Raises:
        StoreError: It is no such table, is damaged, or would take too much memory.
    """

    def chosen(file: ParquetFile) -> list[str]:
        return _check_columns(path, file.schema_arrow, columns, rows=file.metadata.num_rows)

    return read_parquet(path, chosen, StoreError)


def to_pandas(table: pa.Table, path: Path) -> pd.DataFrame:
    """Make a frame of a table that was read from `path`.

    Raises:
        StoreError: It is damaged.
    """
    with decoding(path, "pyarrow", StoreError):
        return pd.DataFrame(table.replace_schema_metadata().to_pandas())


def no_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the scores and the curve of a trial that failed."""
    return to_frame([]), pd.DataFrame(columns=[*CURVE])


def _check_columns(path: Path, schema: pa.Schema, columns: Mapping[str, Kind], rows: int) -> list[str]:
    """Check a table's columns; return those that are read, in the table's order."""
    volumes = {name: kind for name, kind in LATER.items() if name in schema.names and "height" in columns}
    wanted = {**columns, **volumes}
    for name, kind in wanted.items():
        if schema.names.count(name) != 1:
            raise StoreError(
                f"{shown(path)} has the columns {shown(', '.join(schema.names))}, expected one {name!r} "
                f"among them. {REMEDY}."
            )
        held = schema.field(name).type
        if rows and not HOLDS[kind](held):
            raise StoreError(
                f"{shown(path)}: its column {name!r} holds {held}, expected {WORDS[kind]}. {REMEDY}."
            )
    return [name for name in schema.names if name in wanted]


def _is_text(held: Any) -> bool:
    if pa.types.is_dictionary(held):
        return _is_text(held.value_type)
    return bool(pa.types.is_string(held) or pa.types.is_large_string(held) or pa.types.is_null(held))


HOLDS: Final[Mapping[Kind, Callable[[Any], bool]]] = {
    "text": _is_text,
    "whole": lambda held: bool(pa.types.is_integer(held)),
    "number": lambda held: bool(pa.types.is_floating(held) or pa.types.is_integer(held)),
}
WORDS: Final[Mapping[Kind, str]] = {"text": "texts", "whole": "whole numbers", "number": "numbers"}
