"""Comparisons over data sets, against the same analysis written in another way."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.records import MetricSpec, Provider
from emseg_bench.reports.across.contest import contest_over, on_these, verdicts_over
from emseg_bench.reports.across.diagram import Places, critical_difference
from emseg_bench.reports.verdicts.comparing import Pairs, judged
from emseg_bench.reports.verdicts.schema import Comparison
from scipy import stats

IOU = MetricSpec(
    name="iou",
    version=1,
    provider=Provider(distribution="emseg-bench", version="0", source_sha256=""),
    unit="1",
    direction="higher",
    aggregation="mean",
    empty_rule="",
)


def anova_residual(means: np.ndarray) -> tuple[float, int]:
    """Mean square and degrees of freedom that models and sets leave, by least squares on indicators."""
    models, sets = means.shape
    rows = [(i, k) for i in range(models) for k in range(sets)]
    design = np.array(
        [
            [1.0, *(float(i == m) for m in range(1, models)), *(float(k == s) for s in range(1, sets))]
            for i, k in rows
        ]
    )
    values = np.array([means[i, k] for i, k in rows])
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    freedom = len(rows) - design.shape[1]
    return float(((values - fitted) ** 2).sum() / freedom), freedom


def board_pair(error: float | None, freedom: float | None) -> Comparison:
    """What a board knows of one pair, as far as it counts here."""
    return Comparison(
        one=0,
        other=1,
        value=0.0,
        low=None,
        high=None,
        p=None,
        verdict=None,
        error=error,
        freedom=freedom,
        units_sd=None,
        seeds_sd=None,
        wins=0,
        ties=0,
        losses=0,
    )


def test_two_models_are_a_paired_t_test() -> None:
    means = np.array([[0.71, 0.64, 0.80, 0.55], [0.69, 0.61, 0.79, 0.50]])
    (found,) = verdicts_over(contest_over(["a", "b"], means, IOU), []).comparisons
    expected = stats.ttest_rel(means[0], means[1])
    assert found.p == pytest.approx(expected.pvalue)
    ends = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
    assert (found.wins, found.ties, found.losses) == (4, 0, 0)


def test_several_models_share_the_residual_of_a_two_way_analysis() -> None:
    rng = np.random.default_rng(3)
    means = rng.normal(0.7, 0.1, 5) + np.array([[0.05], [0.02], [0.01], [0.0]]) + rng.normal(0, 0.02, (4, 5))
    verdicts = verdicts_over(contest_over(list("abcd"), means, IOU), [])
    residual, freedom = anova_residual(means)
    p = []
    for pair in verdicts.comparisons:
        own = np.var(means[pair.one] - means[pair.other], ddof=1) / 5
        error = np.sqrt(max(own, 2 * residual / 5))
        assert pair.error == pytest.approx(error)
        assert pair.freedom == pytest.approx(freedom)
        p.append(2 * stats.t.sf(abs(pair.value) / error, freedom))
    order = np.argsort(p)
    steps = np.maximum.accumulate(np.sort(p) * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, steps)
    assert [pair.p for pair in verdicts.comparisons] == pytest.approx(adjusted.tolist())


def test_what_is_equal_everywhere_is_no_claim() -> None:
    means = np.array([[0.7, 0.6, 0.5], [0.69, 0.59, 0.49]])
    verdicts = verdicts_over(contest_over(["a", "b"], means, IOU), [])
    (found,) = verdicts.comparisons
    assert (found.verdict, found.low, str(verdicts.places[0])) == (None, None, "1–2")


def test_two_data_sets_speak_of_themselves_alone() -> None:
    means = np.array([[0.80, 0.70], [0.70, 0.66]])
    boards = [[board_pair(0.01, 6.0)], [board_pair(0.02, 12.0)]]
    contest = contest_over(["a", "b"], means, IOU)
    verdicts = judged(contest, on_these(Pairs.of(contest), boards))
    (found,) = verdicts.comparisons
    assert verdicts.scope.phrase == "on these two data sets"
    assert found.value == pytest.approx(0.07)
    parts = np.array([0.005**2, 0.01**2])
    assert found.error == pytest.approx(np.sqrt(parts.sum()))
    freedom = parts.sum() ** 2 / (parts[0] ** 2 / 6 + parts[1] ** 2 / 12)
    assert found.freedom == pytest.approx(freedom)
    assert found.p == pytest.approx(2 * stats.t.sf(0.07 / np.sqrt(parts.sum()), freedom))
    assert found.verdict == "better"


def test_a_board_without_a_spread_leaves_two_sets_without_one() -> None:
    means = np.array([[0.80, 0.70], [0.70, 0.66]])
    boards = [[board_pair(0.01, 6.0)], [board_pair(None, None)]]
    contest = contest_over(["a", "b"], means, IOU)
    (found,) = judged(contest, on_these(Pairs.of(contest), boards)).comparisons
    assert (found.verdict, found.low, found.p) == (None, None, None)


def test_without_skill_nobody_leads() -> None:
    means = np.array([[0.30, 0.20, 0.25], [0.20, 0.11, 0.14], [0.29, 0.21, 0.25]])
    verdicts = verdicts_over(contest_over(["a", "b"], means, IOU), [])
    assert verdicts.blind
    assert verdicts.between(0, 1).verdict == "better"
    assert (verdicts.skilled, verdicts.leader) == (False, None)


def test_the_critical_difference_is_that_of_published_tables() -> None:
    """Demšar 2006, table 5: q of 5 classifiers 2.728, of 10 classifiers 3.164."""
    for models, quantile in ((5, 2.728), (10, 3.164)):
        expected = quantile * np.sqrt(models * (models + 1) / (6 * 30))
        assert critical_difference(models, 30) == pytest.approx(expected, rel=1e-3)


def test_bars_join_the_longest_runs() -> None:
    found = Places(models=tuple("abcd"), means=(1.0, 1.5, 2.2, 4.0), critical=1.0)
    assert found.not_told_apart() == [(0, 1), (1, 2)]
