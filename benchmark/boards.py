"""From stored trials to boards: what may stand in one table, and what a newer trial replaces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
from pyarrow.parquet import ParquetFile

from .contracts import Board, Record, Trial
from .errors import StoreError
from .evaluation.scoring import to_frame, with_depth
from .experiment import describe
from .hashing import model_sha256, sha256_of
from .label_fraction import describe_fraction
from .records import load_record
from .store import Store, TrialFolder

Member: TypeAlias = tuple[Record, TrialFolder]

CURVE_COLUMNS = ["iteration", "series", "value"]


def load_boards(store: Store) -> list[Board]:
    """Read all records of a store and group them; the board with the newest record comes first.

    Raises:
        StoreError: A record or table is damaged.
    """
    groups: dict[str, list[Member]] = {}
    for folder in store.trials():
        record = load_record(folder)
        groups.setdefault(_group(record), []).append((record, folder))
    boards = [_board(members) for members in groups.values()]
    boards.sort(key=lambda board: max(trial.record.finished for trial in board.trials), reverse=True)
    return _distinguish(boards)


def _group(record: Record) -> str:
    """Name what all trials of one table have in common."""
    spec = record.spec
    metrics = {
        metric.name: [metric.version, dict(metric.options), metric.provider.distribution]
        for metric in spec.metrics
    }
    data = [spec.dataset.manifest_sha256, spec.label_fraction]
    return sha256_of([data, _nameless(asdict(spec.recipe)), _nameless(asdict(spec.protocol)), metrics])


def _nameless(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Leave the name of a preset out, as fingerprints do: the same settings are the same by any name."""
    return {key: value for key, value in settings.items() if key != "name"}


def _board(members: Sequence[Member]) -> Board:
    kept = _current(members)
    trials = [_trial(record, folder) for record, folder in kept]
    spec = trials[0].record.spec
    data = [spec.dataset.label, describe_fraction(spec.label_fraction)]
    settings = [describe(spec.recipe), spec.recipe.precision, describe(spec.protocol)]
    return Board(
        title=" · ".join(filter(None, [*data, *settings])),
        slug="",
        trials=tuple(sorted(trials, key=lambda trial: _place(trial.record))),
        superseded=len(members) - len(kept),
        primary=next(metric for metric in spec.metrics if metric.name == spec.protocol.primary),
        sanity=_sanity(kept),
    )


def _place(record: Record) -> tuple[str, str, int]:
    """Where a trial stands among those of its board."""
    model = record.spec.model
    return model.label, model_sha256(model), record.spec.seed


def _current(members: Iterable[Member]) -> list[Member]:
    """Keep the newest of each row and seed, and the result that a newer failure could not replace."""
    kept: dict[tuple[str, int], list[Member]] = {}
    for member in sorted(members, key=lambda member: member[0].finished):
        record = member[0]
        key = (model_sha256(record.spec.model), record.spec.seed)
        results = [] if record.status == "complete" else _complete(kept.get(key, []))
        kept[key] = [*results, member]
    return [member for group in kept.values() for member in group]


def _complete(members: Iterable[Member]) -> list[Member]:
    return [member for member in members if member[0].status == "complete"]


def _trial(record: Record, folder: TrialFolder) -> Trial:
    complete = record.status == "complete"
    cases = with_depth(_table(folder.cases)) if complete else to_frame([])
    curve = _table(folder.curve) if complete else pd.DataFrame(columns=CURVE_COLUMNS)
    return Trial(record, folder.path, cases, curve)


def _sanity(members: Iterable[Member]) -> pd.DataFrame | None:
    """Read one trial's sanity scores: those of the others are the same, for they see the same cases."""
    there = [folder.sanity for _, folder in _complete(members) if folder.sanity.exists()]
    return with_depth(_table(there[0])) if there else None


def _table(path: Path) -> pd.DataFrame:
    try:  # half the time of pandas.read_parquet, which sets up a dataset for each file
        table: pd.DataFrame = ParquetFile(path).read(use_threads=False).to_pandas()
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} is damaged ({error}); remove the folder {path.parent} and run again."
        ) from error
    return table


def _distinguish(boards: list[Board]) -> list[Board]:
    """Give each board a title and a file name of its own: equal names, other data or settings."""
    titles = [board.title for board in boards]
    named = []
    for number, board in enumerate(boards, start=1):
        data = board.trials[0].record.spec.dataset.manifest_sha256[:6]
        title = f"{board.title} (data {data})" if titles.count(board.title) > 1 else board.title
        slug = re.sub(r"[^a-z0-9]+", "-", board.title.lower()).strip("-")[:60]
        named.append(replace(board, title=title, slug=f"{number}-{slug}"))
    return named
