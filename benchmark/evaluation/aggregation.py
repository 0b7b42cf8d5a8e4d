"""From scores of cases to scores of classes, and to one score: the one rule for what ranks and what is kept.

A score in one class is the mean over the cases to which the metric applies; the score of all is the mean of
that over classes.  By protocols that do not skip what is undefined, one such case makes the mean undefined.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

BACKGROUND = 0
COUNT_NAMES = ("tp", "fp", "fn", "tn")
"""The confusion counts' names in column ``metric``; their values are px."""


def class_means(cases: pd.DataFrame, by: Sequence[str], *, skips_undefined: bool) -> pd.DataFrame:
    """Average over cases.

    Args:
        cases: Columns class_index, value and those of `by`.
        by: What stays apart beside classes.
        skips_undefined: The protocol's.

    Returns:
        Columns of `by`, class_index, value, applicable and cases: `value` is NaN where it is undefined,
        `applicable` counts the cases in which it is not.
    """
    groups = cases.groupby([*by, "class_index"], observed=True)["value"]
    means = pd.DataFrame({"value": groups.mean(), "applicable": groups.count(), "cases": groups.size()})
    if not skips_undefined:
        means["value"] = means["value"].where(means["applicable"] == means["cases"])
    return means.reset_index()


def overall_means(classes: pd.DataFrame, by: Sequence[str], *, skips_undefined: bool) -> pd.Series[float]:
    """Average what `class_means` gave over its classes; indexed by `by`, NaN where it is undefined."""
    groups = classes.groupby(list(by), observed=True)["value"]
    means = groups.mean()
    return means if skips_undefined else means.where(groups.count() == groups.size())


def primary_score(cases: pd.DataFrame, metric: str, *, skips_undefined: bool) -> float | None:
    """Aggregate one metric over foreground classes to the number that ranks validation states.

    Returns:
        The score, or None where it is undefined.
    """
    rows = cases[(cases["metric"] == metric) & (cases["class_index"] != BACKGROUND)]
    classes = class_means(rows, ["metric"], skips_undefined=skips_undefined)
    score = float(overall_means(classes, ["metric"], skips_undefined=skips_undefined).get(metric, math.nan))
    return None if math.isnan(score) else score


def ratios(counts: pd.DataFrame) -> pd.DataFrame:
    """Divide counts, in columns tp, fp and fn, into columns iou, dice, precision and recall; 0 / 0 is NaN."""
    tp, fp, fn = (counts[name] for name in COUNT_NAMES[:3])
    parts = {
        "iou": (tp, tp + fp + fn),
        "dice": (2 * tp, 2 * tp + fp + fn),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
    }
    return pd.DataFrame({name: part / whole.where(whole > 0) for name, (part, whole) in parts.items()})
