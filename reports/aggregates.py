"""From stored confusion counts to overlap scores by every aggregate: per case, per group, pooled.

Counts are summed over what belongs together before anything is divided: over nothing, over the cases of a
group (the slices of one volume, the images of one subject), or over all cases.  A sum in which the truth has
nothing of the class, or a ratio nothing to divide by, is left out of the means over cases or groups that
follow; that over the foreground classes of the truth is undefined where one of them has no number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import pandas as pd

from ..benchmark.evaluation.aggregation import COUNT_NAMES, ratios
from .scores import foreground

Aggregate: TypeAlias = Literal["per case", "per group", "pooled"]

AGGREGATES: Final[Mapping[Aggregate, tuple[str, ...]]] = {
    "per case": ("case",),
    "per group": ("unit",),
    "pooled": (),
}
"""What stays apart when counts are summed."""
RATIOS: Final = ("iou", "dice", "precision", "recall")
COUNTED: Final = COUNT_NAMES[:3]


def aggregates(cases: pd.DataFrame) -> pd.DataFrame:
    """Score trials anew by each aggregate.

    Args:
        cases: Tables of `Trial.cases`, one after the other, with a column ``trial``, cut to common cases.

    Returns:
        Columns trial, aggregate, units and those of `RATIOS`: a row per trial and aggregate, without groups
        where there are none.  Units are the cases or groups that the mean is over, 1 for pooled; a ratio is
        NaN where it applies to none.
    """
    counts = _counts(cases)
    grouped = bool(cases["group"].notna().any())
    tables = [
        _aggregate(counts, list(apart)).assign(aggregate=name)
        for name, apart in AGGREGATES.items()
        if grouped or name != "per group"
    ]
    return pd.concat(tables, ignore_index=True)


def _counts(cases: pd.DataFrame) -> pd.DataFrame:
    """Lay out tp, fp and fn of each trial, foreground class and case side by side."""
    rows = foreground(cases[cases["metric"].isin(COUNTED)])
    alone = "\0" + rows["case"].astype(str)  # a case of no group is one by itself, whatever it is called
    rows = rows.assign(unit=rows["group"].where(rows["group"].notna(), alone))
    keys = ["trial", "class_index", "unit", "case", "metric"]
    wide = rows.groupby(keys, observed=True)["value"].sum().unstack("metric")
    return wide.reindex(columns=list(COUNTED)).reset_index()


def _aggregate(counts: pd.DataFrame, apart: list[str]) -> pd.DataFrame:
    keys = ["trial", "class_index", *apart]
    summed = counts.groupby(keys)[list(COUNTED)].sum()
    truth = summed["tp"] + summed["fn"] > 0
    by_class = ratios(summed[truth]).groupby(["trial", "class_index"])
    classes = by_class.mean().groupby("trial")
    means = classes.mean().where(classes.count().eq(classes.size(), axis=0))
    units = summed.groupby(["trial", "class_index"]).size().groupby("trial").max()
    return means.assign(units=units).reset_index()
