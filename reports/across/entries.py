"""Which models have scores on which data sets, and what they are called over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...benchmark.contracts.records import ModelSpec
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
    unknown: tuple[str, ...] = ()
    """Tuned models of which nothing tells what they were before, so that no data sets have them in common."""

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
        (identity, place, _reason(by.get(identity, []), members[place]))
        for identity in names
        for place, by in enumerate(rows)
        if identity not in scored[place]
    )
    unknown = (row.model for member in members for row in member.table.rows if _identity(row) is None)
    return Entries(
        names,
        scored,
        tuple(names[identity] for identity in sorted(doubled)),
        tuple(missing),
        tuple(dict.fromkeys(unknown)),
    )


def _identity(row: Row) -> str | None:
    """Name what is the same model on other data: as it was before each data set tuned it; None: not known."""
    return row.tuning.untuned if row.tuning else row.identity


def _by_identity(member: Ranked) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in member.table.rows:
        if identity := _identity(row):
            found.setdefault(identity, []).append(row)
    return found


def _with_score(rows: Sequence[Row]) -> list[Row]:
    """Put today's code first, then what has more seeds."""
    return sorted(
        (row for row in rows if row.score.mean.mean is not None),
        key=lambda row: (bool(row.outdated), -row.score.mean.seeds),
    )


def _reason(rows: Sequence[Row], member: Ranked) -> str:
    if not rows:
        is_known = all(map(_identity, member.table.rows))
        return "not run" if is_known else "not run, or by a study whose files are not there"
    if not any(row.seeds for row in rows):
        return "no trial is complete"
    return "the metric applies to no case"


def _names(members: Sequence[Ranked]) -> dict[str, str]:
    """Name models over all boards; those of which other code than today's made a row bear a mark."""
    identities = {row.key: _identity(row) for member in members for row in member.table.rows}
    trials = {
        (row_of(trial), trial.record.spec.model.label): trial
        for member in members
        for trial in member.board.trials
    }
    models, old = dict[str, list[ModelSpec]](), set[str]()
    for (row, _), trial in trials.items():
        if identity := identities[row]:
            model, alike = trial.record.spec.model, models.setdefault(identity, [])
            alike += [] if alike and model.tuned else [model]  # its setting on other data is no other model
            old |= {identity} if trial.outdated else set()
    names = row_names(model for alike in models.values() for model in alike)
    told = {identity: names[model_sha256(alike[0])] for identity, alike in models.items()}
    return {identity: f"{name} {MARK}" if identity in old else name for identity, name in told.items()}
