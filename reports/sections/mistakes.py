"""Where the best model goes wrong: its worst cases, which class it takes for which, small against large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from ...benchmark.contracts.errors import StoreError
from ...benchmark.contracts.reporting import Board, ReportSection, Trial
from ..cells import score_cell
from ..common_ground import ground_of
from ..error_map import confusion
from ..grid import Cell, Column, Grid, escape_markdown, html, markdown
from ..leaderboard import leaderboard
from ..naming import by_row
from ..previews import previews
from ..schema import Leaderboard, Row
from ..scores import foreground
from ..templating import render
from ..wording import MISSING, metric_heading, plural, share

WORST: Final = 8
MOST_CLASSES: Final = 12
"""More make no table that anybody reads."""
SEEDS: Final = 5
"""Of which pictures are counted, the lowest: each takes its time."""
FEWEST: Final = 6
"""Cases with a class, two in each third: of fewer nothing is said about sizes."""
THIRDS: Final = ("smallest third", "middle third", "largest third")


def section(board: Board, folder: Path) -> ReportSection | None:  # noqa: ARG001 - draws nothing
    """Tabulate where the first model goes wrong; None if it has no scores."""
    table = leaderboard(board)
    if not table.scored or len(table.class_names) > MOST_CLASSES:
        return None
    first = table.scored[0]
    cases = _cases(board, first)
    if cases.empty:
        return None
    trials = by_row(board.complete)[first.key]
    grids = [
        _worst(table, first, cases),
        *_by_size(table, first, cases),
        *_confused(table, first, trials),
    ]
    text = "\n\n".join(f"**{escape_markdown(grid.caption)}**\n\n{markdown(grid)}" for grid in grids)
    return ReportSection(html=render("method.html", {"grids": [html(grid) for grid in grids]}), markdown=text)


def _cases(board: Board, first: Row) -> pd.DataFrame:
    """Give the cells of the first row's trials that count."""
    own = {row.fingerprint for row in first.seeds}
    places = [place for place, trial in enumerate(board.complete) if trial.record.fingerprint in own]
    ground = ground_of(board).cases
    return foreground(ground[ground["trial"].isin(places)])


def _worst(table: Leaderboard, first: Row, cases: pd.DataFrame) -> Grid:
    rows = cases[cases["metric"] == table.metric.name]
    means = rows.groupby("case", observed=True)["value"].mean().dropna()
    worst = means.sort_values(ascending=table.metric.direction == "higher", kind="stable")[:WORST]
    sums = _counts(cases, ["case", "class_index"])
    counts = dict(zip(sums.index, sums.to_numpy(np.float64).tolist(), strict=True))
    labels = [label for label in table.scoring.classes if label > 0]
    shown = "" if len(worst) == len(means) else f"{len(worst)} of "
    return Grid(
        caption=f"{shown}{plural(len(means), 'test case')}, worst first: {first.model}, mean over seeds; of "
        "each class above the share of its pixels that was missed, below the share of those predicted that "
        "is too much",
        columns=(
            Column(title="Case", numeric=False, row_header=True),
            Column(title=metric_heading(table.metric)),
            *(Column(title=table.class_names[label]) for label in labels),
        ),
        rows=tuple(
            (
                Cell(text=str(case), order=str(case)),
                score_cell(value, table.metric.unit),
                *(_wrong(counts, str(case), label) for label in labels),
            )
            for case, value in worst.items()
        ),
    )


def _counts(cases: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add confusion counts up: columns tp, fp and fn."""
    kept = cases[cases["metric"].isin(("tp", "fp", "fn"))]
    sums = kept.groupby([*by, "metric"], observed=True)["value"].sum().unstack("metric")
    return sums.reindex(columns=["tp", "fp", "fn"], fill_value=0.0)


def _wrong(counts: Mapping[Any, list[float]], case: str, label: int) -> Cell:
    """Say which share of the true pixels was missed, and which share of the predicted ones is too much."""
    if (case, label) not in counts:
        return Cell(text=MISSING)
    tp, fp, fn = counts[case, label]
    return Cell(text=share(fn, tp + fn), order=fn + fp, below=(share(fp, tp + fp),))


def _by_size(table: Leaderboard, first: Row, cases: pd.DataFrame) -> Iterator[Grid]:
    """Hold scores against how much of a class a case has."""
    counts = _counts(cases, ["case", "class_index"])
    area = counts["tp"] + counts["fn"]
    rows = cases[cases["metric"] == table.metric.name]
    means = rows.groupby(["case", "class_index"], observed=True)["value"].mean()
    both = pd.DataFrame({"area": area, "score": means}).dropna().reset_index()
    both = both[both["area"] > 0]
    lines = []
    for label in (label for label in table.scoring.classes if label > 0):
        own = both[both["class_index"] == label].sort_values("area", kind="stable")
        if len(own) >= FEWEST:
            parts = np.array_split(own["score"].to_numpy(), len(THIRDS))
            values = [float(part.mean()) for part in parts]
            cells = [score_cell(value, table.metric.unit) for value in values]
            lines.append((Cell(text=table.class_names[label]), *cells))
    if lines:
        yield Grid(
            caption=f"{metric_heading(table.metric)} by how much of the class a case has: {first.model}",
            columns=(
                Column(title="Class", numeric=False, row_header=True),
                *(Column(title=name, unit="of cases") for name in THIRDS),
            ),
            rows=tuple(lines),
            sortable=False,
        )


def _confused(table: Leaderboard, first: Row, trials: Sequence[Trial]) -> Iterator[Grid]:
    """Say which class is taken for which, in the pictures that were kept."""
    classes, seen = len(table.class_names), 0
    total = np.zeros((classes, classes), np.int64)
    for trial in sorted(trials, key=lambda trial: trial.record.spec.seed)[:SEEDS]:
        try:
            kept = previews(trial)
        except StoreError:
            continue  # the section on pictures names it
        seen += len(kept)
        for one in kept.values():
            total += confusion(one.truth, one.prediction, classes)
    if not total.any():
        return
    yield Grid(
        caption=f"Which class {first.model} takes for which, in the {plural(seen, 'picture')} that its "
        "trials kept: share of the true pixels",
        columns=(
            Column(title="Truth", numeric=False, row_header=True),
            *(Column(title=name, unit="predicted") for name in table.class_names),
        ),
        rows=tuple(
            (
                Cell(text=name),
                *(Cell(text=share(float(value), float(own.sum())), order=float(value)) for value in own),
            )
            for name, own in zip(table.class_names, total, strict=True)
        ),
        sortable=False,
    )
