"""Studies as CSV: a line per tuning trial, and one per setting whose importance is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from ...benchmark.files.spreadsheets import csv_of
from ..publishing import IMPORTANCE, TUNING
from ..schema import Leaderboard
from .schema import StudySummary
from .wording import described


def write_csv(folder: Path, boards: Sequence[Leaderboard]) -> None:
    """Write ``tuning.csv`` and ``importance.csv``; neither where there is nothing to tell."""
    studies = [(board.title, one) for board in boards for one in board.studies]
    trials = [line for title, one in studies for line in _trials(title, one)]
    shares = [
        {"board": title, "model": one.model, "setting": item.setting, "share": item.share}
        for title, one in studies
        for item in one.importance
    ]
    for name, lines in ((TUNING, trials), (IMPORTANCE, shares)):
        if lines:
            text = csv_of(pd.DataFrame(lines, dtype=object))
            (folder / name).write_text(text, encoding="utf-8", newline="")


def _trials(board: str, one: StudySummary) -> Iterator[dict[str, object]]:
    """Give a line per trial, with what is expected of so many."""
    study = one.study
    for trial, best in zip(study.tried, one.expected, strict=True):
        yield {
            "board": board,
            "model": one.model,
            "study": study.name,
            "trial": trial.number,
            "state": trial.state,
            "chosen": trial.number in study.best,
            "validation": trial.validation,
            **dict.fromkeys(goal.name for goal in study.goals[1:]),
            **dict(zip((goal.name for goal in study.goals[1:]), trial.values[1:], strict=False)),
            "seconds": trial.seconds,
            "trials_spent": best.trials,
            "best_so_far": best.so_far,
            "expected_best": best.mean,
            "expected_best_low": best.low,
            "expected_best_high": best.high,
            "setting": described(trial.setting),
        }
