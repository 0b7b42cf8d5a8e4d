"""How far a board can be believed, and what more seeds or cases would buy, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from .schema import Leaderboard
from .verdicts.contest import several
from .verdicts.resolution import Resolution, Resolved
from .verdicts.schema import Verdicts
from .wording import listing, percent, plural, score

SHOWN = 2
"""Of several larger designs."""


def risk(share: float | None, verdicts: Verdicts) -> str:
    """Say how probable it is that the first model is not the best; empty if that is not known."""
    if share is None:
        return ""
    first, phrase = verdicts.names[0], verdicts.scope.phrase
    return f"The risk that another model is better than {first}, {phrase}, is {percent(share)}."


def resolved(table: Leaderboard, verdicts: Verdicts) -> str:
    """Say which differences a board can find, and which it could; empty if nothing is known of spreads."""
    if table.resolution is None:
        return ""
    unit, now = table.metric.unit, table.resolution.now
    more = _more(table.resolution, verdicts, unit)
    would = f"; {listing(more)}" if more else ""
    return (
        f"With {_design(now, verdicts)}, a difference of {score(now.difference, unit)} between two models is "
        f"found in 4 of 5 repetitions{would}."
    )


def _more(found: Resolution, verdicts: Verdicts, unit: str) -> list[str]:
    seeds = [
        f"with {plural(one.seeds, 'seed')} {score(one.difference, unit)}" for one in _few(found.more_seeds)
    ]
    units = [f"with {_units(one, verdicts)} {score(one.difference, unit)}" for one in _few(found.more_units)]
    return [*seeds, *units]


def _few(larger: Sequence[Resolved]) -> Sequence[Resolved]:
    return larger[-SHOWN:] if len(larger) <= SHOWN + 1 else larger[:SHOWN]


def _design(one: Resolved, verdicts: Verdicts) -> str:
    seeds = plural(one.seeds, "seed")
    return f"{seeds} and {_units(one, verdicts)}" if verdicts.scope.units else seeds


def _units(one: Resolved, verdicts: Verdicts) -> str:
    return f"{one.units} {several(verdicts.scope.unit)}"
