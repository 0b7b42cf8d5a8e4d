"""One row per model: its scores over seeds, its single seeds, its cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from ..benchmark.contracts.reporting import Board, Trial
from ..benchmark.evaluation.aggregation import BACKGROUND
from ..benchmark.files.hashing import model_sha256
from .aggregates import RATIOS, aggregates
from .common_ground import CommonGround
from .cost import Conditions, cost
from .naming import by_row, names_of, row_of
from .schema import AggregateScore, ClassScore, MetricScore, Row, SeedScore, Unfounded
from .scores import POOLED_IOU, Scores, scores_of
from .scoring import scored_classes
from .statistics import NONE, estimates, finite
from .tuning.summing_up import row_tuning

Key = tuple[object, ...]


def rows(
    board: Board, complete: Sequence[Trial], conditions: Sequence[Conditions], ground: CommonGround
) -> list[Row]:
    """Sum up each model of a board, in order of appearance, unranked.

    Args:
        board: All trials, failed ones included.
        complete: Those that have scores.
        conditions: The board's conditions, that costs refer to.
        ground: What the complete ones are compared on.
    """
    names, done = names_of(board), by_row(complete)
    summaries = _Summaries(complete, ground)
    metrics = _other_metrics(board)
    return [
        Row(
            model=names[row],
            key=row,
            identity=model_sha256(trials[0].record.spec.model),
            outdated=tuple(dict.fromkeys(text for trial in trials for text in trial.outdated)),
            initialisation=trials[0].record.spec.model.init,
            family=trials[0].record.spec.model.family,
            own_recipe=trials[0].record.spec.model.own_recipe,
            tuning=row_tuning(board, trials),
            rank=None,
            tied_with=(),
            score=summaries.metric(row, board.primary.name),
            pooled_iou=summaries.metric(row, POOLED_IOU),
            other_metrics=tuple(summaries.metric(row, name) for name in metrics),
            behind_first=None,
            seeds=tuple(summaries.seed(trial, board.primary.name) for trial in _by_seed(done.get(row, ()))),
            seeds_planned=len({trial.record.spec.seed for trial in trials}),
            cost=cost([trial.record.profile for trial in done.get(row, ())], conditions),
            aggregates=summaries.aggregates(row),
            unfounded=summaries.unfounded(row),
        )
        for row, trials in by_row(board.trials).items()
    ]


def _by_seed(trials: Iterable[Trial]) -> list[Trial]:
    return sorted(trials, key=lambda trial: trial.record.spec.seed)


def _other_metrics(board: Board) -> tuple[str, ...]:
    names = dict.fromkeys(metric.name for trial in board.trials for metric in trial.record.spec.metrics)
    return tuple(name for name in names if name != board.primary.name)


class _Summaries:
    """Scores by row and by trial: grouped once for all rows, then looked up.

    Args:
        complete: Trials that have scores.
        ground: What they are compared on.
    """

    def __init__(self, complete: Sequence[Trial], ground: CommonGround) -> None:
        skips = not complete or complete[0].record.spec.protocol.skips_undefined
        scored = scores_of(ground.cases, skips_undefined=skips)
        self._class_names = complete[0].record.class_names if complete else ()
        self._scored = scored_classes(complete[0].record) if complete else ()
        self._position = {trial.record.fingerprint: i for i, trial in enumerate(complete)}
        of_trial = pd.Series([row_of(trial) for trial in complete], dtype=object)
        self._known = {
            row: ground.known * seeds for row, seeds in of_trial[ground.compared].value_counts().items()
        }
        self._of_row(scored, of_trial)
        self._of_trial(scored)
        self._of_aggregates(aggregates(ground.cases), of_trial)
        self._of_unfounded(ground.unfounded, of_trial)

    def _of_row(self, scored: Scores, row: pd.Series[str]) -> None:
        overall = scored.overall.assign(row=scored.overall["trial"].map(row))
        by_class = scored.by_class.assign(row=scored.by_class["trial"].map(row))
        keys = ["row", "metric", "class_index"]
        self._means = estimates(overall, keys[:2])
        self._classes = estimates(by_class, keys)
        self._applicable = by_class.groupby(keys)["applicable"].sum().to_dict()

    def _of_trial(self, scored: Scores) -> None:
        self._trial_means = _lookup(scored.overall, ["trial", "metric"])
        self._trial_classes = _lookup(scored.by_class, ["trial", "metric", "class_index"])

    def _of_aggregates(self, table: pd.DataFrame, row: pd.Series[str]) -> None:
        keys = ["row", "aggregate", "metric"]
        long = table.melt(["trial", "aggregate", "units"], list(RATIOS), "metric")
        self._aggregates = estimates(long.assign(row=long["trial"].map(row)), keys)
        units = table.groupby("aggregate", sort=False)["units"].max()
        self._units = {str(name): int(number) for name, number in units.items()}

    def aggregates(self, row: str) -> tuple[AggregateScore, ...]:
        """Sum up one row by every aggregate; empty without a complete trial."""
        return tuple(
            AggregateScore(
                aggregate=name,
                units=units,
                **{ratio: self._aggregates[row, name, ratio] for ratio in RATIOS},
            )
            for name, units in self._units.items()
            if (row, name, RATIOS[0]) in self._aggregates
        )

    def _of_unfounded(self, table: pd.DataFrame, row: pd.Series[str]) -> None:
        sums = table.assign(row=table["trial"].map(row)).groupby(["row", "class_index"])
        self._unfounded = sums[["pixels", "hits", "cases"]].sum().to_dict("index")

    def unfounded(self, row: str) -> tuple[Unfounded, ...]:
        """Sum up, by class, what one row predicted in cases whose truth has none of it."""
        return tuple(
            Unfounded(
                class_index=i,
                class_name=self._class_names[i],
                pixels=int(found["pixels"]),
                hits=int(found["hits"]),
                cases=int(found["cases"]),
            )
            for i in self._scored
            if i != BACKGROUND and (found := self._unfounded.get((row, i)))
        )

    def metric(self, row: str, metric: str) -> MetricScore:
        """Sum up one metric of one row over its seeds."""
        return MetricScore(
            metric=metric,
            mean=self._means.get((row, metric), NONE),
            classes=tuple(self._class(row, metric, i) for i in self._scored),
        )

    def _class(self, row: str, metric: str, index: int) -> ClassScore:
        return ClassScore(
            class_index=index,
            class_name=self._class_names[index],
            score=self._classes.get((row, metric, index), NONE),
            applicable=int(self._applicable.get((row, metric, index), 0)),
            cases=int(self._known.get(row, 0)),
        )

    def seed(self, trial: Trial, primary: str) -> SeedScore:
        """Look up one trial's own scores."""
        number = self._position[trial.record.fingerprint]
        return SeedScore(
            seed=trial.record.spec.seed,
            fingerprint=trial.record.fingerprint,
            score=self._trial_means.get((number, primary)),
            pooled_iou=self._trial_means.get((number, POOLED_IOU)),
            classes=tuple(
                self._trial_classes.get((number, primary, i)) for i in range(len(self._class_names))
            ),
        )


def _lookup(table: pd.DataFrame, keys: list[str]) -> dict[Key, float | None]:
    columns = zip(*(table[key].tolist() for key in keys), strict=True)
    return dict(zip(columns, map(finite, table["value"].tolist()), strict=True))
