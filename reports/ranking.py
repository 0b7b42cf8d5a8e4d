"""Puts rows in order and says what each one's place is worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from ..benchmark.contracts.reporting import Board
from .common_ground import ground_of
from .naming import names_of, row_of
from .schema import Row
from .scores import POOLED_IOU
from .verdicts.comparing import compare
from .verdicts.contest import Direction
from .verdicts.contests import Entries, contest_of
from .verdicts.schema import Verdicts


@lru_cache(maxsize=1)
def entries_of(board: Board) -> Entries:
    """Put a board's complete trials and its blind predictions into one table; who asks again shares it."""
    ground, names, complete = ground_of(board), names_of(board), board.complete
    return Entries.of(
        ground.cases,
        tuple(names[row_of(trial)] for trial in complete),
        None if board.sanity is None else ground.on(board.sanity),
        skips_undefined=not complete or complete[0].record.spec.protocol.skips_undefined,
    )


def verdicts_of(board: Board) -> tuple[Verdicts, ...]:
    """Compare a board's models by every metric that gives one a score; the primary metric comes first."""
    if ground_of(board).cases.empty:
        return ()
    contests = (contest_of(entries_of(board), metric, direction) for metric, direction in _metrics(board))
    return tuple(compare(contest) for contest in contests if contest)


def _metrics(board: Board) -> Iterator[tuple[str, Direction]]:
    metrics = [board.primary, *(metric for trial in board.trials for metric in trial.record.spec.metrics)]
    yield from {metric.name: metric.direction for metric in metrics}.items()
    yield POOLED_IOU, "higher"


def ranked(rows: Sequence[Row], verdicts: Verdicts | None) -> tuple[Row, ...]:
    """Return the rows in the order of the verdicts, ranks filled in; rows without a score come last.

    Args:
        rows: Of one board.
        verdicts: By the primary metric; None: no row has a score.
    """
    places = {} if verdicts is None else {name: place for place, name in enumerate(verdicts.models)}
    scored = sorted((row for row in rows if row.model in places), key=lambda row: places[row.model])
    unscored = sorted((row for row in rows if row.model not in places), key=lambda row: row.model)
    return (*(_placed(row, i, verdicts) for i, row in enumerate(scored) if verdicts), *unscored)


def _placed(row: Row, place: int, verdicts: Verdicts) -> Row:
    others = [i for i in range(len(verdicts.models)) if i != place]
    return replace(
        row,
        rank=verdicts.places[place],
        tied_with=tuple(verdicts.names[i] for i in others if verdicts.between(place, i).verdict is None),
        behind_first=verdicts.between(0, place) if place else None,
    )
