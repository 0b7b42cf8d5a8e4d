"""Puts rows in order and says what each one's place is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .schema import Row
from .statistics import Direction, Rank, difference, ranks


def ranked(rows: Sequence[Row], direction: Direction) -> tuple[Row, ...]:
    """Return the rows best first, ranks filled in; rows without a score come last."""
    sign = -1 if direction == "higher" else 1
    means = [(row.score.mean.mean, row) for row in rows]
    order = sorted((sign * mean, row.model, row) for mean, row in means if mean is not None)
    scored = [row for *_, row in order]
    unscored = sorted((row for mean, row in means if mean is None), key=lambda row: row.model)
    places = ranks([row.score.mean for row in scored], direction)
    return (
        *(_placed(row, rank, scored, direction) for row, rank in zip(scored, places, strict=True)),
        *unscored,
    )


def _placed(row: Row, rank: Rank, scored: Sequence[Row], direction: Direction) -> Row:
    ends = (scored[0].score.mean, row.score.mean)
    ahead, behind = ends if direction == "higher" else ends[::-1]
    return replace(
        row,
        rank=rank,
        tied_with=tuple(scored[i].model for i in rank.tied),
        behind_leader=None if row is scored[0] else difference(ahead, behind),
    )
