"""Tables over data sets as CSV: a line per model and data set, and one for each model over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from ...benchmark.files.spreadsheets import csv_of
from ..verdicts.schema import Comparison
from .schema import Across, AcrossRow, ComparedSet, OnSet


def write_csv(path: Path, tables: Sequence[Across]) -> None:
    """Write all tables; nothing is written where there is none.

    In the lines over all data sets ``dataset`` is empty; a missing number is empty as well.
    """
    lines = [line for across in tables for line in _lines(across)]
    if lines:
        path.write_text(csv_of(pd.DataFrame(lines, dtype=object)), encoding="utf-8", newline="")


def _lines(across: Across) -> Iterator[dict[str, object]]:
    for place, row in enumerate(across.rows):
        shared = {
            "table": across.title,
            "recipe": across.recipe,
            "protocol": across.protocol,
            "label_fraction": across.label_fraction,
            "labelled_images": across.labelled_images,
            "metric": across.metric.name,
            "metric_unit": across.metric.unit,
            "metric_direction": across.metric.direction,
            "model": row.model,
            "identity": row.identity,
        }
        yield shared | _over_all(across, place, row)
        yield from (shared | _on(one, on) for one, on in zip(across.sets, row.sets, strict=True))


def _over_all(across: Across, place: int, row: AcrossRow) -> dict[str, object]:
    found = across.verdicts.between(0, place) if across.verdicts and place else None
    return {
        "dataset": "",
        "datasets": len(across.sets),
        "rank_best": row.placed.best,
        "rank_worst": row.placed.worst,
        "score_mean": row.mean,
        "score_sd": None,
        "seeds": None,
        "mean_place": row.mean_place,
        **_behind(found),
        "p_holm": found.p if found else None,
        "wins": row.wins,
        "ties": row.ties,
        "losses": row.losses,
    }


def _on(one: ComparedSet, on: OnSet) -> dict[str, object]:
    return {
        "dataset": one.dataset,
        "score_mean": on.score.mean,
        "score_sd": on.score.sd,
        "seeds": on.score.seeds,
        "mean_place": on.place,
        **_behind(on.behind_first),
    }


def _behind(found: Comparison | None) -> dict[str, object]:
    return {
        "behind_first": found.value if found else None,
        "behind_first_low": found.low if found else None,
        "behind_first_high": found.high if found else None,
        "told_apart": None if found is None else found.verdict is not None,
    }
