"""From tables of cases to one score per trial, metric and class.

The means are those of `evaluation.aggregation`, over foreground classes, of the cells that `common_ground`
leaves: a trial that has no number in one of their classes has no mean.  Beside every metric stands the pooled
IoU, from confusion counts summed over all cases, which no small case can sway, of the classes that the truth
has in any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..benchmark.contracts.reporting import Trial
from ..benchmark.evaluation.aggregation import (
    BACKGROUND,
    COUNT_NAMES,
    class_means,
    overall_means,
    ratios,
)

POOLED_IOU = "pooled iou"


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of several trials; ``trial`` is the position in the sequence that was scored."""

    by_class: pd.DataFrame
    """Columns trial, metric, class_index, value, applicable, cases: a row per trial, metric and class;
    `value` is NaN where the metric applied to no case."""
    overall: pd.DataFrame
    """Columns trial, metric, value: the mean over foreground classes."""


def scores_of(cases: pd.DataFrame, *, skips_undefined: bool) -> Scores:
    """Score the trials of a table, the pooled IoU included.

    Args:
        cases: Columns of `Trial.cases`, and ``trial``: the cells that count, as `CommonGround` gives them.
        skips_undefined: The protocol's; does not concern the pooled IoU, which no protocol knows.
    """
    counted, by = cases["metric"].isin(COUNT_NAMES), ["trial", "metric"]
    means = class_means(cases[~counted], by, skips_undefined=skips_undefined)
    pooled = _pooled(cases[counted])
    overall = [
        overall_means(foreground(means), by, skips_undefined=False),
        overall_means(foreground(pooled), by, skips_undefined=True),
    ]
    by_class = [means.assign(metric=means["metric"].astype(str)), pooled]
    return Scores(
        pd.concat(by_class, ignore_index=True),
        pd.concat([one.reset_index() for one in overall], ignore_index=True),
    )


def foreground(table: pd.DataFrame) -> pd.DataFrame:
    """Leave the background out of rows of classes."""
    return table[table["class_index"] != BACKGROUND]


def case_scores(cases: pd.DataFrame, metric: str) -> pd.Series[float]:
    """Mean over foreground classes of `metric`, by case id; NaN where it applies to no class."""
    rows = foreground(cases[cases["metric"] == metric])
    return rows.groupby("case", sort=False, observed=True)["value"].mean()


def joined(trials: Sequence[Trial]) -> pd.DataFrame:
    """Put the cases of all trials into one table with a column ``trial``, the position in the sequence."""
    filled = [(i, trial.cases) for i, trial in enumerate(trials) if len(trial.cases)]
    if not filled:
        return pd.DataFrame(columns=["trial", "case", "group", "metric", "class_index", "value"])
    table = pd.concat([cases for _, cases in filled], ignore_index=True)
    table["trial"] = np.repeat([i for i, _ in filled], [len(cases) for _, cases in filled])
    table["metric"] = table["metric"].astype("category")
    return table


def _pooled(counts: pd.DataFrame) -> pd.DataFrame:
    keys = ["trial", "class_index"]
    groups = counts.groupby([*keys, "metric"], observed=True)["value"]
    sums = groups.sum().unstack("metric").reindex(columns=list(COUNT_NAMES))
    cases = counts[counts["metric"] == "tp"].groupby(keys)["value"].size()
    table = pd.DataFrame({"value": ratios(sums)["iou"].where(sums["tp"] + sums["fn"] > 0)})
    table["cases"] = cases.reindex(table.index, fill_value=0)
    table["applicable"] = table["cases"].where(table["value"].notna(), 0)
    return table.reset_index().assign(metric=POOLED_IOU)
