"""The table of a trial's scores: one row per case, class and metric, counts included.

Aggregates are derived from it and never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..contracts.data import Case, Counts, Manifest, Metric, ScoredCase
from ..contracts.errors import TrialError
from ..plugins.strangers import RAISED, describe_error
from .aggregation import COUNT_NAMES
from .confusion import check_alike, count
from .slicewise import mask_by_truth


class ScoreRow(NamedTuple):
    """One number: what a metric says of a class in a case."""

    case: str
    group: str | None
    depth: int
    """Sections, px; 1 for an image."""
    height: int
    """px"""
    width: int
    """px"""
    class_index: int
    class_name: str
    metric: str
    value: float
    """NaN: the metric does not apply."""


COLUMNS = ScoreRow._fields


def score_case(
    case: Case,
    truth: np.ndarray[Any, Any],
    prediction: np.ndarray[Any, Any],
    manifest: Manifest,
    metrics: Mapping[str, Metric],
    probabilities: Callable[[], np.ndarray[Any, Any]] | None = None,
    true_objects: np.ndarray[Any, Any] | None = None,
    predicted_objects: np.ndarray[Any, Any] | None = None,
) -> list[ScoreRow]:
    """Score one case, for every class that is scored, background included.

    Args:
        case: Whose labels these are.
        truth: (H, W) uint8 label values, or (Z, Y, X) of a volume; a memory map is read slice by slice.
        prediction: Of the same shape.
        manifest: Of the case's dataset; says which classes are scored, and whether only where there is truth.
        metrics: By name.
        probabilities: Makes those that `contracts.data.ScoredCase` offers to metrics.
        true_objects: `contracts.data.Sample.instances`.
        predicted_objects: Those that a decoder found; None: connected components of the prediction.

    Raises:
        DataError: The true labels have the wrong type, shape or values.
        TrialError: The predicted labels have, or a metric gives not one number per class.
    """
    if manifest.mask_by_truth:
        check_alike(truth, prediction)
        prediction = mask_by_truth(prediction, truth)
    counts = count(truth, prediction, len(manifest.class_names), manifest.ignore_value)
    scored = ScoredCase(
        truth=truth,
        prediction=prediction,
        class_names=manifest.class_names,
        counts=counts,
        ignore_value=manifest.ignore_value,
        voxel_size_nm=manifest.voxel_size_nm,
        true_objects=true_objects,
        predicted_objects=predicted_objects,
        boundary_classes=manifest.boundary_classes,
        probabilities=probabilities,
    )
    values = values_of(scored, metrics)
    return rows_of(case, manifest, [values[name][index] for index, name in _cells(manifest, values)], values)


def rows_of(case: Case, manifest: Manifest, values: Sequence[float], names: Iterable[str]) -> list[ScoreRow]:
    """Make a case's rows of their values.

    Args:
        case: Whose they are.
        manifest: Of its dataset.
        values: In the order of `score_case`.
        names: Of the metrics and, behind them, of the confusion counts.

    Raises:
        ValueError: There are more or fewer values than rows.
    """
    return [
        ScoreRow(
            case=case.id,
            group=case.group,
            depth=case.depth or 1,
            height=case.height,
            width=case.width,
            class_index=index,
            class_name=manifest.class_names[index],
            metric=metric,
            value=value,
        )
        for (index, metric), value in zip(_cells(manifest, names), values, strict=True)
    ]


def values_of(scored: ScoredCase, metrics: Mapping[str, Metric]) -> dict[str, list[float]]:
    """Compute every metric of a case, and name its confusion counts: one number per class.

    Raises:
        TrialError: A metric fails, or gives not one number per class.
    """
    values = {name: _values(name, metric, scored) for name, metric in metrics.items()}
    return {**values, **_count_values(scored.counts)}


def scored_classes(manifest: Manifest) -> tuple[int, ...]:
    """Give the labels of the classes that have rows in the table: all, unless the data leaves some out."""
    return manifest.scored_classes or tuple(range(len(manifest.class_names)))


def with_depth(table: pd.DataFrame) -> pd.DataFrame:
    """Complete a table that was stored before volumes could be scored: every case of it is an image."""
    if "depth" not in table:
        table.insert(list(table).index("height"), "depth", 1)
    return table


def to_frame(rows: Iterable[ScoreRow]) -> pd.DataFrame:
    """Make the table of `contracts.reporting.Trial.cases`; its column types do not depend on the rows."""
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    texts = dict.fromkeys(("case", "group", "class_name", "metric"), "str")
    integers = dict.fromkeys(("depth", "height", "width", "class_index"), "int64")
    has_group = frame["group"].notna()
    frame = frame.astype({**texts, **integers, "value": "float64"})
    frame["group"] = frame["group"].where(has_group)  # pandas 2 makes None the text "None"
    return frame


def _cells(manifest: Manifest, names: Iterable[str]) -> list[tuple[int, str]]:
    """Give class and metric of each of a case's rows, in their order."""
    return [(index, name) for index in scored_classes(manifest) for name in names]


def _values(name: str, metric: Metric, scored: ScoredCase) -> list[float]:
    try:
        values = [float(value) for value in metric(scored)]
    except RAISED as error:
        raise TrialError(f"metric {name!r} failed with {describe_error(error)}.") from error
    if len(values) != len(scored.class_names):
        raise TrialError(
            f"metric {name!r} gave {len(values)} number(s), expected one for each of the "
            f"{len(scored.class_names)} classes {scored.class_names}."
        )
    return values


def _count_values(counts: Sequence[Counts]) -> dict[str, list[float]]:
    quartets = [(c.true_positive, c.false_positive, c.false_negative, c.true_negative) for c in counts]
    return {name: [float(q[i]) for q in quartets] for i, name in enumerate(COUNT_NAMES)}
