"""The answer over all data sets in plain words."""

from __future__ import annotations

from ..claims import ahead_of_all, difference
from ..prospects import risk
from ..verdicts.schema import Comparison, Verdicts
from ..wording import listing, metric_title, score, with_unit
from .schema import Across


def summary(across: Across) -> str:
    """Say who leads over the data sets, how surely, and what that is a claim about."""
    verdicts = across.verdicts
    if verdicts is None:
        return "No two models have scores on two of these data sets, so nothing is compared over them."
    parts = (
        _unskilled(verdicts),
        _first(across, verdicts),
        _others(across, verdicts),
        risk(across.false_best, verdicts),
    )
    return " ".join(part for part in parts if part)


def _unskilled(verdicts: Verdicts) -> str:
    if verdicts.skilled is not False:
        return ""
    blind = "predictions that look at no image"
    return f"No model is surely better {verdicts.scope.phrase} than {blind}: nobody leads."


def _first(across: Across, verdicts: Verdicts) -> str:
    row, unit = across.rows[0], across.metric.unit
    title = metric_title(across.metric)
    mean = with_unit(score(row.mean, unit), unit)
    over = f"Over {len(across.sets)} data sets"
    if verdicts.leader:
        return f"{over}, {row.model} leads with mean {title} {mean}."
    extreme = "highest" if across.metric.direction == "higher" else "lowest"
    return f"{over}, {row.model} has the {extreme} mean {title}, {mean}."


def _others(across: Across, verdicts: Verdicts) -> str:
    """Say from whom the first is not told apart, or how far it is ahead of the next."""
    found = [verdicts.between(0, place) for place in range(1, len(across.rows))]
    names = [row.model for row in across.rows[1:]]
    open_ = [name for name, one in zip(names, found, strict=True) if one.verdict is None]
    phrase = verdicts.scope.phrase
    if open_:
        nearest = _difference(found[names.index(open_[0])], across)
        to = f" to {open_[0]}" if len(open_) > 1 else ""
        return f"It is not surely better than {listing(open_)} {phrase}: the difference{to} is {nearest}."
    return ahead_of_all(verdicts, across.metric.unit)


def _difference(found: Comparison, across: Across) -> str:
    unit = across.metric.unit
    if found.low is None:
        return f"{with_unit(score(found.value, unit), unit)}, and nothing tells how much of it is chance"
    return difference(found, unit)
