"""The scores of a model's row on its board, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..benchmark.contracts.records import MetricSpec
from ..benchmark.contracts.reporting import Board
from ..benchmark.trials.boards import load_boards
from ..reports.leaderboard import leaderboard
from ..reports.schema import Leaderboard, MetricScore, Row
from ..reports.wording import capitalised, metric_title, score, span, with_unit
from .choosing import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A metric of the model, over seeds and test cases."""

    metric: str
    unit: str
    mean: float
    low: float | None
    """Ends of the interval; None: nothing is known of the spread."""
    high: float | None

    def __str__(self) -> str:
        """Write it for people."""
        mean = with_unit(score(self.mean, self.unit), self.unit)
        known = self.low is not None and self.high is not None
        return (
            f"{mean} ({span(self.low, self.high, self.unit) if known else 'no interval: too little to tell'})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What is known of how well a model does."""

    dataset: str
    cases: int
    """Test cases that all compared models have scores of."""
    seeds: int
    """Times that the model was trained; the means are over them."""
    own: float | None
    """The primary metric of the exported weights alone."""
    confidence: float
    metrics: tuple[Score, ...]
    """The primary one first."""


def scores_of(origin: Origin) -> Scores | None:
    """Look up a trial's row in its results folder; None: it is on no board there.

    Raises:
        StoreError: The results folder cannot be read.
    """
    if origin.store is None:
        return None
    fingerprint = origin.record.fingerprint
    for board in load_boards(origin.store, keep_stale=True).boards:
        if any(trial.record.fingerprint == fingerprint for trial in board.complete):
            return _scores(board, fingerprint)
    return None


def _scores(board: Board, fingerprint: str) -> Scores | None:
    table = leaderboard(board)
    row = next((row for row in table.rows if fingerprint in (seed.fingerprint for seed in row.seeds)), None)
    if row is None or table.verdicts is None:
        return None
    specs = {spec.name: spec for trial in board.complete for spec in trial.record.spec.metrics}
    found = [_score(row, metric, table, specs) for metric in (row.score, *row.other_metrics)]
    return Scores(
        dataset=table.dataset,
        cases=table.ground.common if table.ground else 0,
        seeds=len(row.seeds),
        own=next(seed.score for seed in row.seeds if seed.fingerprint == fingerprint),
        confidence=table.verdicts.confidence,
        metrics=tuple(one for one in found if one),
    )


def _score(
    row: Row, metric: MetricScore, table: Leaderboard, specs: Mapping[str, MetricSpec]
) -> Score | None:
    spec = specs.get(metric.metric)
    if metric.mean.mean is None or spec is None:
        return None
    interval = None
    for verdicts in table.all_verdicts:
        if verdicts.metric == metric.metric and row.model in verdicts.models:
            interval = verdicts.means[verdicts.names.index(row.model)]
    return Score(
        metric=capitalised(metric_title(spec)),
        unit=spec.unit,
        mean=metric.mean.mean,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
    )
