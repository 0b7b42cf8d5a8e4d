"""The leaderboard for machines: ``leaderboard.json`` (everything) and ``leaderboard.csv`` (flat)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import TypeAdapter

from ..benchmark.contracts.errors import StoreError
from ..benchmark.contracts.reporting import LeftOut
from ..benchmark.files import texts
from ..benchmark.files.spreadsheets import csv_of
from .cost import Conditions, Cost
from .schema import Leaderboard, Row

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardFile:
    """What ``leaderboard.json`` holds."""

    version: Literal[1] = 1
    """Of this format."""
    generated: str
    emseg_bench: str
    """Version of the program that wrote it."""
    boards: tuple[Leaderboard, ...]
    left_out: tuple[LeftOut, ...] = ()
    """Trials that could not be read."""


def write_json(path: Path, content: LeaderboardFile) -> None:
    """Write everything that the page's numbers come from; a missing number is null."""
    path.write_bytes(TypeAdapter(LeaderboardFile).dump_json(content, indent=1))


def read_json(path: Path) -> LeaderboardFile:
    """Read ``leaderboard.json`` back.

    Raises:
        StoreError: It is no JSON, or cannot be read.
        pydantic.ValidationError: The file is not one, or of another version.
    """
    return TypeAdapter(LeaderboardFile).validate_python(texts.read_json(path, StoreError))


def write_csv(path: Path, boards: Sequence[Leaderboard]) -> None:
    """Write a line per board and model; units are in the column names, a missing number is empty.

    Classes are numbered by label value (``class_1_name``, ``class_1_score_mean``, ...), since boards
    may differ in theirs.
    """
    lines = [_line(board, row) for board in boards for row in board.rows]
    path.write_text(csv_of(pd.DataFrame(lines)), encoding="utf-8", newline="")


Line = dict[str, object]


def _line(board: Leaderboard, row: Row) -> Line:
    return {
        "board": board.title,
        "dataset": board.dataset,
        "label_fraction": board.label_fraction,
        "recipe": board.recipe,
        "protocol": board.protocol,
        "model": row.model,
        "family": row.family,
        "initialisation": row.initialisation,
        "identity": row.identity,
        **_standing(row),
        "metric": board.metric.name,
        "metric_unit": board.metric.unit,
        "metric_direction": board.metric.direction,
        **_scores(row),
        **_cost(row.cost, board.conditions),
        **dict(_classes(row)),
    }


def _standing(row: Row) -> Line:
    return {
        "rank": row.rank.best if row.rank else None,
        "rank_worst": row.rank.worst if row.rank else None,
        "rank_certain": row.rank.certain if row.rank else None,
        "tied_with": "; ".join(row.tied_with),
    }


def _scores(row: Row) -> Line:
    behind = row.behind_leader
    return {
        "score_mean": row.score.mean.mean,
        "score_sd": row.score.mean.sd,
        "seeds_scored": row.score.mean.seeds,
        "seeds_complete": len(row.seeds),
        "seeds_planned": row.seeds_planned,
        "behind_leader": behind.value if behind else None,
        "behind_leader_low": behind.low if behind else None,
        "behind_leader_high": behind.high if behind else None,
        "pooled_iou_mean": row.pooled_iou.mean.mean,
        "pooled_iou_sd": row.pooled_iou.mean.sd,
    }


def _cost(cost: Cost | None, conditions: Sequence[Conditions]) -> Line:
    numbers = [item.name for item in fields(Cost) if item.name not in ("seeds", "condition")]
    known = [item.name for item in fields(Conditions)]
    if cost is None:
        return dict.fromkeys(("cost_seeds", *numbers, *known))
    line: Line = {"cost_seeds": cost.seeds}
    line |= {name: getattr(cost, name) for name in numbers}
    line |= asdict(conditions[cost.condition])
    line["input_shape"] = "x".join(map(str, conditions[cost.condition].input_shape))
    return line


def _classes(row: Row) -> Iterator[tuple[str, object]]:
    for score, pooled in zip(row.score.foreground, row.pooled_iou.foreground, strict=True):
        prefix = f"class_{score.class_index}"
        yield f"{prefix}_name", score.class_name
        yield f"{prefix}_score_mean", score.score.mean
        yield f"{prefix}_score_sd", score.score.sd
        yield f"{prefix}_applicable_cases", score.applicable
        yield f"{prefix}_cases", score.cases
        yield f"{prefix}_pooled_iou_mean", pooled.score.mean
        yield f"{prefix}_pooled_iou_sd", pooled.score.sd
