"""Means and spreads over seeds, against hand-computed cases and the standard library."""

from __future__ import annotations

import math
import statistics as standard

import pandas as pd
import pytest
from emseg_bench.reports.statistics import Estimate, estimates
from hypothesis import given
from hypothesis import strategies as st

SCORES = st.floats(0, 1, allow_nan=False).map(lambda x: round(x, 3))


def estimate(values: list[float]) -> Estimate:
    table = pd.DataFrame({"row": "a@x", "metric": "iou", "value": values})
    return estimates(table, ["row", "metric"])["a@x", "iou"]


def test_mean_and_sample_standard_deviation() -> None:
    found = estimate([0.5, 0.6, 0.7])
    assert found.mean == pytest.approx(0.6)
    assert found.sd == pytest.approx(0.1)  # sqrt((0.01 + 0 + 0.01) / 2)
    assert found.seeds == 3


def test_one_seed_has_no_spread() -> None:
    assert estimate([0.5]) == Estimate(mean=0.5, sd=None, seeds=1)


def test_nan_is_left_out_and_not_counted() -> None:
    assert estimate([math.nan, 0.5]) == Estimate(mean=0.5, sd=None, seeds=1)
    assert estimate([math.nan]) == Estimate(mean=None, sd=None, seeds=0)


@given(st.lists(SCORES, min_size=2, max_size=8))
def test_estimate_agrees_with_the_standard_library(values: list[float]) -> None:
    found = estimate(values)
    assert found.mean == pytest.approx(standard.fmean(values))
    assert found.sd == pytest.approx(standard.stdev(values), abs=1e-12)
