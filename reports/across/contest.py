"""Models over data sets as a contest: what holds on other sets, or on these alone where they are too few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...benchmark.contracts.records import MetricSpec
from ..arrays import Floats
from ..verdicts.comparing import Pairs, compare, judged
from ..verdicts.contest import FEWEST_UNITS, Contest, Scope, ScopeKind
from ..verdicts.schema import Comparison, Verdicts
from .boards import SetVerdicts

NOUN = "data set"
BLIND = "best blind prediction"
"""The contender that is, on each data set, the best prediction that looks at no image."""


def contest_over(models: Sequence[str], means: Floats, metric: MetricSpec) -> Contest:
    """Let models compete over data sets: a set's mean is a unit; what seeds and cases do to it is its noise.

    Args:
        models: Names, best first.
        means: By contender and data set, (M, K); one row more than models: the last one is the blind one.
        metric: What the means are of.
    """
    sets, blind = means.shape[1], len(means) > len(models)
    kind: ScopeKind = "sets" if sets >= FEWEST_UNITS else "fixed"
    return Contest(
        metric=metric.name,
        direction=metric.direction,
        names=(*models, *([BLIND] if blind else [])),
        means=means.mean(axis=1),
        units=means,
        variances=np.full(len(means), np.nan),
        seeds=np.ones(len(means), np.int64),
        blind=blind,
        scope=Scope(kind=kind, units=sets, noun=NOUN, seeds=True),
    )


def verdicts_over(contest: Contest, sets: Sequence[SetVerdicts]) -> Verdicts:
    """Compare all pairs: models crossed with data sets, or, with fewer than three sets, on these alone.

    Args:
        contest: Of at least two data sets.
        sets: Of each set, its boards' own comparisons.
    """
    if contest.scope.kind == "sets":
        return compare(contest)
    own = [one.pairs(blind=contest.blind) for one in sets]
    return judged(contest, on_these(Pairs.of(contest), own))


def on_these(pairs: Pairs, boards: Sequence[Sequence[Comparison]]) -> Pairs:
    """Take errors from the boards: variances of their differences add up, with Satterthwaite's freedom.

    Where one board knows none, nothing is known of the mean.

    Args:
        pairs: Of a contest over data sets.
        boards: Of each set its board's own comparisons, in the same order.
    """
    errors, freedoms = (
        np.array([[np.nan if one is None else one for one in column] for column in columns], np.float64)
        for columns in (
            [[pair.error for pair in of_board] for of_board in boards],
            [[pair.freedom for pair in of_board] for of_board in boards],
        )
    )
    variances = (errors / len(boards)) ** 2
    total = variances.sum(axis=0)
    freedom = total**2 / (variances**2 / freedoms).sum(axis=0)
    return replace(pairs, error=np.sqrt(total), freedom=freedom)
