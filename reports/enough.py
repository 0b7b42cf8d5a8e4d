"""What costs less and is good enough, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .cost import Cost, comparable, faster
from .schema import Leaderboard, Row
from .verdicts.margins import Within, equivalent, within
from .verdicts.schema import Verdicts
from .wording import listing, number, p_value, score, with_unit

CHEAPEST = "Cheapest means the lowest latency (p50, per image) under the conditions of"


def enough(table: Leaderboard, verdicts: Verdicts) -> str:
    """Name the cheapest model that is at most the margin worse than any other; empty if nobody asked."""
    margin = table.margin
    if margin is None or len(table.scored) < 2:
        return ""
    by = f"at most {_margin(table)} worse than any other model"
    if verdicts.skilled is False:
        return f"No model is named for being {by}, since none shows skill."
    found = within(verdicts, margin)
    sure = [row for row, one in zip(table.scored, found, strict=True) if one.sure]
    if sure:
        return _cheapest(table, verdicts, sure, {one.model: one for one in found}, by)
    known = [one for one in found if one.at_most is not None]
    if not known:
        return f"Which models are {by} cannot be said: nothing is known of how their scores vary."
    nearest = min(known, key=lambda one: one.at_most or 0)
    most = score(nearest.at_most, table.metric.unit)
    return (
        f"No model is surely {by} {verdicts.scope.phrase}; {nearest.model} comes nearest, surely at most "
        f"{most} worse (95 %, all models at once)."
    )


def alike(table: Leaderboard, verdicts: Verdicts) -> str:
    """Name the pairs that are practically equivalent; empty if nobody asked, or no model shows skill."""
    if table.margin is None or len(table.scored) < 2 or verdicts.skilled is False:
        return ""
    apart = f"less than {_margin(table)} apart {verdicts.scope.phrase}"
    pairs = [f"{pair.one} with {pair.other}" for pair in equivalent(verdicts, table.margin)]
    if not pairs:
        return f"No two models are surely {apart}."
    return f"Practically equivalent, surely (95 %, all pairs at once) {apart}: {listing(pairs)}."


def _margin(table: Leaderboard) -> str:
    return with_unit(f"{table.margin:g}", table.metric.unit)


def _cheapest(
    table: Leaderboard, verdicts: Verdicts, sure: Sequence[Row], found: dict[str, Within], by: str
) -> str:
    """Name the cheapest of the models that are good enough: of several that cost the same, the first."""
    first = table.scored[0]
    timed = [(latency, row) for row in sure if (latency := _latency_beside(row, first)) is not None]
    if not timed:
        return (
            f"{listing([row.model for row in sure])} {'is' if len(sure) == 1 else 'are'} surely {by} "
            f"{verdicts.scope.phrase}; which is the cheapest is not known, since no latency can be "
            f"compared with that of {first.model}."
        )
    costs = [row.cost for _, row in timed]
    latency, row = next((latency, row) for latency, row in timed if not _is_beaten(row.cost, costs))
    one = found[row.model]
    certainty = f"surely ({p_value(one.p)}, all models at once) {by} {verdicts.scope.phrase}"
    told = f"{row.model} is the cheapest model that is {certainty}"
    own = _latency_beside(first, first)
    times = f"{number(latency)} ms" + ("" if row is first else f" against {number(own)} ms")
    return f"{told}: {times}. {CHEAPEST} {first.model}."


def cheaper(table: Leaderboard) -> str:
    """Name the one with the lowest latency of the first row and those it is not surely better than.

    Empty where a margin says more, and where nothing is clearly cheaper than the first row.
    """
    if table.margin is not None:
        return ""
    first = table.scored[0]
    own = _latency_beside(first, first)
    equals = [row for row in table.scored[1:] if row.model in first.tied_with]
    timed = [(latency, row) for row in equals if (latency := _latency_beside(row, first)) is not None]
    if own is None or not timed:
        return ""
    latency, row = min(timed, key=lambda item: item[0])
    if row.cost is None or first.cost is None or not faster(row.cost, first.cost):
        return ""
    return (
        f"Of {first.model} and the models that it is not surely better than, {row.model} has the lowest "
        f"latency: {number(latency)} ms per image (p50) against {number(own)} ms."
    )


def _is_beaten(found: Cost | None, others: Iterable[Cost | None]) -> bool:
    return any(found and other and faster(other, found) for other in others)


def _latency_beside(row: Row, first: Row) -> float | None:
    """Return a row's latency in ms, if it can be compared with the first row's."""
    if row.cost is None or first.cost is None or not comparable(row.cost, first.cost):
        return None
    return row.cost.latency_p50_ms
