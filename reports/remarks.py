"""What a reader must know about how a leaderboard's rows compare."""

from __future__ import annotations

from collections.abc import Iterator

from ..benchmark.experiments.tuning_budget import describe_budget
from .cost import BUSY, differing
from .schema import Leaderboard
from .wording import listing, plural


def remarks(table: Leaderboard) -> tuple[str, ...]:
    """Say what the rows do not have in common: spread, seeds, hardware, age."""
    found = (
        _division(table),
        _spread(table),
        _seeds(table),
        _conditions(table),
        *_times(table),
        _mixed(table),
        _superseded(table),
    )
    return tuple(text for text in found if text)


def _division(table: Leaderboard) -> str:
    """Say what an open board's rows have in common; that others are closed is told where there are both."""
    tuning = [row.tuning for row in table.rows if row.tuning]
    if not tuning:
        return ""
    budget = describe_budget(tuning[0].budget_trials, tuning[0].budget_hours)
    lost = [row.model for row in table.rows if row.tuning and row.tuning.trials is None]
    return (
        f"Open division: every model was tuned from {table.recipe} on the validation split alone, with "
        f"{budget} each; its best setting was then trained and tested. Models under one recipe stand on "
        "boards of the closed division, and are never ranked among these."
    ) + (
        f" What tuning took is not known of {listing(lost)}: the studies' files are not there."
        if lost
        else ""
    )


def _spread(table: Leaderboard) -> str:
    """Say who has one seed beside others with more; where all have one, the claims say it."""
    single = [row.model for row in table.scored if row.score.mean.seeds == 1]
    if not 0 < len(single) < len(table.scored):
        return ""
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


def _times(table: Leaderboard) -> Iterator[str]:
    """Say which times were measured beside others' work, or contradict each other."""
    timed = [(row, row.cost) for row in table.rows if row.cost]
    busy = [(row, cost.others_share) for row, cost in timed if (cost.others_share or 0) > BUSY]
    if busy:
        told = [f"{row.model} ({100 * share:.0f} %)" for row, share in busy if share]
        yield (
            "Other processes took a share of the machine while latency and throughput were measured of "
            f"{listing(told)}: these times are too long by an unknown amount, and are called faster or "
            "slower than no others."
        )
    told = [f"{row.model}: {cost.contradiction}" for row, cost in timed if cost.contradiction]
    if told:
        yield (
            f"Times contradict each other, so something disturbed them ({'; '.join(told)}). They are "
            "called faster or slower than no others; run such trials where nothing else does."
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
