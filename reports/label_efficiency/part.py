"""Score against labels on the page, in Markdown and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd

from ...benchmark.files.spreadsheets import csv_of
from ..above import Part, Piece, part
from ..figures import MODELS_SHOWN
from ..grid import Cell, Column, Grid
from ..illustrated import Illustrated, illustrated
from ..model_colours import PageColours
from ..tabled import tabled
from ..wording import MISSING, metric_heading, plural, probability, score, span, spread
from .figure import draw
from .schema import Amount, Crossing, LabelEfficiency, Point
from .words import percents

CHANGES: Final = (
    "Positive where the first model is better. p is of all pairs on all boards at once (Holm), the best "
    "prediction that looks at no image included, so that a single board may tell apart what is not sure here."
)
PAIRS: Final = 50
"""Pairs in the table of those that change places; all are in leaderboard.json."""


def labels_part(found: LabelEfficiency, folder: Path, colours: PageColours) -> Part:
    """Draw the figure into the report's folder, and write the part.

    Args:
        found: What it shows.
        folder: The report's.
        colours: The page's.
    """
    grid = scores_grid(found, intervals=False)
    drawn = Illustrated(
        kind="labels",
        what="Figures of score against labels",
        alt=f"{found.title}: {grid.caption}",
        draw=partial(draw, found, folder, colours),
        grid=scores_grid(found, intervals=True),
        reading=[*_reading(found)],
        summary=grid,
    )
    pieces = [Piece(name="scores", title="Score against labels", section=illustrated(drawn, folder))]
    if found.crossings:
        section = tabled(changes_grid(found), [CHANGES], left_out=max(0, len(found.crossings) - PAIRS))
        pieces.append(Piece(name="changes", title="Where the order changes", section=section))
    return part(found, pieces)


def _reading(found: LabelEfficiency) -> Iterator[str]:
    points = [point for line in found.lines for point in line.points if point]
    if any(point.interval for point in points):
        yield (
            "Bars are 95 % intervals of each mean for itself, as on the boards. Overlap decides nothing: the "
            "boards' tests of differences do. Models with equally many labels are drawn a little apart."
        )
    if any(point.interval is None for point in points):
        yield (
            "Points without bars have no interval: nothing is known of how a score varies with one seed and "
            "fewer than three independent samples of test data, or where nothing varied."
        )
    if found.blind_mean is not None:
        yield "Dashed: the best prediction that looks at no image."
    if len(found.lines) > MODELS_SHOWN:
        yield f"Drawn are the best {MODELS_SHOWN} of {plural(len(found.lines), 'model')}."
    yield "“Leads” and “surely” are each board's own verdict, at 95 % for itself."


def scores_grid(found: LabelEfficiency, *, intervals: bool) -> Grid:
    """Lay out a row per model, with a column for each number of labels."""
    more = ", with 95 % intervals" if intervals else ""
    return Grid(
        caption=f"{found.dataset}: mean {metric_heading(found.metric)} by labelled training images, "
        f"± SD over seeds{more}",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            *(Column(title=_title(one), unit=_unit(one)) for one in found.amounts),
        ),
        rows=tuple(
            (
                Cell(text=line.model, order=line.model.lower()),
                *(_cell(point, found.metric.unit, intervals) for point in line.points),
            )
            for line in found.lines
        ),
    )


def _title(amount: Amount) -> str:
    return f"{100 * amount.share:g} %" if amount.images is None else plural(amount.images, "image")


def _unit(amount: Amount) -> str:
    return "of the labels" if amount.images is None else percents(amount)


def _cell(point: Point | None, unit: str, intervals: bool) -> Cell:
    if point is None:
        return Cell(text=MISSING)
    ends = point.interval if intervals else None
    below = (span(ends.low, ends.high, unit),) if ends else ()
    return Cell(text=spread(point.score, unit), order=point.score.mean, below=below)


def changes_grid(found: LabelEfficiency) -> Grid:
    """Lay out a row per pair that changes places, with its difference for each number of labels."""
    return Grid(
        caption=f"{found.dataset}: pairs of models that change places, and their differences in mean "
        f"{metric_heading(found.metric)}",
        columns=(
            Column(title="Ahead with fewer labels", numeric=False, row_header=True),
            Column(title="Ahead with more", numeric=False),
            *(Column(title=_title(one), unit=_unit(one)) for one in found.amounts),
            Column(title="Sure", numeric=False),
        ),
        rows=tuple(
            (
                Cell(text=one.one, order=one.one.lower()),
                Cell(text=one.other, order=one.other.lower()),
                *_differences(one, found),
                Cell(text="all at once" if one.sure else "board by board", order=float(one.sure)),
            )
            for one in found.crossings[:PAIRS]
        ),
    )


def _differences(crossing: Crossing, found: LabelEfficiency) -> Iterator[Cell]:
    met = {one.amount: one for one in crossing.meetings}
    for place in range(len(found.amounts)):
        one = met.get(place)
        if one is None:
            yield Cell(text=MISSING)
        else:
            p = () if one.p is None else (f"p {probability(one.p)}",)
            yield Cell(text=score(one.by, found.metric.unit), order=one.by, below=p)


def write_csv(path: Path, found: Sequence[LabelEfficiency]) -> None:
    """Write a line per model and number of labels; nothing where there is none."""
    lines = [
        {
            "table": one.title,
            "board": amount.board,
            "dataset": one.dataset,
            "recipe": one.recipe,
            "protocol": one.protocol,
            "labelled_images": amount.images,
            "training_images": one.training_images,
            "label_fraction": amount.share,
            "model": line.model,
            "identity": line.identity,
            "metric": one.metric.name,
            "metric_unit": one.metric.unit,
            "metric_direction": one.metric.direction,
            "score_mean": point.score.mean,
            "score_sd": point.score.sd,
            "score_low": point.interval.low if point.interval else None,
            "score_high": point.interval.high if point.interval else None,
            "seeds": point.score.seeds,
            "leads": amount.outcome == "leads" and amount.first == line.model,
        }
        for one in found
        for line in one.lines
        for amount, point in zip(one.amounts, line.points, strict=True)
        if point
    ]
    if lines:
        path.write_text(csv_of(pd.DataFrame(lines, dtype=object)), encoding="utf-8", newline="")
