"""Which models have scores on which data sets, and what they are called over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...benchmark.contracts.records import ModelSpec
from ...benchmark.experiments.row_names import row_names
from ...benchmark.files.hashing import model_sha256
from ..naming import MARK, row_of
from ..schema import Row
from .comparable import DataSet, Ranked
from .schema import Missing


@dataclass(frozen=True, slots=True)
class Entries:
    """The grid of models and data sets, with its gaps."""

    names: dict[str, str]
    """Of every model that stands on some board, by identity."""
    scored: tuple[dict[str, tuple[Row, ...]], ...]
    """By data set, of each model that has a score there its row on every board of the set."""
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
        return any(row.outdated for rows in self.scored for row in rows.get(identity, ()))

    def told_missing(self, datasets: Sequence[str]) -> tuple[Missing, ...]:
        """Name the combinations without a score."""
        return tuple(
            Missing(model=self.names[identity], dataset=datasets[place], reason=reason)
            for identity, place, reason in self.missing
        )


def entries(members: Sequence[DataSet]) -> Entries:
    """Find each model on each data set; of several rows of one model, that of today's code counts."""
    boards = [board for member in members for board in member.boards]
    rows = [[_by_identity(board) for board in member.boards] for member in members]
    names = _names(boards)
    scored = tuple({name: found for name in names if (found := _on_all(name, of_set))} for of_set in rows)
    doubled = {
        name for name in names for of_set in rows for by in of_set if len(_with_score(by.get(name, []))) > 1
    }
    missing = (
        (name, place, _reason(name, of_set, members[place]))
        for name in names
        for place, of_set in enumerate(rows)
        if name not in scored[place]
    )
    unknown = (row.model for board in boards for row in board.table.rows if row.common_identity is None)
    return Entries(
        names,
        scored,
        tuple(names[name] for name in sorted(doubled)),
        tuple(missing),
        tuple(dict.fromkeys(unknown)),
    )


def _by_identity(board: Ranked) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in board.table.rows:
        if identity := row.common_identity:
            found.setdefault(identity, []).append(row)
    return found


def _on_all(identity: str, boards: Sequence[dict[str, list[Row]]]) -> tuple[Row, ...]:
    """Give a model's row on every board of a data set; none where some board has no score of it."""
    found = [_with_score(by.get(identity, [])) for by in boards]
    return tuple(rows[0] for rows in found) if all(found) else ()


def _with_score(rows: Sequence[Row]) -> list[Row]:
    """Put today's code first, then what has more seeds."""
    return sorted(
        (row for row in rows if row.score.mean.mean is not None),
        key=lambda row: (bool(row.outdated), -row.score.mean.seeds),
    )


def _reason(identity: str, boards: Sequence[dict[str, list[Row]]], member: DataSet) -> str:
    """Say why a model has no score on a data set, by the first board that lacks it."""
    lacking = [place for place, by in enumerate(boards) if not _with_score(by.get(identity, []))]
    rows = boards[lacking[0]].get(identity, [])
    reason = "the metric applies to no case"
    if not rows:
        is_known = all(row.common_identity for row in member.boards[lacking[0]].table.rows)
        reason = "not run" if is_known else "not run, or by a study whose files are not there"
    elif not any(row.seeds for row in rows):
        reason = "no trial is complete"
    return reason if len(boards) == 1 else f"{reason} on {len(lacking)} of its {len(boards)} boards"


def _names(boards: Sequence[Ranked]) -> dict[str, str]:
    """Name models over all boards; those of which other code than today's made a row bear a mark."""
    identities = {row.key: row.common_identity for board in boards for row in board.table.rows}
    trials = {
        (row_of(trial), trial.record.spec.model.label): trial
        for board in boards
        for trial in board.board.trials
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
