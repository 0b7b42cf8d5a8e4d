"""Score against cost: the front, the intervals of means, and where names find room."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.reports.labels import label
from emseg_bench.reports.pareto import front
from emseg_bench.reports.verdicts.contest import Contest, Scope
from emseg_bench.reports.verdicts.means import intervals_of_means
from matplotlib.figure import Figure
from scipy import stats


def test_nothing_on_the_front_is_beaten_in_both() -> None:
    points = [(3.0, 0.9), (1.0, 0.5), (2.0, 0.5), (2.0, 0.7), (4.0, 0.8), (1.0, 0.5), (1.0, 0.4)]
    assert front(points) == (1, 5, 3, 0)
    assert front([]) == ()


def test_the_interval_of_a_mean_is_students_where_units_alone_vary() -> None:
    units = np.array([[0.5, 0.6, 0.7, 0.9], [0.1, 0.2, 0.2, 0.3]])
    contest = Contest(
        metric="iou",
        direction="higher",
        names=("a", "b"),
        means=units.mean(axis=1),
        units=units,
        variances=np.full(2, np.nan),
        seeds=np.ones(2, np.int64),
        scope=Scope(kind="cases", units=4, noun="image", seeds=False),
    )
    for found, values in zip(intervals_of_means(contest), units, strict=True):
        expected = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
        assert found is not None
        assert (found.low, found.high) == pytest.approx(expected)


def test_names_cover_neither_points_nor_each_other() -> None:
    figure = Figure(figsize=(5, 4))
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    points = [(0.5, 0.5), (0.51, 0.5), (0.5, 0.51), (0.98, 0.98)]
    label(axes, points, [("one", "1"), ("two", "2"), ("three", "3"), ("at the very edge", "4")])
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) >= 3
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    assert all(box.x1 <= axes.bbox.x1 and box.y1 <= axes.bbox.y1 for box in boxes)
