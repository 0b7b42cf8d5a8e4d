"""The answer over all data sets in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from ..verdicts.schema import Comparison, Verdicts
from ..wording import listing, metric_title, score
from .schema import Across
from .wording import ends, share

SPELLED = 3
"""Models that are named where the first is better than all others."""


def summary(across: Across) -> str:
    """Say who leads over the data sets, how surely, and what that is a claim about."""
    if across.verdicts is None:
        return "No two models have scores on two of these data sets, so nothing is compared over them."
    verdicts = across.verdicts
    parts = (_unskilled(verdicts), _first(across, verdicts), _others(across, verdicts), _risk(across))
    return " ".join(part for part in parts if part)


def _unskilled(verdicts: Verdicts) -> str:
    if verdicts.skilled is not False:
        return ""
    return (
        "No model is surely better than the best prediction that looks at no image "
        f"{verdicts.scope.phrase}, so nobody leads."
    )


def _first(across: Across, verdicts: Verdicts) -> str:
    row, unit = across.rows[0], across.metric.unit
    verb = "leads with the" if verdicts.leader else "has the"
    best = "highest" if across.metric.direction == "higher" else "lowest"
    mean = score(row.mean, unit) + ("" if unit == "1" else f" {unit}")
    title = metric_title(across.metric)
    return f"Over {len(across.sets)} data sets, {row.model} {verb} {best} mean {title}, {mean}."


def _others(across: Across, verdicts: Verdicts) -> str:
    """Say from whom the first is not told apart, and whom it is better than."""
    compared = [(row.model, verdicts.between(0, place)) for place, row in enumerate(across.rows) if place]
    open_ = [name for name, found in compared if found.verdict is None]
    worse = [name for name, found in compared if found.verdict == "better"]
    if open_:
        gap = _gap(open_, next(found for name, found in compared if name == open_[0]), across)
        better = f"; it is better than {listing(worse)}" if worse else ""
        return f"It cannot be told apart from {listing(open_)} {verdicts.scope.phrase} ({gap}){better}."
    gap = _gap(worse, compared[0][1], across)
    whom = listing(worse) if len(worse) <= SPELLED else f"all {len(worse)} others"
    return f"It is better than {whom} {verdicts.scope.phrase} ({gap})."


def _risk(across: Across) -> str:
    """Say how likely the best one is another."""
    if across.false_best is None:
        return ""
    return f"The risk that another one is the best: {share(across.false_best)}."


def _gap(names: Sequence[str], found: Comparison, across: Across) -> str:
    """Write the difference to the first of several models."""
    unit = across.metric.unit
    to = f" to {names[0]}" if len(names) > 1 else ""
    interval = ends(found.low, found.high, unit)
    told = interval if found.low is None else f"95 % interval {interval}"
    return f"difference{to} {score(found.value, unit)}, {told}"
