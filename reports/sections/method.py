"""How the numbers came about: data, recipe, protocol, metrics, statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

from ...benchmark.contracts.records import Decoding, MetricSpec, TrialSpec
from ...benchmark.contracts.reporting import Board, ReportSection, Trial
from ...benchmark.experiments.label_counts import describe_labels
from ..footnotes import CUTS
from ..grid import Cell, Column, Grid, html, markdown
from ..naming import name_of
from ..scoring import scored_classes
from ..templating import render
from ..wording import MISSING, metric_heading, plural

Facts = list[tuple[str, str]]

MAX_ROWS = 100
"""Trials whose decoders are told; all are in the records."""

UNITS = {
    "iterations": "optimiser steps",
    "batch_size": "crops",
    "crop": "px",
    "foreground_crops": "of the crops",
    "warmup": "of the iterations",
    "validations": "times",
    "window": "px",
    "overlap": "of the window's side",
}
"""Of settings whose names do not say it."""


def section(board: Board, folder: Path) -> ReportSection:  # noqa: ARG001 - draws nothing
    """Describe how the board's trials were trained and scored."""
    specs = [trial.record.spec for trial in board.trials]
    grids = (
        _grid("Data", _data(board)),
        _grid("Metrics", _metrics(board)),
        _grid("Scoring protocol", _settings([spec.protocol for spec in specs])),
        *_recipes(specs),
        *_objects(board),
    )
    text = "\n\n".join(f"**{grid.caption}**\n\n{markdown(grid)}" for grid in grids)
    return ReportSection(html=render("method.html", {"grids": [html(grid) for grid in grids]}), markdown=text)


def _recipes(specs: Sequence[TrialSpec]) -> Iterator[Grid]:
    """Describe the recipe of all models, or that of each where they have their own."""
    for own in dict.fromkeys(spec.model.own_recipe for spec in specs):
        caption = f"Training recipe {own}" if own else "Training recipe"
        yield _grid(caption, _settings([spec.recipe for spec in specs if spec.model.own_recipe == own]))


def _objects(board: Board) -> Iterator[Grid]:
    """Say what found predicted objects, where a decoder did, and how its setting was chosen."""
    found = [(trial, trial.record.decoding) for trial in board.complete]
    facts = [
        (f"{name_of(trial, board)}, seed {trial.record.spec.seed}", _decoder(decoding))
        for trial, decoding in found
        if decoding is not None
    ]
    if facts:
        yield _grid("Predicted objects", facts[:MAX_ROWS])


def _decoder(decoding: Decoding) -> str:
    options = ", ".join(f"{name} {value}" for name, value in decoding.options.items())
    chosen = "as asked for"
    if decoding.tried and decoding.cases:
        best = next((one.score for one in decoding.tried if one.options == decoding.options), None)
        told = MISSING if best is None else f"{best:.3f}"
        chosen = (
            f"the best of {plural(len(decoding.tried), 'setting')} by {decoding.metric} ({told}) on "
            f"{plural(decoding.cases, 'validation case')}"
        )
    return f"{decoding.decoder}: {options}; {chosen}"


def _grid(caption: str, facts: Facts) -> Grid:
    return Grid(
        caption=caption,
        columns=(Column(title="What", numeric=False, row_header=True), Column(title="How", numeric=False)),
        rows=tuple((Cell(text=name), Cell(text=value)) for name, value in facts),
        sortable=False,
    )


def _data(board: Board) -> Facts:
    complete, spec = board.complete, board.trials[0].record.spec
    seeds = sorted({trial.record.spec.seed for trial in board.trials})
    facts = [
        ("dataset", _each(board.trials, lambda trial: trial.record.spec.dataset.label)),
        ("labels", describe_labels(spec.label_fraction, spec.dataset.training_cases) or "all training cases"),
        ("seeds", ", ".join(map(str, seeds))),
    ]
    return facts + _test_data(complete[0]) if complete else facts


def _test_data(trial: Trial) -> Facts:
    record = trial.record
    voxel = record.voxel_size_nm
    groups = trial.cases.groupby("case", observed=True)["group"].first()
    count = int(groups.nunique() + groups.isna().sum())
    independent = "" if count == len(groups) else f", in {plural(count, 'group')} (slices of one are alike)"
    volumes = "" if record.axes is None else f"; volumes segmented {CUTS[record.axes]}"
    scored = scored_classes(record)
    return [
        ("test cases", f"{len(groups)}{independent}{volumes}"),
        ("classes", ", ".join(f"{i} {name}" for i, name in enumerate(record.class_names))),
        *([("scored classes", ", ".join(map(str, scored)))] if record.scored_classes else []),
        *([("scored pixels", "where the truth is not 0")] if record.mask_by_truth else []),
        ("voxel size", " × ".join(f"{side:g}" for side in voxel) + " nm" if voxel else "not known"),
    ]


def _metrics(board: Board) -> Facts:
    specs = [spec for trial in board.trials for spec in trial.record.spec.metrics]
    return list(dict.fromkeys((_metric_name(spec, board.primary), _metric_text(spec)) for spec in specs))


def _metric_name(spec: MetricSpec, primary: MetricSpec) -> str:
    return f"{metric_heading(spec)}{' (ranks)' if spec.name == primary.name else ''}"


def _metric_text(spec: MetricSpec) -> str:
    options = "".join(f"{name} {value}; " for name, value in spec.options.items())
    return (
        f"{options}{spec.direction} is better; {spec.aggregation}; {spec.empty_rule}; version {spec.version}"
    )


def _settings(values: Sequence[object]) -> Facts:
    """Name every setting; where trials differ, all that occur."""
    distinct = list(dict.fromkeys(values))
    facts: Facts = []
    for item in fields(distinct[0]):  # type: ignore[arg-type]
        found = [getattr(value, item.name) for value in distinct]
        name = item.name.replace("_", " ")
        if is_dataclass(found[0]):
            facts += [(f"{name}: {inner}", text) for inner, text in _settings(found)]
        else:
            facts.append((name, _joined(_setting(value, UNITS.get(item.name, "")) for value in found)))
    return facts


def _setting(value: object, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value} {unit}" if unit and not isinstance(value, str) else str(value)


def _each(trials: Sequence[Trial], text: Callable[[Trial], str]) -> str:
    return _joined(map(text, trials))


def _joined(texts: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(texts)) or MISSING
