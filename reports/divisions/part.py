"""The two divisions on the page, in Markdown and as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ...benchmark.files.spreadsheets import csv_of
from ..above import Part, Piece, part
from ..grid import Cell, Column, Grid
from ..tabled import tabled
from ..wording import metric_heading, spread
from .schema import Divisions, OnBoth, Standing

READING = (
    "± is the SD over seeds. Validation is of the states that were tested. Where tuning lifts validation "
    "much more than the test, it has fitted the validation split."
)


def divisions_part(found: Divisions) -> Part:
    """Write the part."""
    section = tabled(divisions_grid(found), [READING])
    return part(found, [Piece(name="models", title="Model by model", section=section)])


def divisions_grid(found: Divisions) -> Grid:
    """Lay out a row per model, in the order of the open board."""
    unit, heading = found.metric.unit, metric_heading(found.metric)
    return Grid(
        caption=f"{heading} of {found.closed} and of {found.open}",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            *(
                Column(title=title, group=group)
                for group in ("Closed division", "Open division")
                for title in ("Place", "Validation", "Test")
            ),
        ),
        rows=tuple(_row(one, unit) for one in found.models),
    )


def _row(one: OnBoth, unit: str) -> tuple[Cell, ...]:
    name = Cell(text=one.model, order=one.model.lower())
    return (name, *_cells(one.closed, unit), *_cells(one.open, unit))


def _cells(on: Standing, unit: str) -> tuple[Cell, ...]:
    return (
        Cell(text=str(on.place), order=on.place),
        Cell(text=spread(on.validation, unit), order=on.validation.mean),
        Cell(text=spread(on.test, unit), order=on.test.mean),
    )


def write_csv(path: Path, found: Sequence[Divisions]) -> None:
    """Write a line per model and division; nothing where there is none."""
    lines = [
        {
            "division": division,
            "board": title,
            "model": on.model,
            "model_closed": model.model,
            "metric": one.metric.name,
            "place": on.place,
            "test_mean": on.test.mean,
            "test_sd": on.test.sd,
            "validation_mean": on.validation.mean,
            "validation_sd": on.validation.sd,
            "seeds": on.test.seeds,
        }
        for one in found
        for model in one.models
        for division, title, on in (("closed", one.closed, model.closed), ("open", one.open, model.open))
    ]
    if lines:
        path.write_text(csv_of(pd.DataFrame(lines, dtype=object)), encoding="utf-8", newline="")
