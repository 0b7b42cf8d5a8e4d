"""Which boards are the two divisions of one question, and how the models that stand on both stand there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from ...benchmark.contracts.records import TrialSpec
from ...benchmark.experiments.experiment import describe
from ...benchmark.experiments.terms import terms
from ..across.comparable import Ranked
from ..naming import by_row
from ..schema import Leaderboard, Row
from ..tuning.summing_up import validation_of
from .schema import Divisions, OnBoth, Standing, Surely, Turned
from .words import CLAIM, FEWEST, summary


def divisions(boards: Sequence[Ranked]) -> tuple[Divisions, ...]:
    """Put every open board beside the closed one under the recipe that it was tuned from.

    Args:
        boards: Those that have a score.
    """
    pairs = [
        (closed, opened)
        for opened in boards
        for closed in boards
        if opened.board.division == "open" and closed.board.division == "closed" and _same(closed, opened)
    ]
    found = (_divisions(closed, opened, i) for i, (closed, opened) in enumerate(pairs, start=1))
    return tuple(one for one in found if len(one.models) >= FEWEST)


def _same(closed: Ranked, opened: Ranked) -> bool:
    """Say whether nothing but tuning is different."""
    one, other = (board.board.trials[0].record.spec for board in (closed, opened))
    return (
        not one.model.own_recipe
        and other.model.tuned is not None
        and (describe(one.recipe), one.recipe.precision) == (other.model.tuned.base, other.recipe.precision)
        and one.dataset.manifest_sha256 == other.dataset.manifest_sha256
        and _scoring(one) == _scoring(other)
    )


def _scoring(spec: TrialSpec) -> dict[str, object]:
    told = terms(spec)
    return {key: told[key] for key in ("label_fraction", "protocol", "metrics")}


def _divisions(closed: Ranked, opened: Ranked, number: int) -> Divisions:
    rows = [*_pairs(closed.table, opened.table)]
    bare = Divisions(
        title=f"Closed against open: {closed.table.dataset}",
        slug=f"divisions-{number}",
        closed=closed.table.title,
        open=opened.table.title,
        metric=closed.table.metric,
        models=tuple(
            OnBoth(
                model=one.model,
                closed=_standing(closed, one, [one for one, _ in rows]),
                open=_standing(opened, other, [other for _, other in rows]),
            )
            for one, other in rows
        ),
        turned=tuple(_turned(closed.table, opened.table, rows)),
        summary="",
        remarks=(CLAIM,),
    )
    return replace(bare, summary=summary(bare))


def _pairs(closed: Leaderboard, opened: Leaderboard) -> Iterator[tuple[Row, Row]]:
    """Give the rows of each model with a score on both boards, in the order of the open one."""
    known: dict[str, Row] = {}
    for row in sorted(closed.scored, key=lambda row: bool(row.outdated)):
        known.setdefault(row.identity, row)
    for row in opened.scored:
        identity = row.tuning.untuned if row.tuning else None
        if identity and (one := known.get(identity)):
            yield one, row


def _standing(board: Ranked, row: Row, shared: Sequence[Row]) -> Standing:
    ahead = board.table.scored[: board.table.scored.index(row)]
    trials = by_row(board.board.complete)[row.key]
    return Standing(
        model=row.model,
        place=1 + len({one.model for one in ahead} & {one.model for one in shared}),
        test=row.score.mean,
        validation=validation_of(trials, board.table.metric.name),
    )


def _turned(closed: Leaderboard, opened: Leaderboard, rows: Sequence[tuple[Row, Row]]) -> Iterator[Turned]:
    """Find the pairs whose order is not the same on both boards."""
    first = {row.model: place for place, row in enumerate(closed.scored)}
    for (ahead, ahead_open), (behind, behind_open) in combinations(rows, 2):  # in the open board's order
        if first[behind.model] < first[ahead.model]:
            sure = (_told_apart(closed, behind, ahead), _told_apart(opened, ahead_open, behind_open))
            yield Turned(one=behind.model, other=ahead.model, surely=WHERE[sure])


WHERE: dict[tuple[bool, bool], Surely] = {
    (True, True): "on both boards",
    (True, False): "on the closed board",
    (False, True): "on the open board",
    (False, False): "on neither board",
}


def _told_apart(table: Leaderboard, better: Row, worse: Row) -> bool:
    assert table.verdicts is not None  # noqa: S101 - for the type: it has scores
    names = table.verdicts.names
    return table.verdicts.between(names.index(better.model), names.index(worse.model)).verdict == "better"
