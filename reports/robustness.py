"""Does the first row stay first: by other metrics and aggregates, and without any one group of test cases?

It is arithmetic on what is stored, and says nothing about chance: that is the business of `verdicts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from ..benchmark.contracts.reporting import Board
from .common_ground import ground_of
from .ranking import entries_of
from .schema import Leaderboard, Order, Robustness, Row
from .verdicts.comparing import ROUNDING
from .verdicts.contest import Direction, several
from .verdicts.contests import Entries, without_each_unit
from .wording import listing, metric_title


def robustness(board: Board, table: Leaderboard) -> Robustness | None:
    """Put the rows of a leaderboard in order by all that is stored; None with fewer than two.

    Args:
        board: Its board.
        table: The leaderboard; where some rows have several seeds, rows of one seed do not take part.
    """
    seeds = max((row.score.mean.seeds for row in table.scored), default=0)
    rows = [row for row in table.scored if row.score.mean.seeds > 1 or seeds < 2]
    if len(rows) < 2:
        return None
    entries = entries_of(board)
    return Robustness(
        first=rows[0].model,
        orders=tuple(_orders(rows, board, table)),
        units=entries.units.count,
        noun=entries.units.unit,
        without=_without(rows, board, table),
    )


def order_remarks(table: Leaderboard) -> Iterator[str]:
    """Say where another row comes first."""
    found = table.robustness
    if found is None:
        return
    others: dict[str, list[str]] = {}
    for order in found.orders:
        if order.place > 1:
            others.setdefault(order.first, []).append(f"by {order.by}")
    for unit, model in found.without.items():
        others.setdefault(model, []).append(f"without {unit}")
    if others:
        told = "; ".join(f"{model} {listing(ways)}" for model, ways in others.items())
        yield f"The order does not hold everywhere: not {found.first} but another has the best mean: {told}."


def left_out(found: Robustness) -> str:
    """Write what leaving single units out does."""
    if found.units < 2:
        return f"There is one {found.noun}, so none can be left out."
    every = f"Leaving out one of the {found.units} {several(found.noun)} at a time, {found.first}"
    if not found.without:
        return f"{every} has the best mean each time."
    told = listing([f"{model} without {unit}" for unit, model in found.without.items()])
    return f"{every} has the best mean {found.units - len(found.without)} times; {told}."


def _orders(rows: Sequence[Row], board: Board, table: Leaderboard) -> Iterator[Order]:
    specs = {metric.name: metric for trial in board.trials for metric in trial.record.spec.metrics}
    for i, metric in enumerate(rows[0].other_metrics):
        means = {row.model: row.other_metrics[i].mean.mean for row in rows}
        spec = specs[metric.metric]
        yield from _order(metric_title(spec), spec.unit, means, spec.direction)
    for item in rows[0].aggregates:
        means = {row.model: _iou(row, item.aggregate) for row in rows}
        if table.metric.name != "iou" or item.aggregate != "per case":
            yield from _order(f"IoU {_kind(item.aggregate, table)}", "1", means, "higher")


def _iou(row: Row, aggregate: str) -> float | None:
    """Return a row's IoU by an aggregate; None where it has no counts."""
    return next((one.iou.mean for one in row.aggregates if one.aggregate == aggregate), None)


def _kind(aggregate: str, table: Leaderboard) -> str:
    return f"per {table.scoring.unit}" if aggregate == "per case" else aggregate


def _order(by: str, unit: str, means: Mapping[str, float | None], direction: Direction) -> Iterator[Order]:
    """Put models in order; nothing where the first has no mean, or nobody else has one."""
    sign = 1.0 if direction == "higher" else -1.0
    known = {model: sign * mean for model, mean in means.items() if mean is not None}
    leader = next(iter(means))
    if leader not in known or len(known) < 2:
        return
    first = _first(known)
    yield Order(
        by=by,
        unit=unit,
        first=first,
        best=sign * known[first],
        leaders=sign * known[leader],
        place=1 + sum(_better(merit, known[leader]) for merit in known.values()),
    )


def _first(merits: Mapping[str, float]) -> str:
    """Name the best; where others are as good, the one that stands before them."""
    best = max(merits.values())
    return next(model for model, merit in merits.items() if not _better(best, merit))


def _better(one: float, other: float) -> bool:
    return one - other > ROUNDING * max(abs(one), abs(other))


def _without(rows: Sequence[Row], board: Board, table: Leaderboard) -> Mapping[str, str]:
    """Name who is first without each unit, where that is not the first row."""
    entries = entries_of(board)
    if entries.units.count < 2:
        return {}
    units = _unit_names(entries, ground_of(board).cases.drop_duplicates("case"))
    sign = 1.0 if table.metric.direction == "higher" else -1.0
    scores = sign * without_each_unit(entries, table.metric.name)[: len(entries.models)]
    models = np.array(entries.models, object)
    names = [row.model for row in rows]
    means = np.array([_mean(scores[models == name]) for name in names])
    found = {}
    for unit, name in enumerate(units):
        merits = {model: mean for model, mean in zip(names, means[:, unit], strict=True) if np.isfinite(mean)}
        if len(merits) == len(names) and (first := _first(merits)) != names[0]:
            found[name] = first
    return found


def _mean(scores: np.ndarray) -> np.ndarray:
    """Average over the seeds that have a score, by unit; NaN where a seed has nothing left."""
    return np.asarray(scores[np.isfinite(scores).any(axis=1)].mean(axis=0))


def _unit_names(entries: Entries, cases: pd.DataFrame) -> list[str]:
    """Call a group by its name, any other unit by its case, a block of slices by its ends."""
    group = dict(zip(cases["case"].astype(str), cases["group"], strict=True))
    held: dict[int, list[str]] = {}
    for case, unit in entries.units.of_case.items():
        held.setdefault(unit, []).append(case)
    if entries.units.kind == "groups":
        return [str(group[own[0]] or own[0]) for _, own in sorted(held.items())]
    return [own[0] if len(own) == 1 else f"{own[0]} to {own[-1]}" for _, own in sorted(held.items())]
