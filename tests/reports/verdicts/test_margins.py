"""Good enough, by a margin; what a contest resolves; the risk of a false best."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.reports.verdicts.comparing import compare
from emseg_bench.reports.verdicts.contest import Contest, Scope
from emseg_bench.reports.verdicts.false_best import false_best
from emseg_bench.reports.verdicts.margins import equivalent, within
from emseg_bench.reports.verdicts.resolution import Design, Spreads, resolution, resolvable
from scipy.special import stdtrit
from scipy.stats import t, ttest_rel


def verdicts(scores, kind="cases"):
    """Compare models by scores of one seed, by model and unit, (M, G)."""
    m, g = scores.shape
    order = np.argsort(-scores.mean(axis=1))
    return compare(
        Contest(
            metric="iou",
            direction="higher",
            names=tuple(f"m{i}" for i in order),
            means=scores[order].mean(axis=1),
            units=scores[order],
            variances=np.full(m, np.nan),
            seeds=np.ones(m, np.int64),
            scope=Scope(kind=kind, units=g, noun="image", seeds=False),
        )
    )


def draw(leads, units=12, spread=0.01, seed=0):
    rng = np.random.default_rng(seed)
    return (
        np.asarray(leads)[:, None] + rng.normal(0.7, 0.1, units) + rng.normal(0, spread, (len(leads), units))
    )


def test_two_models_are_tested_by_a_one_sided_t_test():
    scores = draw([0.0, -0.004], seed=4)
    found = verdicts(scores)
    first, second = (scores[int(name[1:])] for name in found.names)
    p = sorted(
        ttest_rel(a + 0.02, b, alternative="greater").pvalue for a, b in ((first, second), (second, first))
    )
    adjusted = [min(1, 2 * p[0]), max(min(1, 2 * p[0]), p[1])]
    assert [item.p for item in within(found, 0.02)] == pytest.approx(adjusted)


def test_who_is_good_enough_is_told_from_who_may_not_be():
    found = verdicts(draw([0.1, 0.099, 0.0]))
    items = within(found, 0.02)
    assert {item.model: item.sure for item in items} == {"m0": True, "m1": True, "m2": False}
    assert all(item.at_most <= 0.02 for item in items if item.sure)
    assert items[-1].at_most > 0.1
    (pair,) = equivalent(found, 0.02)
    assert {pair.one, pair.other} == {"m0", "m1"}


def test_a_wider_margin_is_never_harder():
    found = verdicts(draw([0.02, 0.01, 0.0], units=5, spread=0.02))
    p = [[item.p for item in within(found, margin)] for margin in (0.005, 0.02, 0.05, 0.1)]
    assert all(np.all(np.diff(column) <= 0) for column in zip(*p, strict=True))


def test_without_spread_nobody_is_good_enough_and_alone_anybody_is():
    still = np.full((2, 5), 0.7)
    assert [item.sure for item in within(verdicts(still), 0.02)] == [False, False]
    assert equivalent(verdicts(still), 0.02) == ()
    assert [item.sure for item in within(verdicts(still[:1]), 0.02)] == [True]


# ----------------------------------------------------------------------------- the risk of a false best
def test_risk_of_two_is_the_articles():
    """Christodoulou et al.: Student's t of n - 1 degrees, at root n times the difference over its SD."""
    scores = draw([0.005, 0.0], units=9)
    one, other = scores[np.argsort(-scores.mean(axis=1))]
    lead = (one - other).mean() / ((one - other).std(ddof=1) / 3)
    assert false_best(verdicts(scores)) == pytest.approx(t.cdf(-lead, 8), abs=1e-6)


def test_risk_of_many_is_that_of_any_other():
    """Against how often the first was not the best, over boards with leads like those of real ones."""
    found = verdicts(draw([0.1, *[0.0] * 9], units=400))
    assert false_best(found) < 1e-9
    rng = np.random.default_rng(0)
    risks, wrong = [], []
    for _ in range(120):
        leads = rng.normal(0, 0.03, 6)
        found = verdicts(draw(leads, units=20, spread=0.05, seed=rng.integers(2**32)))
        risks.append(false_best(found))
        wrong.append(int(found.names[0][1:]) != leads.argmax())
    assert np.mean(risks) == pytest.approx(np.mean(wrong), abs=0.12), "a flat prior fears a little more"
    assert np.mean(risks) > np.mean(wrong) - 0.05


def test_risk_of_one_or_of_what_never_varied_is_not_known():
    assert false_best(verdicts(np.full((1, 5), 0.7))) is None
    assert false_best(verdicts(np.full((2, 5), 0.7))) is None


# --------------------------------------------------------------------------------- what is resolved
def test_what_is_resolved_is_found_as_often_as_said():
    spreads, design = Spreads(units=0.03, seeds=None), Design(models=2, units=10, seeds=1, pairs=1)
    size = resolvable(spreads, design)
    found = [
        verdicts(draw([size, 0.0], units=10, spread=0.03 / np.sqrt(2), seed=seed)).leader == "m0"
        for seed in range(150)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.1)


def test_more_seeds_and_more_units_resolve_smaller_differences():
    found = resolution(verdicts(draw([0.0, 0.0, 0.0])))
    assert found.now.units == 12
    assert [item.units for item in found.more_units] == [18, 24, 48]
    sizes = [found.now.difference, *(item.difference for item in found.more_units)]
    assert sizes == sorted(sizes, reverse=True)
    assert found.more_seeds == (), "of one seed nothing is known of the others"
    assert resolution(verdicts(draw([0.0, 0.0]), kind="blocks")).more_units == ()


def test_more_models_need_larger_differences():
    spreads = Spreads(units=0.03, seeds=0.01)
    sizes = [
        resolvable(spreads, Design(models=m, units=8, seeds=3, pairs=m * (m - 1) // 2)) for m in (3, 6, 20)
    ]
    assert sizes == sorted(sizes)
    assert resolvable(Spreads(units=None, seeds=None), Design(models=2, units=0, seeds=1, pairs=1)) is None


def test_models_that_vary_unlike_each_other_resolve_less():
    design = Design(models=5, units=4, seeds=1, pairs=10)
    alike, wild = (resolvable(Spreads(units=0.03, seeds=None, alike=share), design) for share in (1.0, 0.25))
    assert alike == pytest.approx((stdtrit(12, 1 - 0.0025) + stdtrit(12, 0.8)) * 0.015)
    assert wild == pytest.approx((stdtrit(3, 1 - 0.0025) + stdtrit(3, 0.8)) * 0.015)
