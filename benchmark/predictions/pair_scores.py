"""Scores of label maps that are given, wherever they come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from ..contracts.data import Metric, ScoredCase
from ..evaluation.aggregation import class_means, overall_means
from ..evaluation.confusion import count
from ..evaluation.scoring import values_of
from ..evaluation.slicewise import mask_by_truth
from .pairs import Pair
from .rules import Rule
from .survey import ScoringOptions, Survey, read_prediction, read_truth, to_labels
from .true_objects import read_objects

Array: TypeAlias = np.ndarray[Any, Any]


class PairRow(NamedTuple):
    """One number: what a metric says of a class in a case."""

    case: str
    class_index: int
    class_name: str
    metric: str
    value: float
    """NaN: the metric does not apply.  The confusion counts are the metrics tp, fp, fn, tn (px)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """One class over all cases."""

    class_index: int
    class_name: str
    metric: str
    value: float
    """NaN: undefined."""
    applicable: int
    """Cases in which the metric applies."""
    cases: int


@dataclass(frozen=True, slots=True)
class Scores:
    """All of it, by one protocol's rule."""

    rule: Rule
    table: pd.DataFrame
    """Columns of `PairRow`, all classes, every metric that was computed."""
    classes: tuple[ClassScore, ...]
    """Of the scored classes."""
    overall: Mapping[str, float]
    """By metric; NaN: undefined."""


def score_pairs(
    pairs: Sequence[Pair],
    found: Survey,
    options: ScoringOptions,
    metrics: Mapping[str, Metric],
    on_case: Callable[[], None],
) -> pd.DataFrame:
    """Score pairs that have been surveyed.

    Args:
        pairs: What to score.
        found: Their survey.
        options: What is ignored and masked.
        metrics: By name.
        on_case: Called after each pair, for progress.

    Returns:
        Columns of `PairRow`, all classes.
    """
    rows: list[PairRow] = []
    for pair in pairs:
        rows += _rows(pair, found, options, metrics)
        on_case()
    return pd.DataFrame(rows, columns=list(PairRow._fields))


def average(table: pd.DataFrame, found: Survey, rule: Rule) -> Scores:
    """Bring what `score_pairs` gave to one number per metric of a rule."""
    scored = table[table["class_index"].isin(found.scored)]
    means = class_means(scored, ["metric"], skips_undefined=rule.skips_undefined)
    overall = overall_means(means, ["metric"], skips_undefined=rule.skips_undefined)
    return Scores(
        rule,
        table,
        tuple(_class_scores(means, found, rule)),
        {metric: float(overall.get(metric, math.nan)) for metric in rule.metrics},
    )


def _class_scores(means: pd.DataFrame, found: Survey, rule: Rule) -> Iterator[ClassScore]:
    rows = {(row["metric"], row["class_index"]): row for row in means.to_dict("records")}
    for metric in rule.metrics:
        for index in found.scored:
            row = rows[metric, index]
            yield ClassScore(
                class_index=index,
                class_name=found.class_names[index],
                metric=metric,
                value=float(row["value"]),
                applicable=int(row["applicable"]),
                cases=int(row["cases"]),
            )


def _rows(
    pair: Pair, found: Survey, options: ScoringOptions, metrics: Mapping[str, Metric]
) -> Iterator[PairRow]:
    truth = to_labels(read_truth(pair, options), white=found.white_truths)
    prediction = to_labels(read_prediction(pair, options.mapping), white=found.white_predictions)
    if options.mask_by_truth:
        prediction = mask_by_truth(prediction, truth)
    values = values_of(_case(pair, truth, prediction, found.class_names, options), metrics)
    for index, name in enumerate(found.class_names):
        for metric, per_class in values.items():
            yield PairRow(pair.case, index, name, metric, per_class[index])


def _case(
    pair: Pair, truth: Array, prediction: Array, class_names: tuple[str, ...], options: ScoringOptions
) -> ScoredCase:
    return ScoredCase(
        truth=truth,
        prediction=prediction,
        class_names=class_names,
        counts=count(truth, prediction, len(class_names), options.ignore_value),
        ignore_value=options.ignore_value,
        voxel_size_nm=options.voxel_size_nm,
        true_objects=read_objects(pair),
    )
