"""Which models have scores on which data sets, and what they are called over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...benchmark.experiments.row_names import row_names
from ...benchmark.files.hashing import model_sha256
from ..naming import MARK, row_of
from ..schema import Row
from .comparable import Ranked
from .schema import Missing


@dataclass(frozen=True, slots=True)
class Entries:
    """The grid of models and data sets, with its gaps."""

    names: dict[str, str]
    """Of every model that stands on some board, by identity."""
    scored: tuple[dict[str, Row], ...]
    """By data set, the row of each model that has a score there."""
    doubled: tuple[str, ...]
    """Models of which a board has several rows, made by different code."""
    missing: tuple[tuple[str, int, str], ...]
    """Identity, position of the data set, and why there is no score."""

    def on(self, identity: str) -> frozenset[int]:
        """Give the data sets on which a model has a score."""
        return frozenset(i for i, rows in enumerate(self.scored) if identity in rows)

    def outdated(self, identity: str) -> bool:
        """Say whether other code than today's made a model's row on some data set."""
        return any(rows[identity].outdated for rows in self.scored if identity in rows)

    def told_missing(self, datasets: Sequence[str]) -> tuple[Missing, ...]:
        """Name the combinations without a score."""
        return tuple(
            Missing(model=self.names[identity], dataset=datasets[place], reason=reason)
            for identity, place, reason in self.missing
        )


def entries(members: Sequence[Ranked]) -> Entries:
    """Find each model on each data set; of several rows of one model, that of today's code counts."""
    rows = [_by_identity(member) for member in members]
    scored = tuple(
        {identity: found[0] for identity, of_model in by.items() if (found := _with_score(of_model))}
        for by in rows
    )
    names = _names(members)
    doubled = {identity for by in rows for identity, of_model in by.items() if len(_with_score(of_model)) > 1}
    missing = (
        (identity, place, _reason(by.get(identity, [])))
        for identity in names
        for place, by in enumerate(rows)
        if identity not in scored[place]
    )
    return Entries(names, scored, tuple(names[identity] for identity in sorted(doubled)), tuple(missing))


def _by_identity(member: Ranked) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in member.table.rows:
        found.setdefault(row.identity, []).append(row)
    return found


def _with_score(rows: Sequence[Row]) -> list[Row]:
    """Put today's code first, then what has more seeds."""
    return sorted(
        (row for row in rows if row.score.mean.mean is not None),
        key=lambda row: (bool(row.outdated), -row.score.mean.seeds),
    )


def _reason(rows: Sequence[Row]) -> str:
    if not rows:
        return "not run"
    if not any(row.seeds for row in rows):
        return "no trial is complete"
    return "the metric applies to no case"


def _names(members: Sequence[Ranked]) -> dict[str, str]:
    """Name models over all boards; those of which other code than today's made a row bear a mark."""
    trials = {
        (row_of(trial), trial.record.spec.model.label): trial
        for member in members
        for trial in member.board.trials
    }
    old = {model_sha256(trial.record.spec.model) for trial in trials.values() if trial.outdated}
    names = row_names(trial.record.spec.model for trial in trials.values())
    return {identity: f"{name} {MARK}" if identity in old else name for identity, name in names.items()}
