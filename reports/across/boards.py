"""What a data set's own board says of the models that are compared over several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from statistics import fmean, stdev

from ..arrays import Whole
from ..claims import blind_mean
from ..schema import Leaderboard, Row
from ..statistics import Estimate
from ..verdicts.schema import Comparison, Verdict, signs_of


class BoardVerdicts:
    """The comparisons of one board, by its rows.

    Args:
        table: With at least one score.
        rows: Of it, those that are compared, in the order of the table over data sets.
    """

    def __init__(self, table: Leaderboard, rows: Sequence[Row]) -> None:
        assert table.verdicts is not None  # noqa: S101 - for the type: it has a score
        self._verdicts = table.verdicts
        places = {name: place for place, name in enumerate(self._verdicts.names)}
        self._places = [places[row.model] for row in rows]
        self.rows = len(rows)
        self._blind = len(self._verdicts.names) - 1 if self._verdicts.blind else None
        self.blind_mean = blind_mean(table, self._verdicts)
        """Score of the best prediction that looks at no image; None: it is not known."""

    def pairs(self, *, blind: bool) -> list[Comparison]:
        """Compare all rows, and the blind prediction behind them if asked for, one and then other."""
        last = [self._blind] if blind and self._blind is not None else []
        return [self._verdicts.between(one, other) for one, other in combinations([*self._places, *last], 2)]


class SetVerdicts:
    """The comparisons on one data set: its board's own, or what several boards of it say together.

    Args:
        boards: With the same rows, in the same order.
    """

    def __init__(self, boards: Sequence[BoardVerdicts]) -> None:
        self._boards = boards
        self._models = boards[0].rows
        self._pairs = self.pairs(blind=False)
        known = [board.blind_mean for board in boards if board.blind_mean is not None]
        self.blind_mean = fmean(known) if len(known) == len(boards) else None
        """Score of the best prediction that looks at no image; None: it is not known."""

    def pairs(self, *, blind: bool) -> list[Comparison]:
        """Compare all rows, and the blind prediction behind them if asked for, one and then other."""
        return [
            together(found)
            for found in zip(*(board.pairs(blind=blind) for board in self._boards), strict=True)
        ]

    def outcomes(self) -> Whole:
        """Say of all rows against each other who is surely better: 1, -1 or 0 by row and column, (M, M)."""
        return signs_of(self._pairs, self._models)

    def behind_first(self, place: int) -> Comparison:
        """Compare the first row with another one, by their places here."""
        return replace(self._pairs[place - 1], one=0, other=place)


def together(found: Sequence[Comparison]) -> Comparison:
    """Put one pair's comparisons on several boards of one data set together.

    The boards share images, by how much nobody knows.  So the mean difference gets the mean of their errors,
    and the mean of their intervals: what it would have were the errors one and the same, never less.
    """
    if len(found) == 1:
        return found[0]
    low, high, error = (
        _mean(column) for column in zip(*((one.low, one.high, one.error) for one in found), strict=True)
    )
    freedoms = [one.freedom for one in found if one.freedom is not None]
    return replace(
        found[0],
        value=fmean(one.value for one in found),
        low=low,
        high=high,
        p=None,
        verdict=_verdict(low, high),
        error=error,
        freedom=min(freedoms) if len(freedoms) == len(found) else None,
        units_sd=None,
        seeds_sd=None,
        wins=sum(one.wins for one in found),
        ties=sum(one.ties for one in found),
        losses=sum(one.losses for one in found),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """Average numbers; None where one is not known."""
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def _verdict(low: float | None, high: float | None) -> Verdict | None:
    if low is None or high is None:
        return None
    return "better" if low > 0 else "worse" if high < 0 else None


def mean_of(rows: Sequence[Row]) -> float:
    """Give a model's score on a data set, which it has: the mean over the set's boards."""
    means = [row.score.mean.mean for row in rows]
    return fmean(mean for mean in means if mean is not None)


def estimate_of(rows: Sequence[Row]) -> Estimate:
    """Sum a model's seeds up on a data set: each seed's mean over the set's boards, of those that all have.

    Args:
        rows: The model's row on each board, with a score.
    """
    if len(rows) == 1:
        return rows[0].score.mean
    boards = [{seed.seed: seed.score for seed in row.seeds if seed.score is not None} for row in rows]
    seeds = [seed for seed in boards[0] if all(seed in board for board in boards)]
    values = [fmean(board[seed] for board in boards) for seed in seeds]
    return Estimate(mean=mean_of(rows), sd=stdev(values) if len(values) > 1 else None, seeds=len(values))
