"""Means, spreads and ranks, against hand-computed cases and scipy.stats."""

from __future__ import annotations

import math
import statistics as standard

import numpy as np
import pytest
from emseg_bench.reports.statistics import Estimate, difference, estimate, ranks
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

SCORES = st.floats(0, 1, allow_nan=False).map(lambda x: round(x, 3))
SAMPLES = st.lists(SCORES, min_size=1, max_size=5)


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


@pytest.mark.parametrize(
    ("one", "other"),
    [([0.60, 0.62, 0.64], [0.55, 0.56, 0.60]), ([0.9, 0.91], [0.1, 0.2, 0.4, 0.3]), ([1.0, 2.0], [1.5, 1.6])],
)
def test_interval_is_that_of_welch(one: list[float], other: list[float]) -> None:
    found = difference(estimate(one), estimate(other))
    expected = ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert found is not None
    assert found.value == pytest.approx(np.mean(one) - np.mean(other))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.tied is bool(expected.low <= 0 <= expected.high)


def test_no_interval_with_a_single_seed() -> None:
    found = difference(estimate([0.6]), estimate([0.5, 0.52]))
    assert found is not None
    assert (found.low, found.high, found.tied) == (None, None, None)
    assert found.value == pytest.approx(0.09)
    assert difference(estimate([]), estimate([0.5])) is None


def test_clear_differences_give_plain_ranks() -> None:
    found = ranks(
        [estimate(x) for x in ([0.90, 0.91, 0.92], [0.70, 0.71, 0.72], [0.1, 0.11, 0.12])], "higher"
    )
    assert [str(rank) for rank in found] == ["1", "2", "3"]
    assert all(rank.certain and not rank.tied for rank in found)


def test_direction_turns_ranks_round() -> None:
    found = ranks([estimate(x) for x in ([9.0, 9.1, 9.2], [7.0, 7.1, 7.2])], "lower")
    assert [str(rank) for rank in found] == ["2", "1"]


def test_ties_are_called_ties() -> None:
    found = ranks([estimate(x) for x in ([0.6, 0.7, 0.8], [0.59, 0.69, 0.79], [0.1, 0.11, 0.12])], "higher")
    assert [str(rank) for rank in found] == ["1=", "1=", "3"]
    assert [rank.tied for rank in found] == [(1,), (0,), ()]
    assert [rank.worst for rank in found] == [2, 2, 3]


def test_a_tie_with_two_rows_that_differ() -> None:
    """A and C differ, B in the middle cannot be told apart from either."""
    found = ranks([estimate(x) for x in ([0.70, 0.71, 0.72], [0.5, 0.65, 0.8], [0.60, 0.61, 0.62])], "higher")
    assert [str(rank) for rank in found] == ["1=", "1=", "2="]
    assert [rank.tied for rank in found] == [(1,), (0, 2), (1,)]


def test_ranks_of_single_seeds_are_in_brackets() -> None:
    found = ranks([estimate([0.6]), estimate([0.5]), estimate([0.5])], "higher")
    assert [str(rank) for rank in found] == ["(1)", "(2=)", "(2=)"]
    assert not any(rank.tied for rank in found), "without spread nothing is known to be tied"


def test_seeds_that_agree_exactly() -> None:
    same, equal, better = estimate([0.5, 0.5]), estimate([0.5, 0.5, 0.5]), estimate([0.6, 0.6])
    assert [str(rank) for rank in ranks([better, same, equal], "higher")] == ["1", "2=", "2="]


def test_one_row_and_none() -> None:
    assert [str(rank) for rank in ranks([estimate([0.5, 0.6])], "higher")] == ["1"]
    assert [str(rank) for rank in ranks([estimate([0.5])], "higher")] == ["1"]
    assert ranks([], "higher") == []


@given(st.lists(SAMPLES, min_size=1, max_size=6))
def test_ranks_agree_with_pairwise_comparison(samples: list[list[float]]) -> None:
    scores = [estimate(sample) for sample in samples]
    for i, rank in enumerate(ranks(scores, "higher")):
        pairs = [difference(scores[j], scores[i]) for j in range(len(scores)) if j != i]
        better = sum(p.low > 1e-12 if p.low is not None else p.value > 1e-12 for p in pairs if p)
        worse = sum(p.high < -1e-12 if p.high is not None else p.value < -1e-12 for p in pairs if p)
        assert (rank.best, rank.worst) == (1 + better, len(scores) - worse)
        assert rank.certain is all(p.low is not None for p in pairs if p)
        assert rank.best <= rank.worst
