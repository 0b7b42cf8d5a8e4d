"""Score against cost, with the intervals of both and the models that nothing beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from matplotlib.axes import Axes

from ...benchmark.contracts.reporting import Board, ReportSection
from ..cells import interval_cell, model_cell
from ..figures import Drawing, axis, panels, save, short_name, style
from ..footnotes import letter
from ..grid import Cell, Column, Grid
from ..illustrated import Illustrated, illustrated
from ..labels import label
from ..leaderboard import leaderboard
from ..palette import BLUE, GREY
from ..pareto import front
from ..schema import Leaderboard, Row
from ..verdicts.schema import Interval
from ..wording import MISSING, metric_heading, number

KIND = "tradeoff"
MARKERS = {"o": "circles", "s": "squares", "D": "diamonds", "^": "triangles", "P": "crosses", "*": "stars"}
"""By conditions of measurement; they repeat after the last."""
NAMED = 8
"""So many models are named."""
FEW = 30
"""So many models are numbered; of more, those on the front."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A cost."""

    title: str
    unit: str
    middle: str
    """Names of the numbers of `Cost`: the median over seeds, the lowest seed, the highest one."""
    low: str
    high: str


COSTS = (
    Axis("Latency p50", "ms per image", "latency_p50_ms", "latency_p50_low_ms", "latency_p50_high_ms"),
    Axis("Training time", "s", "train_seconds", "train_low_seconds", "train_high_seconds"),
    Axis("Energy", "J per image", "inference_joules", "inference_low_joules", "inference_high_joules"),
    Axis("Energy of a trial", "J", "trial_joules", "trial_low_joules", "trial_high_joules"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A model in one panel."""

    model: str
    place: int
    """In the table, from 1."""
    score: float
    ends: Interval | None
    cost: float
    cheapest: float
    """Cost of the seed with the lowest, and of the one with the highest."""
    dearest: float
    condition: int
    is_front: bool = False


Measured: TypeAlias = Sequence[tuple[Axis, dict[int, Point]]]
"""Costs that are known, with a point for each model by its position."""


def section(board: Board, folder: Path) -> ReportSection | None:
    """Draw and tabulate what each model scores against what it costs; None if no cost was measured."""
    table = leaderboard(board)
    measured = [(axis_, points) for axis_ in COSTS if (points := _points(table, axis_))]
    if not measured:
        return None
    parts = Illustrated(
        kind=KIND,
        what="Figures of score against cost",
        alt=f"Mean {metric_heading(table.metric)} of each model against its latency and training time",
        draw=partial(_draw, table, measured, folder),
        grid=tradeoff_grid(table, measured),
        reading=_reading(table, measured),
    )
    return illustrated(parts, folder)


# ---------------------------------------------------------------------------------------- points
def _points(table: Leaderboard, of: Axis) -> dict[int, Point]:
    """Return a point for each scored row of which the cost is known, by the row's position."""
    found = {
        i: point for i, row in enumerate(table.scored) if (point := _point(table, i, row, of)) is not None
    }
    sign = 1 if table.metric.direction == "higher" else -1
    for condition in {point.condition for point in found.values()}:
        members = [i for i, point in found.items() if point.condition == condition]
        for i in front([(found[i].cost, sign * found[i].score) for i in members]):
            found[members[i]] = replace(found[members[i]], is_front=True)
    return found


def _point(table: Leaderboard, i: int, row: Row, of: Axis) -> Point | None:
    cost, mean = row.cost, row.score.mean.mean
    middle: float | None = getattr(cost, of.middle, None)
    if cost is None or mean is None or middle is None:
        return None
    low, high = getattr(cost, of.low), getattr(cost, of.high)
    return Point(
        model=row.model,
        place=i + 1,
        score=mean,
        ends=table.verdicts.means[i] if table.verdicts else None,
        cost=middle,
        cheapest=middle if low is None else low,
        dearest=middle if high is None else high,
        condition=cost.condition,
    )


# ---------------------------------------------------------------------------------------- figure
def _draw(table: Leaderboard, measured: Measured, folder: Path) -> Drawing:
    with style():
        figure, axes = panels(len(measured), {})
        for (of, points), place in zip(measured, axes, strict=True):
            _panel(place, list(points.values()))
            place.set(xlabel=f"{of.title} ({of.unit})", ylabel=f"Mean {metric_heading(table.metric)}")
        return save(figure, folder, f"{table.slug}-{KIND}")


def _panel(axes: Axes, points: Sequence[Point]) -> None:
    _scale(axes, points)
    for is_front, colour in ((False, GREY), (True, BLUE)):
        chosen = [point for point in points if point.is_front == is_front]
        _bars(axes, chosen, colour)
        for condition in sorted({point.condition for point in chosen}):
            same = [point for point in chosen if point.condition == condition]
            axes.plot(
                [point.cost for point in same],
                [point.score for point in same],
                linestyle="",
                marker=_marker(condition),
                markersize=5.5,
                color=colour,
                markerfacecolor=colour if is_front else "none",
                zorder=3,
            )
            if is_front and len(same) > 1:
                _steps(axes, sorted(same, key=lambda point: point.cost))
    label(
        axes,
        [(point.cost, point.score) for point in points],
        [_texts(point, len(points)) for point in points],
    )


def _texts(point: Point, points: int) -> tuple[str, ...]:
    """Give what may stand beside a point: its name among a few, else its number."""
    if points <= NAMED:
        return (short_name(point.model), str(point.place))
    return (str(point.place),) if point.is_front or points <= FEW else ()


def _scale(axes: Axes, points: Sequence[Point]) -> None:
    """Settle scales and limits, so that labels can be placed."""
    axis(axes, "x", min(point.cheapest for point in points), max(point.dearest for point in points))
    axis(axes, "y", 0, 1)
    axes.margins(0.1)
    axes.update_datalim([(end, point.score) for point in points for end in (point.cheapest, point.dearest)])
    known = [(point.cost, point.ends) for point in points if point.ends]
    axes.update_datalim([(cost, end) for cost, ends in known for end in (ends.low, ends.high)])
    axes.autoscale_view()
    axes.set_autoscale_on(False)


def _bars(axes: Axes, points: Sequence[Point], colour: str) -> None:
    """Draw both intervals of each point."""
    known = [(point.cost, point.ends.low, point.ends.high) for point in points if point.ends]
    columns = [[one[i] for one in known] for i in range(3)]
    axes.vlines(columns[0], columns[1], columns[2], colors=colour, linewidth=1.2, zorder=2)
    cheapest, dearest = [point.cheapest for point in points], [point.dearest for point in points]
    axes.hlines([point.score for point in points], cheapest, dearest, colors=colour, linewidth=1.2, zorder=2)


def _steps(axes: Axes, points: Sequence[Point]) -> None:
    """Draw the front: what is at least as cheap and as good as a point of it lies behind the line."""
    costs, scores = [point.cost for point in points], [point.score for point in points]
    axes.step(costs, scores, where="post", color=BLUE, linewidth=1, linestyle=(0, (4, 3)), zorder=1)


def _marker(condition: int) -> str:
    return list(MARKERS)[condition % len(MARKERS)]


# ----------------------------------------------------------------------------------------- words
def tradeoff_grid(table: Leaderboard, measured: Measured) -> Grid:
    """Lay out a row per model that has a cost."""
    unit = table.metric.unit
    shown = [i for i in range(len(table.scored)) if any(i in points for _, points in measured)]
    return Grid(
        caption=f"Score and cost on {table.title}",
        columns=(
            Column(title="No."),
            Column(title="Model", numeric=False, row_header=True),
            Column(title=f"Mean {metric_heading(table.metric)}", unit="95 % interval"),
            *(
                column
                for of, _ in measured
                for column in (
                    Column(title=of.title, unit=f"{of.unit}; lowest to highest seed"),
                    Column(title="Unbeaten", unit="in score and " + of.title.lower(), numeric=False),
                )
            ),
        ),
        rows=tuple(_line(table, i, measured, unit) for i in shown),
    )


def _line(table: Leaderboard, i: int, measured: Measured, unit: str) -> tuple[Cell, ...]:
    row = table.scored[i]
    ends = table.verdicts.means[i] if table.verdicts else None
    costs = [cell for _, points in measured for cell in _cost_cells(points.get(i))]
    return (
        Cell(text=str(i + 1), order=i + 1),
        model_cell(row),
        interval_cell(row.score.mean.mean, ends, unit),
        *costs,
    )


def _cost_cells(point: Point | None) -> tuple[Cell, Cell]:
    if point is None:
        return Cell(text=MISSING), Cell(text=MISSING)
    ends = f"{number(point.cheapest)} to {number(point.dearest)}"
    below = (ends,) if point.cheapest < point.dearest else ()
    cost = Cell(text=number(point.cost), order=point.cost, below=below)
    return cost, Cell(text="yes" if point.is_front else "no", order=int(not point.is_front))


def _reading(table: Leaderboard, measured: Measured) -> list[str]:
    texts = [
        "Numbers are those of the table below. Vertical bars are 95 % intervals of the mean, horizontal ones "
        "go from the seed with the lowest cost to the one with the highest. Filled and joined by a line: the "
        "Pareto front, which no model beats in score and cost at once, by the means; whether a neighbour in "
        "score is surely better or worse stands under “How sure this is”."
    ]
    if len(table.conditions) > 1:
        shapes = (f"{MARKERS[_marker(i)]} as {letter(i)}" for i in range(len(table.conditions)))
        texts.append(f"Costs compare within one shape only; measured {', '.join(shapes)}.")
    most = max(len(points) for _, points in measured)
    if most > NAMED:
        which = "those on the front are numbered" if most > FEW else "models are numbered"
        texts.append(f"Where there is room, {which} as in the table.")
    return texts
