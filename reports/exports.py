"""The leaderboard for machines: ``leaderboard.json`` (everything) and ``leaderboard.csv`` (flat)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

import pandas as pd
from pydantic import TypeAdapter

from ..benchmark.contracts.cards import ReportSectionCard
from ..benchmark.contracts.errors import StoreError
from ..benchmark.contracts.reporting import Board, LeftOut, Trial
from ..benchmark.files import texts
from ..benchmark.files.hashing import sha256_of
from ..benchmark.files.printable import printable_json
from ..benchmark.files.spreadsheets import csv_of
from ..benchmark.files.validation import plain
from .across.schema import Across
from .columns import csv_columns
from .divisions.schema import Divisions
from .label_efficiency.schema import LabelEfficiency
from .schema import Leaderboard
from .verdicts.schema import Comparison, Verdicts

_INNERMOST: Final = re.compile(r"[\[{][^\[\]{}]*[\]}]")
_BREAK: Final = re.compile(r"\n *")
FORMAT_VERSION: Final = 2
"""Of ``leaderboard.json``; a report in another one is made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardFile:
    """What ``leaderboard.json`` holds."""

    version: Literal[2] = 2
    """Of this format."""
    generated: str
    emseg_bench: str
    """Version of the program that wrote it."""
    boards: tuple[Leaderboard, ...]
    across: tuple[Across, ...] = ()
    """Tables over data sets; empty where no two boards compare, and in older files."""
    divisions: tuple[Divisions, ...] = ()
    """Closed and open boards of the same data; empty where no models stand on both, and in older files."""
    label_efficiency: tuple[LabelEfficiency, ...] = ()
    """Boards that differ in their labels alone; empty where there are none, and in older files."""
    left_out: tuple[LeftOut, ...] = ()
    """Trials that could not be read."""
    shown: str = ""
    """Hash of which trials are in it and what was known of them; empty in older files."""


def shown(
    boards: Iterable[Board],
    left_out: Iterable[LeftOut],
    sections: Iterable[ReportSectionCard] = (),
    version: str = "",
) -> str:
    """Name what a report is made from and by, so that it is made anew when that is no longer the same."""
    told = [
        [
            *(board.title, board.superseded, board.remarks, board.margin, [*map(_told, board.trials)]),
            *([[*map(plain, board.studies)]] if board.studies else []),
        ]
        for board in boards
    ]
    by = [version, sorted([card.name, card.title, card.order, _factory(card)] for card in sections)]
    return sha256_of([FORMAT_VERSION, told, [[item.trial, item.reason] for item in left_out], by])


def _told(trial: Trial) -> list[object]:
    record = trial.record
    scores = "" if record.files else sha256(trial.cases.to_csv().encode()).hexdigest()  # an older record
    return [record.fingerprint, record.finished, trial.outdated, dict(record.files), scores]


def _factory(card: ReportSectionCard) -> str:
    factory = card.factory
    return factory if isinstance(factory, str) else f"{factory.__module__}:{factory.__qualname__}"


def write_json(path: Path, content: LeaderboardFile) -> None:
    """Write everything that the page's numbers come from; a missing number is null.

    What holds nothing else, such as a pair of models, stands on one line: a hundred models have 4,950 pairs.
    """
    document = TypeAdapter(LeaderboardFile).dump_json(content, indent=1).decode()
    compact = _INNERMOST.sub(lambda found: _BREAK.sub("", found[0]), document)  # texts have no line breaks
    path.write_text(printable_json(compact), encoding="utf-8")


def read_json(path: Path) -> LeaderboardFile:
    """Read ``leaderboard.json`` back.

    Raises:
        StoreError: It is no JSON, or cannot be read.
        pydantic.ValidationError: The file is not one, or of another version.
    """
    return TypeAdapter(LeaderboardFile).validate_python(texts.read_json(path, StoreError))


def write_csv(path: Path, boards: Sequence[Leaderboard]) -> None:
    """Write `leaderboard_frame` as CSV; a missing number is empty."""
    path.write_text(csv_of(leaderboard_frame(boards)), encoding="utf-8", newline="")


def leaderboard_frame(boards: Iterable[Leaderboard]) -> pd.DataFrame:
    """Give a row per board and model; units are in the column names.

    Classes are numbered by label value (``class_1_name``, ``class_1_score_mean``, ...), since boards
    may differ in theirs.
    """
    lines = [
        {column.key: column.value(row) for column in columns}
        for board in boards
        for columns in (csv_columns(board),)
        for row in board.rows
    ]
    return pd.DataFrame(lines)


def write_comparisons(path: Path, boards: Sequence[Leaderboard], across: Sequence[Across]) -> None:
    """Write `comparisons_frame` as CSV, where there is any pair."""
    table = comparisons_frame(boards, across)
    if len(table):
        path.write_text(csv_of(table), encoding="utf-8", newline="")


def comparisons_frame(boards: Sequence[Leaderboard], across: Sequence[Across]) -> pd.DataFrame:
    """Give a row per board (or table over data sets), metric and pair: who is better, and how surely."""
    verdicts = [(one.title, one.verdicts) for one in across if one.verdicts]
    verdicts += [(board.title, found) for board in boards for found in board.all_verdicts]
    tables = [_pairs(title, found) for title, found in verdicts if found.comparisons]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _pairs(board: str, verdicts: Verdicts) -> pd.DataFrame:
    columns = [item.name for item in fields(Comparison)]
    table = pd.DataFrame({name: [getattr(one, name) for one in verdicts.comparisons] for name in columns})
    told = {"board": board, "metric": verdicts.metric, "scope": verdicts.scope.phrase}
    names = dict(enumerate(verdicts.names))
    model, other = table.pop("one").map(names), table.pop("other").map(names)
    verdict = table.pop("verdict").fillna("open")
    return pd.DataFrame({**told, "model": model, "verdict": verdict, "other": other}).join(
        table.rename(columns={"value": "better_by"})
    )
