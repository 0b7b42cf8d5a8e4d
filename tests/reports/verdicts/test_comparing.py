"""All pairs at once: against textbook tests where these apply, and where nothing may be claimed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emseg_bench.reports.verdicts.comparing import compare, holm
from emseg_bench.reports.verdicts.contest import Contest, Scope
from scipy.stats import ttest_ind, ttest_rel
from statsmodels.stats.multitest import multipletests

RNG = np.random.default_rng(5)


def contest(scores, *, blind=False, direction="higher", kind="groups") -> Contest:
    """Of scores by model, seed and unit, (M, S, G); of a single unit nothing is a sample."""
    by_seed = scores.mean(axis=2)
    m, s, g = scores.shape
    variances = by_seed.var(axis=1, ddof=1) if s > 1 else np.full(m, np.nan)
    return Contest(
        metric="iou",
        direction=direction,
        names=tuple(f"m{i}" for i in range(m)),
        means=by_seed.mean(axis=1),
        units=scores.mean(axis=1) if g >= 3 else None,
        variances=np.where(np.arange(m) == m - 1, 0, variances) if blind else variances,
        seeds=np.full(m, s),
        blind=blind,
        scope=Scope(kind=kind, units=g, noun="animal", seeds=s > 1),
    )


def test_units_alone_are_a_paired_t_test():
    scores = RNG.normal(0.7, 0.05, (2, 1, 8))
    (found,) = compare(contest(scores)).comparisons
    expected = ttest_rel(*scores[:, 0])
    ends = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
    assert (found.seeds_sd, found.freedom) == (None, 7)


def test_seeds_alone_are_students_t_test():
    scores = RNG.normal(0.7, 0.05, (2, 5, 1))
    (found,) = compare(contest(scores, kind="seeds")).comparisons
    expected = ttest_ind(*scores[:, :, 0])
    assert found.p == pytest.approx(expected.pvalue)
    assert found.freedom == pytest.approx(8)
    assert (found.units_sd, found.wins, found.losses) == (None, 0, 0)


def test_steps_are_those_of_holm():
    p = RNG.random(40) ** 4
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert np.isnan(holm(np.array([0.01, np.nan]))[1])
    assert holm(np.array([0.01, np.nan]))[0] == 0.01, "what is not tested does not count"


def test_without_any_spread_there_is_no_claim():
    """Means of .7001 and .7000 that never vary: no spread is no certainty."""
    still = np.array([0.7001, 0.7])[:, None, None] * np.ones((2, 5, 8))
    (found,) = compare(contest(still)).comparisons
    assert found.value == pytest.approx(0.0001)
    assert (found.low, found.high, found.p, found.verdict, found.error) == (None,) * 5
    assert [str(place) for place in compare(contest(still)).places] == ["1–2", "1–2"]


def test_rounding_is_no_spread():
    still = np.array([0.7001, 0.7])[:, None, None] * np.ones((2, 5, 8)) + RNG.normal(0, 1e-16, (2, 5, 8))
    assert compare(contest(still)).comparisons[0].verdict is None


def test_winning_half_of_the_images_is_no_lead():
    """A is better on four of eight images and worse on four, whatever little its five seeds vary."""
    lead = np.array([0.1, 0.1, 0.1, 0.1, -0.066, -0.066, -0.066, -0.066])
    scores = np.stack([0.7 + lead, np.full(8, 0.7)])[:, None] + RNG.normal(0, 0.001, (2, 5, 8))
    found = compare(contest(scores))
    assert found.comparisons[0].value == pytest.approx(0.017, abs=0.001)
    assert found.comparisons[0].verdict is None
    assert (found.comparisons[0].wins, found.comparisons[0].losses) == (4, 4)
    assert found.leader is None


def test_clear_differences_are_told_and_placed():
    scores = RNG.normal(0, 0.01, (4, 3, 8)) + np.array([0.9, 0.7, 0.699, 0.2])[:, None, None]
    found = compare(contest(scores))
    assert [str(place) for place in found.places] == ["1", "2–3", "2–3", "4"]
    assert found.leader == "m0"
    assert found.between(3, 0).verdict == "worse"
    assert found.between(0, 3).low > 0.6


def test_lower_may_be_better():
    scores = RNG.normal(0, 1, (2, 3, 8)) + np.array([20, 90])[:, None, None]
    found = compare(contest(scores, direction="lower"))
    assert found.comparisons[0].value == pytest.approx(70, abs=2)
    assert found.comparisons[0].verdict == "better"


def test_a_pair_may_be_looked_at_from_either_side():
    found = compare(contest(RNG.normal(0.7, 0.05, (5, 3, 8))))
    for one, other in ((0, 1), (1, 4), (2, 3), (3, 4)):
        pair, turned = found.between(one, other), found.between(other, one)
        assert (pair.one, pair.other, turned.one, turned.other) == (one, other, other, one)
        assert (pair.value, pair.low, pair.wins) == (-turned.value, -turned.high, turned.losses)


def test_intervals_and_verdicts_agree():
    """Where only Holm's later steps tell a pair apart, its interval ends at 0."""
    for _ in range(50):
        scores = RNG.normal(0, 0.05, (5, 3, 8)) + RNG.normal(0.7, 0.08, 5)[:, None, None]
        for pair in compare(contest(scores)).comparisons:
            outside = pair.low >= 0 or pair.high <= 0
            assert outside == (pair.verdict is not None)
            assert (pair.p <= 0.05) == (pair.verdict is not None)


def test_what_looks_at_no_image_is_no_measure_of_the_models():
    """A blind prediction differs from models by the image: that must not blur the models' own differences."""
    scores = RNG.normal(0, 0.01, (4, 3, 8)) + np.array([0.9, 0.8, 0.7, 0])[:, None, None]
    scores[3] = RNG.normal(0.3, 0.3, 8)
    found = compare(contest(scores, blind=True))
    alone = compare(contest(scores[:3]))
    assert found.between(0, 1).error == alone.between(0, 1).error
    assert [str(place) for place in found.places] == ["1", "2", "3"]


def test_nobody_leads_who_is_no_better_than_what_looks_at_no_image():
    scores = RNG.normal(0, 0.01, (3, 3, 8)) + np.array([0.5, 0.3, 0.52])[:, None, None]
    found = compare(contest(scores, blind=True))
    assert (found.skilled, found.leader, str(found.places[0])) == (False, None, "1")
    assert compare(contest(scores)).skilled is None


def test_one_seed_is_given_the_others_spread():
    scores = RNG.normal(0.7, 0.05, (3, 5, 8))
    given = contest(scores)
    single = replace(given, seeds=np.array([5, 5, 1]), variances=np.array([*given.variances[:2], np.nan]))
    pair = compare(single).between(0, 2)
    shared = given.variances[:2].mean()
    assert pair.seeds_sd == pytest.approx(np.sqrt(given.variances[0] + shared))
    assert pair.error > compare(single).between(0, 1).error


def test_scopes_are_said():
    def said(**settings):
        return Scope(
            **{"kind": "groups", "units": 8, "noun": "animal or volume", "seeds": True, **settings}
        ).phrase

    assert said() == "on other animals or volumes like these eight"
    assert said(kind="cases", noun="image", units=30) == "on other images like these 30"
    assert said(kind="blocks", noun="volume") == "on other slices of this volume"
    assert said(kind="blocks", noun="volume", held=2) == "on other slices of these two volumes"
    assert said(kind="seeds", noun="image") == "with other seeds on these images"
    assert said(seeds=False).endswith("like these eight, with these very seeds")
    assert said(kind="none", noun="image", seeds=False) == "on these images with these seeds"


def test_one_wild_model_lends_no_degrees_of_freedom():
    """What twenty models show of three units is no more than what one shows, if all spread is one model's."""
    wild = RNG.normal(0.7, 1e-4, (20, 1, 3))
    wild[0] += RNG.normal(0, 0.1, 3)
    alike = RNG.normal(0.7, 0.1, (20, 1, 30))
    assert compare(contest(wild)).comparisons[0].freedom == pytest.approx(2, rel=0.01)
    assert 29 * 8 < compare(contest(alike)).comparisons[0].freedom < 29 * 19


def test_few_units_count_by_their_share_of_the_variance():
    """With three units, 2 degrees of freedom: many seeds must not lend them theirs."""
    scores = RNG.normal(0, 0.02, (2, 10, 1)) + RNG.normal(0.7, 0.02, (2, 1, 3))
    (found,) = compare(contest(scores)).comparisons
    units, seeds = found.units_sd**2 / 3, found.seeds_sd**2 / 10
    assert found.error == pytest.approx(np.sqrt(units + seeds))
    assert found.freedom == pytest.approx((units + seeds) / (units / 2 + seeds / 18))
