"""Scores that others have published, as data: read from ``published/*.yaml``, never mixed into ranks.

Each file is one table of one source, with who read what; each number says how it came about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import pandas as pd
from annotated_types import Ge, Le

from ..benchmark.contracts.basics import STRICT
from ..benchmark.contracts.errors import UsageError
from ..benchmark.files.spreadsheets import csv_of
from ..benchmark.files.texts import read_yaml
from ..benchmark.files.validation import validate
from .schema import Leaderboard, MetricScore, Row

FOLDER = Path(__file__).with_name("published")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where numbers were published, and what of it was read."""

    __pydantic_config__ = STRICT

    citation: str
    address: str
    """A doi, or where else it is found."""
    place: str
    """``Table 2``, ``abstract``, ..."""
    seen: str
    """Who read what: numbers that went through other hands say so."""
    protocol: str
    """How predictions were made and scored, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Scores of several methods on one dataset, by one metric."""

    __pydantic_config__ = STRICT

    dataset: str
    """Name of its card here."""
    metric: str
    """The metric here that computes the same; another name where there is none."""
    classes: str = "foreground"
    """Which classes the number is a mean over."""
    aggregation: str
    conditions: str
    """What a reader must know before comparing: training, split, labels."""
    scores: Mapping[str, Annotated[float, Ge(0), Le(1)]]
    """By method, under the file's short names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile(Source):
    """One file."""

    methods: Mapping[str, str]
    """Short names of this file, and what they stand for."""
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One number that stands beside a board."""

    method: str
    score: float
    result: Result
    source: Source


def references(dataset: str) -> tuple[Reference, ...]:
    """Give what is known of a dataset, by the name of its card: best first, by metric and classes."""
    found = [item for file in published() for item in _references(file) if item.result.dataset == dataset]
    kinds = list(dict.fromkeys((item.result.metric, item.result.classes) for item in found))
    return tuple(
        sorted(found, key=lambda item: (kinds.index((item.result.metric, item.result.classes)), -item.score))
    )


@cache
def published() -> tuple[PublishedFile, ...]:
    """Read all files."""
    return tuple(read(path) for path in sorted(FOLDER.glob("*.yaml")))


def read(path: Path) -> PublishedFile:
    """Read one file.

    Raises:
        UsageError: A key is missing, unknown or wrong, or a method has no description.
    """
    file = validate(PublishedFile, read_yaml(path, UsageError), path.name)
    named = {short for result in file.results for short in result.scores}
    if named != set(file.methods):
        odd = sorted(named ^ set(file.methods))
        raise UsageError(f"{path.name}: {odd[0]!r} stands in scores or in methods, expected in both.")
    return file


def best_here(table: Leaderboard, reference: Reference) -> tuple[Row, MetricScore] | None:
    """Give the row with the best mean of the same metric here; None where no row has it."""
    if reference.result.classes != "foreground":
        return None
    found = [
        (row, score)
        for row in table.rows
        for score in (row.score, *row.other_metrics)
        if score.metric == reference.result.metric and score.mean.mean is not None
    ]
    # published metrics are ratios of which more is better
    return max(found, key=lambda pair: pair[1].mean.mean or 0.0, default=None)


def write_csv(path: Path, boards: Sequence[tuple[str, Leaderboard]]) -> None:
    """Write what was published on the boards' datasets, a line per number; nothing if there is none.

    Args:
        path: The file.
        boards: The names of their datasets' cards, and their tables.
    """
    lines = [_line(table, item) for dataset, table in boards for item in references(dataset)]
    if lines:
        path.write_text(csv_of(pd.DataFrame(lines)), encoding="utf-8", newline="")


def _references(file: PublishedFile) -> Iterator[Reference]:
    for result in file.results:
        for short, score in result.scores.items():
            yield Reference(method=file.methods[short], score=score, result=result, source=file)


def _line(table: Leaderboard, item: Reference) -> dict[str, object]:
    best = best_here(table, item)
    result = asdict(item.result)
    source = {name: getattr(item.source, name) for name in Source.__dataclass_fields__}
    return {
        "board": table.title,
        "method": item.method,
        "published_score": item.score,
        **{name: value for name, value in result.items() if name != "scores"},
        **source,
        "best_model_here": best[0].model if best else None,
        "best_score_here": best[1].mean.mean if best else None,
    }
