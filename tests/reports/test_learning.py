"""What curves say about how long to train."""

from __future__ import annotations

import pandas as pd
import pytest
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.learning import advice

STEPS = (20, 40, 60, 80, 100)


def with_curve(make, trial, values):
    curve = pd.DataFrame({"iteration": STEPS[: len(values)], "series": "val/iou", "value": values})
    return make.replace(trial, curve=curve)


def told(make, *curves, **settings) -> list[str]:
    trials = make.seeds("a@x", [0.5 + i / 100 for i in range(len(curves))], **settings)
    board = make.board([with_curve(make, trial, own) for trial, own in zip(trials, curves, strict=True)])
    return advice(board, leaderboard(board))


def test_a_score_that_rises_to_the_end_asks_for_more_iterations(make) -> None:
    (text,) = told(make, [0.1, 0.2, 0.3, 0.4, 0.5])
    assert "still rising in the last quarter of training: a@x (mean 0.300 to 0.500)" in text
    assert "--set recipe.iterations=200" in text, "twice those of the recipe"


@pytest.mark.parametrize(
    "curve",
    [
        [0.1, 0.4, 0.5, 0.5, 0.502],  # a gain that nobody trains longer for
        [0.1, 0.5, 0.6, 0.59, 0.598],  # as good as it was
        [0.1, 0.5, 0.9],  # too few to tell
    ],
)
def test_a_level_curve_asks_for_nothing(make, curve) -> None:
    assert told(make, curve) == []


def test_a_score_that_fell_long_since_is_said(make) -> None:
    (text,) = told(make, [0.2, 0.6, 0.5, 0.4, 0.4])
    assert "best in the first half of training and worse at its end: a@x (best at step 40 of 100)" in text


def test_most_seeds_decide(make) -> None:
    rising, level = [0.1, 0.2, 0.3, 0.4, 0.5], [0.4, 0.5, 0.5, 0.5, 0.5]
    assert told(make, rising, level, level) == []
    assert told(make, rising, rising, level)


def test_of_a_metric_where_lower_is_better_the_score_falls(make) -> None:
    (text,) = told(make, [0.5, 0.4, 0.3, 0.2, 0.1], metric=make.metric(direction="lower"))
    assert "still falling in the last quarter of training: a@x (mean 0.300 to 0.100)" in text
