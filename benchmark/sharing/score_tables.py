"""Two tables of scores beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from ..files.printable import printable

KEYS: Final = ["case", "class_index", "metric"]
TOLERANCE: Final = 1e-6
"""Relative, and in a metric's own unit absolute: other processors and libraries round otherwise."""


def first_difference(stored: pd.DataFrame, other: pd.DataFrame, metrics: Sequence[str] = ()) -> str:
    """Say how many scores of two tables differ, and show one; empty if none does.

    Args:
        stored: Columns case, class_index, metric, value, as a trial's cases.
        other: Of the same cases.
        metrics: Those to be compared; empty: all.
    """
    both = _chosen(stored, metrics).merge(
        _chosen(other, metrics), on=KEYS, how="outer", suffixes=("", "_other"), indicator=True
    )
    values, others = (both[name].to_numpy(float) for name in ("value", "value_other"))
    same = np.isclose(values, others, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    differing = both[~(same & (both["_merge"] == "both").to_numpy())]
    if differing.empty:
        return ""
    row = differing.iloc[0]
    what = "score differs" if len(differing) == 1 else "scores differ"
    return (
        f"{len(differing):,} {what}: {printable(row['metric'])} of class {row['class_index']} in "
        f"{printable(row['case'])} is {_told(row['value'])} here and {_told(row['value_other'])} there"
    )


def _chosen(table: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    rows = table[table["metric"].isin(list(metrics))] if metrics else table
    return rows[[*KEYS, "value"]].astype({"case": str, "metric": str})


def _told(value: float) -> str:
    return "undefined" if np.isnan(value) else f"{value:.6g}"
