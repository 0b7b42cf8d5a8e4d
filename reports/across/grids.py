"""Tables of the part over data sets: places and means, scores set by set, wins and losses."""

from __future__ import annotations

from collections.abc import Iterator

from ..cells import interval_cell, model_cell, score_cell, stacked
from ..footnotes import ENDS_AT_0
from ..grid import Cell, Column, Grid
from ..wording import metric_heading, spread
from .schema import Across, AcrossRow

BESIDE = 5
"""Data sets that have columns in the first table; more of them have a table of their own."""
MOST_ROWS = 200
"""Of a table on the page; all numbers are in leaderboard.json and across.csv."""
OPPONENTS, NAMED = 12, 5
"""Models of the table of wins, the first ones; with more than five, columns have numbers, no names."""
READING = (
    "Rank: the places that a model may hold, below those that are surely better and above those that are "
    f"surely worse. {ENDS_AT_0} Every data set weighs the same, whatever its number of cases. Mean place: "
    "over data sets, by the means alone."
)
TALLIED = (
    "Data sets on which the row's model is surely better than the column's, not told apart from it, and "
    "surely worse, by each data set's own board. Not told apart is no proof that two are equal."
)


def ranks_grid(across: Across) -> Grid:
    """Lay out the models by their mean over data sets."""
    beside = len(across.sets) <= BESIDE
    heading = metric_heading(across.metric)
    columns = (
        Column(title="Rank"),
        Column(title="Model", numeric=False, row_header=True),
        Column(title=f"Mean {heading}", unit="over data sets"),
        Column(title="Mean place"),
        Column(title="Behind the first", unit="95 % interval"),
        *(_set_columns(across) if beside else ()),
    )
    return Grid(
        caption=f"Models over {len(across.sets)} data sets by mean {heading}",
        columns=columns,
        rows=tuple(
            (*_ranked(across, place), *(_on_sets(row, across) if beside else ()))
            for place, row in enumerate(across.rows[:MOST_ROWS])
        ),
    )


def sets_grid(across: Across) -> Grid | None:
    """Lay out the scores set by set, or None where the first table has them."""
    if len(across.sets) <= BESIDE:
        return None
    return Grid(
        caption=f"Mean {metric_heading(across.metric)} by data set, ± SD over seeds",
        columns=(Column(title="Model", numeric=False, row_header=True), *_set_columns(across)),
        rows=tuple((model_cell(row), *_on_sets(row, across)) for row in across.rows[:MOST_ROWS]),
    )


def wins_grid(across: Across) -> Grid:
    """Lay out wins, ties and losses of the best models against each other."""
    shown = across.rows[:OPPONENTS]
    tallies = {(tally.one, tally.other): (tally.wins, tally.ties, tally.losses) for tally in across.tallies}
    tallies |= {(other, one): counts[::-1] for (one, other), counts in tallies.items()}
    numbered = len(shown) > NAMED
    titles = [f"no. {i}" if numbered else row.model for i, row in enumerate(shown, start=1)]
    return Grid(
        caption="Data sets won / not told apart / lost, row against column",
        columns=(
            *([Column(title="No.")] if numbered else []),
            Column(title="Model", numeric=False, row_header=True),
            *(Column(title=title, group="Against") for title in titles),
        ),
        rows=tuple(
            (
                *([Cell(text=str(i + 1))] if numbered else []),
                model_cell(row),
                *(_tally(tallies.get((i, j))) for j in range(len(shown))),
            )
            for i, row in enumerate(shown)
        ),
        sortable=False,
    )


def _set_columns(across: Across) -> Iterator[Column]:
    for named in across.sets:
        yield Column(title=named.dataset, group="Mean on each data set")


def _ranked(across: Across, place: int) -> tuple[Cell, ...]:
    row = across.rows[place]
    return (
        Cell(text=str(row.placed), order=row.placed.best),
        model_cell(row),
        score_cell(row.mean, across.metric.unit),
        Cell(text=f"{row.mean_place:.2f}", order=row.mean_place),
        _behind(across, place),
    )


def _behind(across: Across, place: int) -> Cell:
    if place == 0 or across.verdicts is None:
        return Cell(text="first", order=0.0)
    found = across.verdicts.between(0, place)
    return interval_cell(found.value, found.interval, across.metric.unit)


def _on_sets(row: AcrossRow, across: Across) -> Iterator[Cell]:
    for on in row.sets:
        yield stacked(Cell(text=spread(on.score, across.metric.unit), order=on.score.mean))


def _tally(counts: tuple[int, int, int] | None) -> Cell:
    return Cell(text=" / ".join(map(str, counts)) if counts else "–")
