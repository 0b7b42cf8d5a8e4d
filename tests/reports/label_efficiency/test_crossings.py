"""Changes of places: claimed where both verdicts hold over all boards at once, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.reports.label_efficiency.crossings import crossings_of, meetings_of, turned_of
from emseg_bench.reports.verdicts.comparing import compare
from emseg_bench.reports.verdicts.contest import Contest, Scope
from emseg_bench.reports.verdicts.schema import Verdicts
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel
from statsmodels.stats.multitest import multipletests

NAMES = ("a", "b", "c")
JUST = 0.0495
"""Spread of differences over four units beside which one of 0.1 has p = .04."""


def board(*models: list[float], blind: bool = False) -> Verdicts:
    """Compare models by their scores in units, (M, G); of one seed, so that units alone count."""
    scores = np.array(models)
    contest = Contest(
        metric="iou",
        direction="higher",
        names=NAMES[: len(models)],
        means=scores.mean(axis=1),
        units=scores,
        variances=np.where(np.arange(len(models)) == len(models) - 1, 0, np.nan)
        if blind
        else np.full(len(models), np.nan),
        seeds=np.ones(len(models), np.int64),
        blind=blind,
        scope=Scope(kind="cases", units=scores.shape[1], noun="image", seeds=False),
    )
    return compare(contest)


def met(*boards):
    return meetings_of(boards, [{name: name for name in NAMES}] * len(boards))


def two(ahead: float, spread: float):
    """Give the units' scores of two models, the first so far ahead."""
    wobble = spread * np.array([-1, -1, 1, 1]) / 2
    return [*(0.5 + ahead / 2 + wobble)], [*(0.5 - ahead / 2 - wobble)]


def test_p_values_are_those_of_paired_tests_by_holm_over_all_boards():
    boards = [two(0.1, 0.03), two(-0.2, 0.15), two(0.05, 0.001)]
    found = met(*(board(*own) for own in boards))[("a", "b")]
    own = [ttest_rel(one, other).pvalue for one, other in boards]
    assert [one.p for one in found] == pytest.approx(list(multipletests(own, method="holm")[1]))
    assert [one.by for one in found] == pytest.approx([0.1, -0.2, 0.05])


def test_a_sure_change_of_places():
    (found,) = crossings_of(met(board(*two(0.1, 0.01)), board(*two(0.0, 0.1)), board(*two(-0.1, 0.01))))
    assert (found.one, found.other, found.sure) == ("a", "b", True)
    assert [one.surely for one in found.meetings] == ["better", None, "worse"]


def test_the_one_that_is_ahead_with_fewer_labels_stands_first():
    (found,) = crossings_of(met(board(*two(-0.1, 0.01)), board(*two(0.1, 0.01))))
    assert (found.one, found.other) == ("b", "a")
    assert [(one.by > 0, one.surely) for one in found.meetings] == [(True, "better"), (False, "worse")]


def test_boards_that_are_sure_alone_need_not_be_together():
    pairs = met(board(*two(0.1, JUST)), board(*two(-0.1, JUST)))
    first, second = pairs[("a", "b")]
    assert (first.verdict, second.verdict) == ("better", "worse")
    assert first.p == pytest.approx(0.08, abs=0.005), "twice that of its board"
    (found,) = crossings_of(pairs)
    assert not found.sure


def test_one_sure_board_is_no_change_of_places():
    pairs = met(board(*two(0.1, 0.01)), board(*two(-0.1, 0.5)))
    assert list(crossings_of(pairs)) == []
    assert turned_of(pairs) == 1


def test_without_spread_nothing_is_sure():
    pairs = met(board(*two(0.1, 0.0)), board(*two(-0.1, 0.0)))
    assert [(one.p, one.surely) for one in pairs[("a", "b")]] == [(None, None)] * 2
    assert list(crossings_of(pairs)) == []


def test_equal_means_turn_nothing():
    assert turned_of(met(board(*two(0.1, 0.1)), board(*two(0.0, 0.1)))) == 0
    assert turned_of(met(board(*two(0.1, 0.1)))) is None, "one number of labels turns nothing"


def test_blind_predictions_are_tested_and_meet_nobody():
    one = board(*two(0.1, 0.01), [0.1, 0.12, 0.1, 0.11], blind=True)
    assert [*met(one, one)] == [("a", "b")]
    own = [found.p for found in met(one, one)[("a", "b")]]
    assert own[0] > met(one)[("a", "b")][0].p


def test_models_that_one_board_lacks_meet_on_the_others():
    pairs = met(board(*two(0.1, 0.01)), board(*two(0.1, 0.01), [0.1, 0.2, 0.3, 0.4]))
    assert [one.amount for one in pairs[("a", "b")]] == [0, 1]
    assert [one.amount for one in pairs[("a", "c")]] == [1]


scores = st.lists(
    st.lists(st.lists(st.floats(0, 1), min_size=5, max_size=5), min_size=3, max_size=3),
    min_size=2,
    max_size=3,
)


@given(scores)
@settings(max_examples=60)
def test_nothing_is_surer_over_all_boards_than_on_its_own(boards):
    pairs = met(*(board(*own) for own in boards))
    for found in pairs.values():
        assert all(one.verdict == one.surely for one in found if one.surely)
    for crossing in crossings_of(pairs):
        assert {"better", "worse"} <= {one.verdict for one in crossing.meetings}
