"""From tables of cases to one score per trial, metric and class.

A trial's score in one class is the mean over the cases to which the metric applies; its score is
the mean of that over the foreground classes.  By protocols that do not skip what is undefined, one such
case makes the mean undefined.  Beside every metric stands the pooled IoU, from confusion counts summed
over all cases, which no small case can sway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..benchmark.contracts.reporting import Trial

COUNTS = ("tp", "fp", "fn", "tn")
POOLED_IOU = "pooled iou"
BACKGROUND = 0


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of several trials; ``trial`` is the position in the sequence that was scored."""

    by_class: pd.DataFrame
    """Columns trial, metric, class_index, value, applicable, cases: a row per trial, metric and class;
    `value` is NaN where the metric applied to no case."""
    overall: pd.DataFrame
    """Columns trial, metric, value: the mean over foreground classes."""


def scores(trials: Sequence[Trial]) -> Scores:
    """Score all trials of a board at once, the pooled IoU included."""
    skips = not trials or trials[0].record.spec.protocol.skips_undefined
    return scores_of(joined(trials), skips_undefined=skips)


def scores_of(cases: pd.DataFrame, *, skips_undefined: bool) -> Scores:
    """Score the trials of a table that `joined` gave.

    Args:
        cases: Columns of `Trial.cases`, and ``trial``.
        skips_undefined: The protocol's; does not concern the pooled IoU, which no protocol knows.
    """
    by_class = _by_class(cases, skips_undefined)
    foreground = by_class[by_class["class_index"] != BACKGROUND]
    groups = foreground.groupby(["trial", "metric"])["value"]
    means = groups.mean()
    if not skips_undefined:
        pooled = means.index.get_level_values("metric") == POOLED_IOU
        means = means.where((groups.count() == groups.size()) | pooled)
    return Scores(by_class, means.reset_index())


def case_scores(cases: pd.DataFrame, metric: str) -> pd.Series[float]:
    """Mean over foreground classes of `metric`, by case id; NaN where it applies to no class."""
    rows = cases[(cases["metric"] == metric) & (cases["class_index"] != BACKGROUND)]
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


def _by_class(cases: pd.DataFrame, skips_undefined: bool) -> pd.DataFrame:
    counted = cases["metric"].isin(COUNTS)
    keys = ["trial", "metric", "class_index"]
    groups = cases[~counted].groupby(keys, observed=True)["value"]
    means = pd.DataFrame({"value": groups.mean(), "applicable": groups.count(), "cases": groups.size()})
    if not skips_undefined:
        means["value"] = means["value"].where(means["applicable"] == means["cases"])
    table = means.reset_index().assign(metric=lambda rows: rows["metric"].astype(str))
    return pd.concat([table, _pooled(cases[counted])], ignore_index=True)


def _pooled(counts: pd.DataFrame) -> pd.DataFrame:
    keys = ["trial", "class_index"]
    groups = counts.groupby([*keys, "metric"], observed=True)["value"]
    sums = groups.sum().unstack("metric").reindex(columns=list(COUNTS))
    truth_or_prediction = sums["tp"] + sums["fp"] + sums["fn"]
    cases = counts[counts["metric"] == "tp"].groupby(keys)["value"].size()
    table = pd.DataFrame({"value": sums["tp"] / truth_or_prediction.where(truth_or_prediction > 0)})
    table["cases"] = cases.reindex(table.index, fill_value=0)
    table["applicable"] = table["cases"].where(table["value"].notna(), 0)
    return table.reset_index().assign(metric=POOLED_IOU)
