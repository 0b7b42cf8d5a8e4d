"""How a board's models are used: the command that segments new data with each."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..benchmark.contracts.reporting import Board
from ..benchmark.files.printable import printable
from ..benchmark.trials.trial_names import model_name
from .grid import escape_markdown
from .schema import Leaderboard

FOLDER: Final = "results"
"""What the results folder is called unless a user says otherwise; the page knows where it lies."""
TITLE: Final = "Segment new data with a model of this board"
HINT: Final = (
    "IMAGES is a file or folder of images, a volume, or file.h5:/raw. The seed with the best validation "
    "score is taken; --seeds all averages the probabilities of all seeds."
)
ELSEWHERE: Final = f"If the results folder is not called {FOLDER}, or lies elsewhere, put its path there."


@dataclass(frozen=True, slots=True)
class Use:
    """A row, and the command that segments new data with its model."""

    row: str
    command: str


def uses(board: Board, table: Leaderboard) -> list[Use]:
    """Give a command per row that has trained something, in the table's order."""
    names = {trial.record.fingerprint: model_name(trial.record) for trial in board.complete}
    return [
        Use(row.model, _command(name))
        for row in table.rows
        if row.seeds
        for name in (f"{FOLDER}:{names[row.seeds[0].fingerprint]}",)
    ]


def _command(name: str) -> str:
    words = ["emseg-bench", "predict", "IMAGES", "--model", printable(name), "--out", "segmented"]
    return shlex.join(words)


def about_uses(found: Sequence[Use]) -> dict[str, object]:
    """Give what ``uses.html`` shows."""
    return {"uses": found, "title": TITLE, "hint": HINT, "elsewhere": ELSEWHERE, "folder": FOLDER}


def uses_markdown(found: Sequence[Use]) -> str:
    """Write the commands for ``leaderboard.md``; empty if there are none."""
    if not found:
        return ""
    blocks = [f"{escape_markdown(one.row)}:\n\n    {one.command}" for one in found]
    return "\n\n".join([f"{TITLE}. {escape_markdown(f'{HINT} {ELSEWHERE}')}", *blocks])
