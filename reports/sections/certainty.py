"""How sure the order is: intervals of all models, what could be told apart, and what more would buy."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ...benchmark.contracts.reporting import Board, ReportSection
from ..cells import interval_cell, model_cell, rank_cell, score_cell
from ..claims import blind_mean, standing
from ..figures import Drawing, save, style
from ..forest import Bar, Panel, forest
from ..grid import Cell, Column, Grid
from ..illustrated import Illustrated, illustrated
from ..leaderboard import leaderboard
from ..schema import Leaderboard, Row
from ..verdicts.contest import several
from ..verdicts.schema import Verdicts
from ..wording import MISSING, metric_heading, number, probability, score

KIND = "intervals"


def section(board: Board, folder: Path) -> ReportSection | None:
    """Draw and tabulate means and differences with their intervals; None if nothing is known of either."""
    table = leaderboard(board)
    if table.verdicts is None or table.verdicts.scope.kind == "none":
        return None
    parts = Illustrated(
        kind=KIND,
        what="Figures of intervals",
        alt=f"Mean {metric_heading(table.metric)} of each model, and how far it is behind the first",
        draw=partial(_draw, table, table.verdicts, folder),
        grid=certainty_grid(table, table.verdicts),
        reading=_reading(table, table.verdicts),
    )
    return illustrated(parts, folder)


# ---------------------------------------------------------------------------------------- figure
def _draw(table: Leaderboard, verdicts: Verdicts, folder: Path) -> Drawing:
    names = [f"{row.model}   {row.rank}" for row in table.scored]
    blind = blind_mean(table, verdicts)
    panels = [
        Panel(
            title=f"Mean {metric_heading(table.metric)}",
            bars=(*(_mean_bar(row, i, verdicts) for i, row in enumerate(table.scored)), Bar(value=blind)),
            lines=() if blind is None else (blind,),
        ),
        Panel(
            title="Behind the first",
            bars=tuple(_behind_bar(i, verdicts) for i in range(len(verdicts.names))),
            lines=(0.0,) if table.margin is None else (0.0, table.margin),
        ),
    ]
    shown = panels[: 2 if len(verdicts.names) > 1 else 1]
    with style():
        figure = forest([*names, *verdicts.names[len(names) :]], shown)
        return save(figure, folder, f"{table.slug}-{KIND}")


def _mean_bar(row: Row, place: int, verdicts: Verdicts) -> Bar:
    return Bar(
        value=row.score.mean.mean,
        ends=verdicts.means[place],
        dots=tuple(seed.score for seed in row.seeds if seed.score is not None) if len(row.seeds) > 1 else (),
    )


def _behind_bar(place: int, verdicts: Verdicts) -> Bar:
    if place == 0:
        return Bar(value=0.0)
    found = verdicts.between(0, place)
    return Bar(value=found.value, ends=found.interval, sure=found.verdict is not None)


# ----------------------------------------------------------------------------------------- table
def certainty_grid(table: Leaderboard, verdicts: Verdicts) -> Grid:
    """Lay out a row per model, and one for the best prediction that looks at no image."""
    units = verdicts.scope.units
    unit = "blocks" if verdicts.scope.kind == "blocks" else several(verdicts.scope.noun)
    rows = [_line(table, verdicts, i) for i in range(len(table.scored))]
    if verdicts.blind:
        rows.append(_blind_line(table, verdicts))
    return Grid(
        caption=f"How sure the order on {table.title} is: 95 % intervals {verdicts.scope.phrase}",
        columns=(
            Column(title="Rank"),
            Column(title="Model", numeric=False, row_header=True),
            Column(title=f"Mean {metric_heading(table.metric)}", unit="95 % interval"),
            Column(title="Behind the first", unit="95 %, all at once"),
            Column(title="p", unit="all at once"),
            Column(title="Verdict", numeric=False),
            Column(title="Won – equal – lost", unit=f"against the first, of {units} {unit}" if units else ""),
            Column(title="SD of the difference", unit=f"over {unit}"),
            Column(title="SD of the difference", unit="over seeds"),
        ),
        rows=tuple(rows),
    )


def _line(table: Leaderboard, verdicts: Verdicts, place: int) -> tuple[Cell, ...]:
    row, unit = table.scored[place], table.metric.unit
    return (
        rank_cell(row),
        model_cell(row),
        interval_cell(row.score.mean.mean, verdicts.means[place], unit),
        *_against_first(table, verdicts, place),
    )


def _blind_line(table: Leaderboard, verdicts: Verdicts) -> tuple[Cell, ...]:
    return (
        Cell(text=MISSING),
        Cell(text=verdicts.names[-1], order=verdicts.names[-1].lower(), below=("looks at no image",)),
        score_cell(blind_mean(table, verdicts), table.metric.unit),
        *_against_first(table, verdicts, len(verdicts.names) - 1),
    )


def _against_first(table: Leaderboard, verdicts: Verdicts, place: int) -> tuple[Cell, ...]:
    if place == 0:
        nothing = [Cell(text=MISSING)] * 3
        first = Cell(text=standing(table, None), order="0")
        return (Cell(text="first", order=0.0), Cell(text=MISSING), first, *nothing)
    unit, found = table.metric.unit, verdicts.between(0, place)
    verdict = standing(table, found)
    counts = f"{found.losses} – {found.ties} – {found.wins}" if verdicts.scope.units else MISSING
    return (
        interval_cell(found.value, found.interval, unit),
        Cell(text=probability(found.p), order=found.p),
        Cell(text=verdict, order=verdict),
        Cell(text=counts, order=found.losses if verdicts.scope.units else None),
        Cell(text=number(found.units_sd), order=found.units_sd),
        Cell(text=number(found.seeds_sd), order=found.seeds_sd),
    )


# ----------------------------------------------------------------------------------------- words
def _reading(table: Leaderboard, verdicts: Verdicts) -> list[str]:
    blind = (
        f", and dashed the mean of “{verdicts.names[-1]}”, which looks at no image" if verdicts.blind else ""
    )
    texts = [
        "Left: the mean of each model with a 95 % interval for it alone, single seeds as ticks below it"
        f"{blind}. Overlap there decides nothing. Right: how far each is behind the first, with intervals "
        "that hold all at once; filled: told apart for sure. The places that each may hold stand beside its "
        "name.",
    ]
    if table.margin is not None:
        margin = score(table.margin, table.metric.unit)
        texts.append(f"The second dashed line on the right is the margin, {margin}.")
    return texts
