"""Trials that have no result, and why."""

from __future__ import annotations

from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path

from ...benchmark.contracts.errors import EmsegError, StoreError
from ...benchmark.contracts.reporting import Board, ReportSection, Trial
from ...benchmark.files.printable import printable
from ...benchmark.files.regular import open_regular
from ...benchmark.files.store import TrialFolder
from ..grid import Cell, Column, Grid, html, markdown
from ..leaderboard import leaderboard
from ..naming import name_of
from ..schema import Failure, Leaderboard
from ..templating import render

MAX_ROWS = 100
"""On the page; all failures are in leaderboard.json."""
MAX_LOGS = 10
LOG_LINES = 20
LOG_BYTES = 64 << 10
"""More of a log's end is not looked at."""


@dataclass(frozen=True, slots=True)
class LogEnd:
    """The last lines of a failed trial's log."""

    name: str
    text: str


def section(board: Board, folder: Path) -> ReportSection | None:  # noqa: ARG001 - draws nothing
    """List failed trials; None if all are complete."""
    table = leaderboard(board)
    if not table.failures:
        return None
    grid = failures_grid(table)
    failed = [trial for trial in board.trials if trial.record.status == "failed"]
    values = {
        "grid": html(grid),
        "left_out": len(table.failures) - len(grid.rows),
        "logs": [log for trial in failed[:MAX_LOGS] if (log := _log(trial, name_of(trial, board)))],
    }
    return ReportSection(html=render("failures.html", values), markdown=markdown(grid))


def failures_grid(table: Leaderboard) -> Grid:
    """Lay out a row per failed trial."""
    return Grid(
        caption=f"Failed trials on {table.title}",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="Seed"),
            Column(title="Reason", numeric=False),
            Column(title="Fingerprint", numeric=False),
        ),
        rows=tuple(_row(failure) for failure in table.failures[:MAX_ROWS]),
    )


def _row(failure: Failure) -> tuple[Cell, ...]:
    return (
        Cell(text=failure.model, order=failure.model.lower()),
        Cell(text=str(failure.seed), order=failure.seed),
        Cell(text=failure.reason, order=failure.reason.lower()),
        Cell(text=failure.fingerprint[:12], order=failure.fingerprint, code=True),
    )


def _log(trial: Trial, name: str) -> LogEnd | None:
    """Read the end of a trial's log, if it left one of its own."""
    folder = TrialFolder(trial.folder)
    if not folder.log.is_symlink() and not folder.log.exists():
        return None
    try:
        with open_regular(folder.own(folder.log), StoreError) as file:
            size = file.seek(0, SEEK_END)
            file.seek(max(0, size - LOG_BYTES))
            lines = file.read(LOG_BYTES).decode("utf-8", errors="replace").splitlines()
    except EmsegError as error:
        lines = [str(error)]
    text = printable("\n".join(lines[-LOG_LINES:]), lines=True)
    return LogEnd(f"{name}, seed {trial.record.spec.seed}", text) if text else None
