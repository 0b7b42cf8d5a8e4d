"""The closed form against statsmodels' mixed model by REML, and against brute-force repetition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from emseg_bench.reports.verdicts.comparing import compare
from emseg_bench.reports.verdicts.contest import Contest, Scope
from scipy.stats import t
from statsmodels.formula.api import mixedlm


def draw(rng, m=4, s=4, g=8, *, unit=6, crossed=4, seed=3, rest=2):
    """Draw scores in percent by model, seed and unit, (M, S, G)."""
    return (
        70
        + rng.normal(0, unit, (1, 1, g))
        + rng.normal(0, crossed, (m, 1, g))
        + rng.normal(0, seed, (m, s, 1))
        + rng.normal(0, rest, (m, s, g))
    )


def verdicts(scores):
    by_seed = scores.mean(axis=2)
    m, s, g = scores.shape
    return compare(
        Contest(
            metric="iou",
            direction="higher",
            names=tuple(f"m{i}" for i in range(m)),
            means=by_seed.mean(axis=1),
            units=scores.mean(axis=1),
            variances=by_seed.var(axis=1, ddof=1) if s > 1 else np.full(m, np.nan),
            seeds=np.full(m, s),
            scope=Scope(kind="groups", units=g, noun="animal", seeds=s > 1),
        )
    )


def long(scores):
    m, s, g = np.indices(scores.shape)
    return pd.DataFrame(
        {"y": scores.ravel(), "model": m.ravel(), "trial": (m * 100 + s).ravel(), "unit": g.ravel()}
    )


def test_units_alone_give_the_mixed_models_error():
    """One seed: models crossed with units, a balanced table, where REML and the closed form are the same."""
    scores = draw(np.random.default_rng(0), s=1)
    fitted = mixedlm("y ~ C(model)", long(scores), groups="unit").fit(reml=True)
    found = verdicts(scores)
    pooled = found.units_sd / np.sqrt(8)
    assert pooled == pytest.approx(float(fitted.bse["C(model)[T.1]"]), rel=1e-3)
    assert found.between(1, 0).value == pytest.approx(float(fitted.params["C(model)[T.1]"]), abs=1e-9)
    assert all(pair.error >= pooled * (1 - 1e-9) for pair in found.comparisons), "never below the pooled one"


def test_units_and_seeds_give_the_mixed_models_error():
    """Crossed units and nested seeds: REML counts the rest once, the closed form in both parts."""
    scores = draw(np.random.default_rng(3))
    _, s, g = scores.shape
    table = long(scores).assign(all=1, cell=lambda rows: rows["model"] * 100 + rows["unit"])
    parts = {"unit": "0 + C(unit)", "cell": "0 + C(cell)", "trial": "0 + C(trial)"}
    fitted = mixedlm("y ~ C(model)", table, groups="all", vc_formula=parts).fit(reml=True)
    found = verdicts(scores)
    ours = found.units_sd**2 / g + 2 * found.seeds_sd**2 / s
    assert ours - 2 * fitted.scale / (g * s) == pytest.approx(
        float(fitted.bse["C(model)[T.1]"]) ** 2, rel=0.02
    )


@pytest.mark.parametrize("size", [(2, 3, 8), (5, 5, 4)])
def test_errors_and_intervals_hold_when_all_is_drawn_again(size):
    """A parametric bootstrap: units and seeds drawn anew 600 times from known spreads."""
    rng = np.random.default_rng(11)
    m, s, g = size
    pairs = [verdicts(draw(rng, m, s, g)).between(0, 1) for _ in range(600)]
    true = np.std([pair.value for pair in pairs])
    stated = np.sqrt(np.mean([pair.error**2 for pair in pairs]))
    assert true * 0.93 < stated < true * (1.1 if m == 2 else 1.35), "the larger of two spreads is no smaller"
    outside = [abs(pair.value) > t.ppf(0.975, pair.freedom) * pair.error for pair in pairs]
    assert np.mean(outside) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)
