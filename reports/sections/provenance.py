"""Where every number comes from: trials, code, weights, citations."""

from __future__ import annotations

from pathlib import Path

from ...benchmark.contracts.records import DatasetSpec, Provider, Record
from ...benchmark.contracts.reporting import Board, ReportSection, Trial
from ..grid import Cell, Column, Grid, bullets, html
from ..naming import name_of
from ..templating import render
from ..wording import MISSING, number, score

MAX_ROWS = 100
"""On the page; all fingerprints are in leaderboard.json."""
SHORT = 12
"""Digits of a hash on the page."""


def section(board: Board, folder: Path) -> ReportSection:  # noqa: ARG001 - draws nothing
    """List the board's trials, the code that made them, and what to cite."""
    cited = _citations(board)
    values = {
        "trials": html(_trials(board)),
        "left_out": max(0, len(board.trials) - MAX_ROWS),
        "code": html(_code(board)),
        "citations": cited,
    }
    return ReportSection(html=render("provenance.html", values), markdown=bullets(cited))


def _citations(board: Board) -> list[str]:
    models = (f"{t.record.spec.model.name}: {t.record.spec.model.citation}" for t in board.trials)
    datasets = (f"{t.record.spec.dataset.name}: {t.record.spec.dataset.citation}" for t in board.trials)
    return list(dict.fromkeys((*datasets, *models)))


# ----------------------------------------------------------------------------------------- trials
def _trials(board: Board) -> Grid:
    return Grid(
        caption="Trials",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="Seed"),
            Column(title="Status", numeric=False),
            Column(title="Kept state", unit="iteration (validation score)"),
            Column(title="Precision", numeric=False),
            Column(title="Inference and scoring", unit="s"),
            Column(title="Resumed", unit="times"),
            Column(title="Start of training", numeric=False),
            Column(title="Finished", unit="UTC", numeric=False),
            Column(title="Fingerprint", numeric=False),
        ),
        rows=tuple(_trial(trial, name_of(trial, board)) for trial in board.trials[:MAX_ROWS]),
    )


def _trial(trial: Trial, name: str) -> tuple[Cell, ...]:
    record = trial.record
    model, profile = record.spec.model, record.profile
    seconds = profile.test_seconds if profile else None
    return (
        Cell(text=name, order=name.lower()),
        Cell(text=str(record.spec.seed), order=record.spec.seed),
        Cell(text=record.status, order=record.status),
        _kept(record),
        Cell(text=profile.precision if profile else MISSING),
        Cell(text=number(seconds), order=seconds),
        _resumed(record),
        Cell(text=_start(record), order=model.init),
        Cell(text=record.finished[:19].replace("T", " "), order=record.finished),
        Cell(text=record.fingerprint[:SHORT], order=record.fingerprint, code=True),
    )


def _resumed(record: Record) -> Cell:
    dropped = record.dropped_resume_points
    text = f"{record.resumed}, {dropped} damaged and dropped" if dropped else str(record.resumed)
    return Cell(text=text, order=record.resumed)


def _kept(record: Record) -> Cell:
    if record.selection is None:
        return Cell(text=MISSING)
    text = f"{record.selection.iteration} ({score(record.selection.score)})"
    return Cell(text=text, order=record.selection.iteration)


def _start(record: Record) -> str:
    model = record.spec.model
    weights = f", weights {model.weights_sha256[:SHORT]}" if model.weights_sha256 else ""
    asked = f" ({model.requested_init} was asked for)" if model.requested_init != model.init else ""
    loaded = f": {record.initialisation}" if record.initialisation else ""
    return f"{model.init}{asked}{weights}{loaded}"


# ------------------------------------------------------------------------------------------- code
def _code(board: Board) -> Grid:
    return Grid(
        caption="Code and data",
        columns=(
            Column(title="What", numeric=False, row_header=True),
            Column(title="From", numeric=False),
            Column(title="SHA-256", numeric=False),
        ),
        rows=tuple(
            (Cell(text=what), Cell(text=origin), Cell(text=sha256[:SHORT], code=True))
            for what, origin, sha256 in dict.fromkeys(
                source for trial in board.trials for source in _sources(trial.record)
            )
        ),
        sortable=False,
    )


def _sources(record: Record) -> list[tuple[str, str, str]]:
    spec = record.spec
    dataset, model = spec.dataset, spec.model
    return [
        ("engine", "training and evaluation", spec.engine_sha256),
        (f"data of {dataset.label}", "manifest of all cases", dataset.manifest_sha256),
        *_division(dataset),
        (f"dataset {dataset.name}", *_origin(dataset.provider)),
        (f"model {model.name}", *_origin(model.provider)),
        *((f"metric {metric.name}", *_origin(metric.provider)) for metric in spec.metrics),
    ]


def _division(dataset: DatasetSpec) -> list[tuple[str, str, str]]:
    if not dataset.split_sha256:  # a record from before there was one
        return []
    return [(f"division of {dataset.label}", "which case is in which split", dataset.split_sha256)]


def _origin(provider: Provider) -> tuple[str, str]:
    return f"{provider.distribution} {provider.version}", provider.source_sha256
