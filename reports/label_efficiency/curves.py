"""From boards that differ in their labels alone to lines of score against labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isclose
from typing import Final

from ...benchmark.experiments.label_counts import number_of
from ..across.comparable import Ranked
from ..claims import blind_mean
from ..grouping import groups
from ..naming import MARK
from ..schema import Leaderboard, Row
from ..verdicts.contest import several
from ..verdicts.schema import Verdicts
from .crossings import crossings_of, meetings_of, turned_of
from .remarks import remarks
from .schema import Amount, Crossing, LabelEfficiency, Line, Outcome, Point
from .words import summary

SEPARATOR: Final = " · "
"""Between the parts of a board's title."""
ROUNDING: Final = 1e-9
"""Of scores of one prediction on the same cases."""


def label_efficiency(boards: Sequence[Ranked]) -> tuple[LabelEfficiency, ...]:
    """Put boards together that differ in nothing but their labels, the fewest labels first.

    Of several boards with the same number of labelled images the newest stands: they saw the same images.

    Args:
        boards: Those that have a score.
    """
    images = _training_images(boards)

    def place(one: Ranked) -> float:
        known, share = images.get(one.dataset.manifest_sha256), one.table.label_fraction
        return number_of(share, known) if known else share

    found = groups(boards, _but_for_labels, place)
    return tuple(_of_group([*group.values()], number, images) for number, group in enumerate(found, start=1))


def _training_images(boards: Sequence[Ranked]) -> dict[str, int]:
    """Say how many images train, by data: a newer record tells it of older ones, too."""
    specs = (trial.record.spec.dataset for one in boards for trial in one.board.trials)
    return {spec.manifest_sha256: spec.training_cases for spec in specs if spec.training_cases}


def _but_for_labels(one: Ranked) -> list[object]:
    terms = {key: value for key, value in one.terms.items() if key != "label_fraction"}
    return [one.dataset.manifest_sha256, terms]


def _of_group(group: Sequence[Ranked], number: int, images: Mapping[str, int]) -> LabelEfficiency:
    tables = [one.table for one in group]
    first, known = tables[0], images.get(group[0].dataset.manifest_sha256)
    called = _names(tables)
    names = [{row.model: called[_identity(row)] for row in _rows(table).values()} for table in tables]
    pairs = meetings_of([table.verdicts for table in tables], names)
    bare = LabelEfficiency(
        title=_title(tables),
        slug=f"labels-{number}",
        dataset=first.dataset,
        recipe=first.recipe,
        protocol=first.protocol,
        metric=first.metric,
        training_images=known,
        blind_mean=_blind(tables),
        amounts=tuple(_amount(table, own, known) for table, own in zip(tables, names, strict=True)),
        lines=tuple(_lines(tables, called)),
        crossings=(),
        turned=turned_of(pairs),
        summary="",
    )
    filled = replace(bare, crossings=tuple(_ordered(crossings_of(pairs), bare.lines)))
    return replace(filled, summary=summary(filled), remarks=tuple(remarks(filled, group)))


def _ordered(found: Iterable[Crossing], lines: Sequence[Line]) -> list[Crossing]:
    """Order crossings by what is worth most to know: the sure ones first, then those of the best models."""
    place = {line.model: number for number, line in enumerate(lines)}
    return sorted(found, key=lambda one: (not one.sure, place[one.other], place[one.one]))


def _title(tables: Sequence[Leaderboard]) -> str:
    """Name the data and what else all boards' titles have in common."""
    parts = [table.title.split(SEPARATOR) for table in tables]
    common = [part for part in parts[0] if all(part in own for own in parts) and part != tables[0].dataset]
    return "How many labels: " + SEPARATOR.join([tables[0].dataset, *common])


def _identity(row: Row) -> str:
    return row.common_identity or row.identity


def _rows(table: Leaderboard) -> dict[str, Row]:
    """Give a board's rows by their model: of several that other code made the best."""
    return {_identity(row): row for row in reversed(table.scored)}


def _names(tables: Sequence[Leaderboard]) -> dict[str, str]:
    """Name all models: as the board with the most labels does, and apart from each other."""
    names = {
        identity: row.model.removesuffix(f" {MARK}")
        for table in tables
        for identity, row in _rows(table).items()
    }
    count = Counter(names.values())
    return {key: f"{name} ({key[:6]})" if count[name] > 1 else name for key, name in names.items()}


def _lines(tables: Sequence[Leaderboard], called: Mapping[str, str]) -> list[Line]:
    rows = [_rows(table) for table in tables]
    lines = [
        Line(
            model=name,
            identity=identity,
            points=tuple(_point(table, own.get(identity)) for table, own in zip(tables, rows, strict=True)),
        )
        for identity, name in called.items()
    ]
    sign = -1 if tables[0].metric.direction == "higher" else 1

    def order(line: Line) -> tuple[int, float, str]:
        last = max(place for place, point in enumerate(line.points) if point)
        point = line.points[last]
        mean = point.score.mean if point else None
        return -last, sign * (mean or 0.0), line.model

    return sorted(lines, key=order)


def _point(table: Leaderboard, row: Row | None) -> Point | None:
    if row is None or table.verdicts is None:
        return None
    return Point(score=row.score.mean, interval=table.verdicts.means[table.verdicts.names.index(row.model)])


def _blind(tables: Sequence[Leaderboard]) -> float | None:
    """Give the score of the best blind prediction, if all boards have the same but for rounding."""
    found = [blind_mean(table, table.verdicts) if table.verdicts else None for table in tables]
    known = [one for one in found if one is not None]
    if len(known) < len(found) or any(not isclose(one, known[0], abs_tol=ROUNDING) for one in known):
        return None
    return known[0]


def _amount(table: Leaderboard, names: Mapping[str, str], known: int | None) -> Amount:
    verdicts = table.verdicts
    assert verdicts is not None  # noqa: S101 - for the type: it has a score
    rivals = [
        place for place in range(1, len(verdicts.models)) if verdicts.between(0, place).verdict != "better"
    ]
    return Amount(
        board=table.title,
        slug=table.slug,
        share=table.label_fraction,
        images=number_of(table.label_fraction, known) if known else None,
        outcome=_outcome(verdicts),
        first=_name(verdicts.names[0], names),
        level=tuple(_name(verdicts.names[place], names) for place in rivals),
        phrase=verdicts.scope.phrase,
        sampled=several(verdicts.scope.sampled),
    )


def _name(row: str, names: Mapping[str, str]) -> str:
    return names.get(row, row)


def _outcome(verdicts: Verdicts) -> Outcome:
    """Say in a word what a board's verdicts allow to be said of its first model."""
    models = len(verdicts.models)
    if verdicts.scope.kind == "none":
        return "alone" if models == 1 else "unknown"
    if verdicts.skilled is False:
        return "unskilled"
    if models == 1:
        return "alone"
    if verdicts.leader:
        return "leads"
    told = any(one.verdict for one in verdicts.comparisons if one.other < models)
    return "ordered" if told else "open"
