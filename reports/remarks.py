"""What a reader must know about how a leaderboard's rows compare."""

from __future__ import annotations

from .cost import differing
from .schema import Leaderboard
from .wording import listing, plural


def remarks(table: Leaderboard) -> tuple[str, ...]:
    """Say what the rows do not have in common: spread, seeds, hardware, age."""
    found = (_spread(table), _seeds(table), _conditions(table), _mixed(table), _superseded(table))
    return tuple(text for text in found if text)


def _spread(table: Leaderboard) -> str:
    single = [row.model for row in table.scored if row.score.mean.seeds == 1]
    if not single:
        return ""
    if len(single) == len(table.scored):
        return "1 seed for every model: how much of a difference is the chance of training is not known."
    return (
        f"1 seed for {listing(single)}: the spread over seeds is taken from the other models, below which "
        "these stand whatever their score."
    )


def _seeds(table: Leaderboard) -> str:
    short = [row for row in table.rows if len(row.seeds) < row.seeds_planned]
    if not short:
        return ""
    counts = [f"{row.model} has {len(row.seeds)} of {plural(row.seeds_planned, 'seed')}" for row in short]
    return f"Not every trial is complete: {listing(counts)}."


def _conditions(table: Leaderboard) -> str:
    what = differing(table.conditions)
    if not what:
        return ""
    how = "on different devices" if "device" in what else "under different conditions"
    return (
        f"Costs were measured {how} (not the same everywhere: {', '.join(what)}). "
        "Compare them only between rows with the same letter."
    )


def _mixed(table: Leaderboard) -> str:
    mixed = [
        f"{row.model} ({row.cost.seeds} of {len(row.seeds)})"
        for row in table.rows
        if row.cost and row.cost.seeds < len(row.seeds)
    ]
    if not mixed:
        return ""
    return (
        f"Costs come from some of the seeds only for {listing(mixed)}: "
        "the others were measured under other conditions, or not at all."
    )


def _superseded(table: Leaderboard) -> str:
    if not table.superseded:
        return ""
    verb = "is" if table.superseded == 1 else "are"
    what = f"{plural(table.superseded, 'older trial')} {verb} left out"
    return f"{what}: a newer one of the same model and seed replaces it."
