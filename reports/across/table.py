"""From boards to tables over data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..schema import Leaderboard
from ..verdicts.false_best import false_best
from ..verdicts.resolution import resolution
from ..verdicts.schema import Verdicts
from ..wording import plural
from .balance import Block, balanced
from .boards import BoardVerdicts, SetVerdicts, estimate_of, mean_of
from .comparable import DataSet, Family, Ranked, families
from .contest import contest_over, verdicts_over
from .entries import Entries, entries
from .remarks import remarks
from .schema import Across, AcrossRow, ComparedSet, OnSet, Tally
from .summary import summary


def tables_across(boards: Sequence[Ranked]) -> tuple[Across, ...]:
    """Sum up all boards on equal terms, a table for each kind of terms.

    Args:
        boards: Those that have a score.
    """
    return tuple(_across(family, number) for number, family in enumerate(families(boards), start=1))


def _across(family: Family, number: int) -> Across:
    grid = entries(family.members)
    scored = {identity: on for identity in grid.names if (on := grid.on(identity))}
    block = balanced(scored, len(family.members)) or Block((), ())
    names = _set_names(family.members)
    members = [family.members[place] for place in block.sets]
    first = family.members[0].first.table
    bare = Across(
        title=_title(first, family.labelled),
        slug=f"across-{number}",
        recipe=first.recipe,
        protocol=first.protocol,
        label_fraction=first.label_fraction if family.labelled is None else None,
        labelled_images=family.labelled,
        metric=first.metric,
        summary="",
        remarks=(),
        sets=tuple(_set(member, names[place]) for member, place in zip(members, block.sets, strict=True)),
        rows=(),
        verdicts=None,
        tallies=(),
        false_best=None,
        resolution=None,
        missing=grid.told_missing(names),
        apart=family.apart,
    )
    filled = _Table(members, grid, block).fill(bare) if block.models else bare
    return replace(filled, remarks=tuple(remarks(filled, family, grid, block)), summary=summary(filled))


def _title(table: Leaderboard, labelled: int | None) -> str:
    """Name the terms: the board's title without its data, and with a number of labels that holds for all."""
    parts = table.title.split(" · ")[1:]
    if labelled is not None:
        parts[:1] = [plural(labelled, "labelled image")]
    return "Over data sets: " + " · ".join(parts)


def _set(member: DataSet, name: str) -> ComparedSet:
    table = member.first.table
    return ComparedSet(
        dataset=name,
        slug=table.slug,
        unit=table.scoring.unit,
        classes=table.foreground,
        boards=tuple(one.table.title for one in member.boards),
    )


def _set_names(members: Sequence[DataSet]) -> list[str]:
    """Name data sets, those of one name by the hash of their data too."""
    names = [member.name for member in members]
    return [
        f"{name} (data {member.first.dataset.manifest_sha256[:6]})" if names.count(name) > 1 else name
        for name, member in zip(names, members, strict=True)
    ]


class _Table:
    """The balanced part of a grid, best model first.

    Args:
        members: Its data sets.
        grid: All models on all data sets.
        block: Which of them are compared.
    """

    def __init__(self, members: Sequence[DataSet], grid: Entries, block: Block) -> None:
        self._metric = members[0].first.table.metric
        self._sign = 1 if self._metric.direction == "higher" else -1
        self._grid = grid
        scored = [grid.scored[place] for place in block.sets]
        means = {model: np.mean([mean_of(rows[model]) for rows in scored]) for model in block.models}
        self._models = sorted(block.models, key=lambda model: (-self._sign * means[model], grid.names[model]))
        self._rows = [[rows[model] for rows in scored] for model in self._models]
        self._means = np.array([[mean_of(row) for row in rows] for rows in self._rows])
        self._sets = [
            SetVerdicts(
                [
                    BoardVerdicts(board.table, on_board)
                    for board, on_board in zip(member.boards, zip(*rows, strict=True), strict=True)
                ]
            )
            for member, rows in zip(members, zip(*self._rows, strict=True), strict=True)
        ]
        self._outcomes = np.stack([one.outcomes() for one in self._sets])

    def fill(self, bare: Across) -> Across:
        """Fill in what is compared."""
        blind = np.array([one.blind_mean for one in self._sets], np.float64)
        known = bool(np.isfinite(blind).all())
        means = np.vstack([self._means, blind]) if known else self._means
        contest = contest_over([self._grid.names[model] for model in self._models], means, self._metric)
        verdicts = verdicts_over(contest, self._sets)
        places = pd.DataFrame(-self._sign * self._means).rank().to_numpy()
        return replace(
            bare,
            verdicts=verdicts,
            rows=tuple(self._row(i, verdicts, places[i]) for i in range(len(self._models))),
            tallies=tuple(self._tallies()),
            false_best=false_best(verdicts),
            resolution=resolution(verdicts) if verdicts.scope.kind == "sets" else None,
        )

    def _row(self, i: int, verdicts: Verdicts, places: Floats) -> AcrossRow:
        identity = self._models[i]
        ahead = self._sign * self._means
        off = (ahead.max(axis=0) - ahead[i]).tolist()
        others = np.delete(self._outcomes[:, i], i, axis=1)
        on_sets = zip(self._rows[i], places.tolist(), off, self._sets, strict=True)
        return AcrossRow(
            model=self._grid.names[identity],
            identity=identity,
            outdated=self._grid.outdated(identity),
            placed=verdicts.places[i],
            mean=float(self._means[i].mean()),
            mean_place=float(places.mean()),
            wins=int((others > 0).sum()),
            ties=int((others == 0).sum()),
            losses=int((others < 0).sum()),
            sets=tuple(
                OnSet(
                    score=estimate_of(rows),
                    place=place,
                    off_best=behind,
                    behind_first=of_set.behind_first(i) if i else None,
                )
                for rows, place, behind, of_set in on_sets
            ),
        )

    def _tallies(self) -> Iterator[Tally]:
        ones, others = np.triu_indices(len(self._models), k=1)
        wins, ties, losses = ((self._outcomes == sign).sum(axis=0)[ones, others] for sign in (1, 0, -1))
        columns = (column.tolist() for column in (ones, others, wins, ties, losses))
        for one, other, won, tied, lost in zip(*columns, strict=True):
            yield Tally(one=one, other=other, wins=won, ties=tied, losses=lost)
