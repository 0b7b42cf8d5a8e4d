"""What a data set's own board says of the models that are compared over several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

from ..claims import blind_mean
from ..schema import Leaderboard, Row
from ..verdicts.schema import Comparison
from .schema import Gap

Outcomes: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


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
        self._blind = len(self._verdicts.names) - 1 if self._verdicts.blind else None
        self.blind_mean = blind_mean(table, self._verdicts)
        """Score of the best prediction that looks at no image; None: it is not known."""

    def outcomes(self) -> Outcomes:
        """Say of all rows against each other who is surely better: 1, -1 or 0 by row and column, (M, M)."""
        return np.asarray(self._verdicts.signs()[np.ix_(self._places, self._places)])

    def pairs(self, *, blind: bool) -> list[Comparison]:
        """Compare all rows, and the blind prediction behind them if asked for, one and then other."""
        last = [self._blind] if blind and self._blind is not None else []
        return [self._verdicts.between(one, other) for one, other in combinations([*self._places, *last], 2)]

    def gap(self, one: int, other: int) -> Gap:
        """Say how far one of the rows is ahead of another."""
        found = self._verdicts.between(self._places[one], self._places[other])
        return Gap(value=found.value, low=found.low, high=found.high, verdict=found.verdict)


def mean_of(row: Row) -> float:
    """Give a row's score, which it has."""
    mean = row.score.mean.mean
    assert mean is not None  # noqa: S101 - for the type
    return mean
