"""The leaderboard's columns: what each is called and says about a row, and which of them an output shows.

The page, its Markdown, ``leaderboard.csv`` and the terminal are all written from this table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final

from .cells import (
    behind_cell,
    class_cell,
    dots_cell,
    mean_cell,
    measured_cell,
    model_cell,
    rank_cell,
    seed_range,
    seeds_cell,
    stacked,
)
from .claims import standing
from .column import BoardColumn, plain
from .cost import Conditions
from .footnotes import letter
from .grid import Cell
from .schema import Leaderboard, Row
from .tuning.columns import tuned_columns
from .wording import metric_heading, number, score

MAX_CLASSES: Final = 5
"""With more foreground classes, the page leaves per-class scores to the table of all metrics."""
CLASSES: Final = "class_*_score_mean"
SCORES: Final = (
    *("rank", "model", "score_mean", "seed_scores", "seeds_complete"),
    *(CLASSES, "behind_first", "pooled_iou_mean"),
)
"""The first table of page and Markdown, in this order."""
COSTS: Final = (
    *("rank", "model", "score_mean", "parameters_m", "trainable_parameters_m", "optimiser_state_mib"),
    *("gflops", "latency_p50_ms", "latency_p95_ms", "throughput_images_per_s", "peak_memory_mib"),
    *("train_seconds", "train_images_per_s", "trial_joules", "inference_joules", "measured_as"),
)
"""The second one."""
TUNING: Final = (
    *("rank", "model", "score_mean", "validation_mean", "tuning_best"),
    *("tuning_budget", "tuning_trials", "tuning_hours"),
)
"""The third one, of the open division."""
ENERGY: Final = ("trial_joules", "inference_joules")
"""Shown where the hardware counted it."""
PARTLY: Final = ("trainable_parameters_m", "optimiser_state_mib")
"""Shown in a wide terminal, and the second on the page, where some row does not train all of its network."""
NARROW: Final = (
    *("rank", "model", "score_mean"),
    *("parameters_m", "latency_p50_ms", "peak_memory_mib", "train_seconds"),
)
"""In a terminal of few columns."""
WIDE: Final = (*NARROW[:3], "behind_first", "pooled_iou_mean", CLASSES, *NARROW[3:])
OPEN_NARROW: Final = (*NARROW[:3], "validation_mean", "tuning_budget", "tuning_hours")
OPEN_WIDE: Final = (*WIDE[:4], *TUNING[3:], "tuning_setting", "latency_p50_ms")
"""On a board of the open division."""


def score_columns(table: Leaderboard) -> list[BoardColumn]:
    """Choose what the page says about each model's score and how sure it is."""
    several = any(len(row.seeds) > 1 for row in table.rows)
    few = 2 <= len(table.foreground) <= MAX_CLASSES
    hidden = {*(() if several else ("seed_scores",)), *(() if few else (CLASSES,))}
    return _chosen(table, [key for key in SCORES if key not in hidden])


def cost_columns(table: Leaderboard) -> list[BoardColumn]:
    """Choose what the page says about each model's cost, its score beside it."""
    unlike = () if len(table.conditions) > 1 else ("measured_as",)
    unknown = (key for key in ENERGY if not any(getattr(row.cost, key, None) for row in table.rows))
    hidden = {*unlike, *unknown, *(() if _trains_partly(table) else PARTLY[1:])}
    return _chosen(table, [key for key in COSTS if key not in hidden])


def tuning_columns(table: Leaderboard) -> list[BoardColumn]:
    """Choose what the page says about how each model was tuned: nothing of the closed division."""
    return _chosen(table, TUNING if table.division == "open" else ())


def csv_columns(table: Leaderboard) -> list[BoardColumn]:
    """Give what CSV holds: all that is known of a row."""
    return [column for column in _columns(table) if column.in_csv]


def terminal_columns(table: Leaderboard, *, wide: bool) -> list[BoardColumn]:
    """Choose what the terminal shows."""
    if table.division == "open":
        return _chosen(table, OPEN_WIDE if wide else OPEN_NARROW)
    keys = WIDE if wide else NARROW
    if wide and _trains_partly(table):
        keys = (*keys, *PARTLY)
    return _chosen(table, keys if len(table.foreground) > 1 else [key for key in keys if key != CLASSES])


def _trains_partly(table: Leaderboard) -> bool:
    """Tell whether some row does not train all of its network."""
    costs = [row.cost for row in table.rows if row.cost]
    return any(one.trainable_parameters_m != one.parameters_m for one in costs)


def terminal_row(row: Row, columns: Sequence[BoardColumn]) -> dict[str, str]:
    """Write a row as the terminal shows it: of classes, which may be many, the mean alone."""
    cells = [(column, column.cell(row)) for column in columns]
    return {
        column.short: cell.text if column.group or not cell.tail else f"{cell.text} {cell.tail}"
        for column, cell in cells
    }


def _chosen(table: Leaderboard, keys: Sequence[str]) -> list[BoardColumn]:
    known = list(_columns(table))
    return [column for key in keys for column in known if fnmatchcase(column.key, key)]


def _columns(table: Leaderboard) -> Iterator[BoardColumn]:
    """Give all columns, in the order of CSV."""
    yield plain("board", lambda _: table.title)
    yield plain("dataset", lambda _: table.dataset)
    yield plain("label_fraction", lambda _: table.label_fraction)
    yield plain("labelled_images", lambda _: table.labelled_images)
    yield plain("recipe", lambda _: table.recipe)
    yield plain("protocol", lambda _: table.protocol)
    yield plain("division", lambda _: table.division)
    yield from _who()
    yield plain("metric", lambda _: table.metric.name)
    yield plain("metric_unit", lambda _: table.metric.unit)
    yield plain("metric_direction", lambda _: table.metric.direction)
    yield from _scores(table)
    if table.division == "open":
        yield from tuned_columns(table)
    yield from _costs()
    yield from _conditions(table)
    for place, label in enumerate(label for label in table.scoring.classes if label > 0):
        yield from _class(table, place, label)


def _who() -> Iterator[BoardColumn]:
    model = plain("model", lambda row: row.model)
    model = replace(model, title="Model", short="model", cell=model_cell, numeric=False, row_header=True)
    yield model
    yield plain("family", lambda row: row.family)
    yield plain("initialisation", lambda row: row.initialisation)
    yield plain("identity", lambda row: row.identity)
    yield plain("own_recipe", lambda row: row.own_recipe or None)
    rank = plain("rank", lambda row: row.rank and row.rank.best)
    yield replace(rank, title="Rank", short="rank", cell=rank_cell)
    yield plain("rank_worst", lambda row: row.rank and row.rank.worst)
    yield plain("tied_with", lambda row: "; ".join(row.tied_with))


def _scores(table: Leaderboard) -> Iterator[BoardColumn]:
    unit, heading = table.metric.unit, metric_heading(table.metric)
    low, high = seed_range(table)
    intervals = any(row.behind_first and row.behind_first.low is not None for row in table.rows)
    yield BoardColumn(
        key="score_mean",
        title=f"Mean {heading}",
        unit="± SD over seeds",
        short=f"mean\n{heading}",
        value=lambda row: row.score.mean.mean,
        cell=lambda row: mean_cell(row.score, unit),
    )
    yield plain("score_sd", lambda row: row.score.mean.sd)
    yield plain("seeds_scored", lambda row: row.score.mean.seeds)
    yield BoardColumn(
        key="seed_scores",
        title="Single seeds",
        unit=f"{score(low, unit)} to {score(high, unit)}" if table.scored else "",
        value=lambda row: [seed.score for seed in row.seeds],
        cell=lambda row: dots_cell(row, low, high, unit),
        numeric=False,
        page_only=True,
        in_csv=False,
    )
    yield BoardColumn(
        key="seeds_complete", title="Seeds", value=lambda row: len(row.seeds), cell=seeds_cell, short="seeds"
    )
    yield plain("seeds_planned", lambda row: row.seeds_planned)
    yield plain("cases_compared", lambda _: table.ground and table.ground.common)
    yield plain("cases_known", lambda _: table.ground and table.ground.known)
    yield BoardColumn(
        key="behind_first",
        title="Behind the first",
        unit="95 % interval" if intervals else "",
        short="behind\nthe first",
        value=lambda row: row.behind_first and row.behind_first.value,
        cell=lambda row: behind_cell(row, table),
    )
    yield plain("behind_first_low", lambda row: row.behind_first and row.behind_first.low)
    yield plain("behind_first_high", lambda row: row.behind_first and row.behind_first.high)
    yield plain("behind_first_p", lambda row: row.behind_first and row.behind_first.p)
    yield plain("standing", lambda row: standing(table, row.behind_first) if row.rank else None)
    yield plain("claimed", lambda _: table.verdicts and table.verdicts.scope.phrase)
    yield BoardColumn(
        key="pooled_iou_mean",
        title="Pooled IoU",
        unit="± SD",
        short="pooled\nIoU",
        value=lambda row: row.pooled_iou.mean.mean,
        cell=lambda row: stacked(mean_cell(row.pooled_iou, "1")),
    )
    yield plain("pooled_iou_sd", lambda row: row.pooled_iou.mean.sd)


def _costs() -> Iterator[BoardColumn]:
    yield _cost("seeds", key="cost_seeds")
    yield _cost("parameters_m", "Parameters", "M", short="params\n(M)")
    yield _cost("gflops", "GFLOPs", "per image")
    yield from _spread("latency_p50_{}_ms", "Latency p50", "ms", short="latency\n(ms)")
    yield _cost("latency_p95_ms", "Latency p95", "ms")
    yield from _spread("throughput_{}_images_per_s", "Throughput", "images/s")
    yield from _spread("peak_memory_{}_mib", "Peak memory", "MiB", digits=4, short="memory\n(MiB)")
    yield from _spread("train_{}_seconds", "Training", "s", short="training\n(s)")
    yield _cost("train_images_per_s", "Training speed", "images/s")
    yield from _spread("trial_{}_joules", "Energy of a trial", "J")
    yield from _spread("inference_{}_joules", "Energy of an image", "J")
    yield _cost("compile_seconds", "Compiling", "s")
    yield _cost("validation_seconds", "Validation", "s")
    yield _cost("test_seconds", "Test", "s")
    yield _cost("trainable_parameters_m", "Trainable", "M", short="trainable\n(M)")
    yield _cost("optimiser_state_mib", "Optimiser", "MiB", short="optimiser\n(MiB)")
    yield plain("others_share", lambda row: row.cost and row.cost.others_share)
    yield plain("contradiction", lambda row: row.cost and (row.cost.contradiction or None))


def _spread(
    pattern: str, title: str, unit: str, *, digits: int = 3, short: str = ""
) -> Iterator[BoardColumn]:
    """Make the columns of a number with its spread over repeats and seeds, which people see below it.

    Args:
        pattern: Of the names in `Cost`, with a gap for ``low`` and ``high``, or nothing.
        title: Of the column that people see.
        unit: In its second line.
        digits: Significant ones.
        short: Its title in the terminal.
    """
    names = [pattern.format(gap).replace("__", "_") for gap in ("", "low", "high")]
    column = _cost(names[0], title, unit, digits=digits, short=short)

    def cell(row: Row) -> Cell:
        low, high = (number(getattr(row.cost, name, None), digits) for name in names[1:])
        return replace(column.cell(row), below=(f"{low} to {high}",) if low != high else ())

    yield replace(column, cell=cell)
    yield plain(names[1], lambda row: getattr(row.cost, names[1], None))
    yield plain(names[2], lambda row: getattr(row.cost, names[2], None))


def _conditions(table: Leaderboard) -> Iterator[BoardColumn]:
    def known(name: str, row: Row) -> object:
        value = None if row.cost is None else getattr(table.conditions[row.cost.condition], name)
        return "x".join(map(str, value)) if isinstance(value, tuple) else value

    yield BoardColumn(
        key="measured_as",
        title="Measured",
        unit="see below",
        value=lambda row: row.cost and letter(row.cost.condition),
        cell=measured_cell,
        numeric=False,
        in_csv=False,
    )
    for item in fields(Conditions):
        yield plain(item.name, partial(known, item.name))


def _class(table: Leaderboard, place: int, label: int) -> Iterator[BoardColumn]:
    name, unit, key = table.class_names[label], table.metric.unit, f"class_{label}"
    taken = name in table.class_names[:label] or name in ("rank", "model")
    yield plain(f"{key}_name", lambda _: name)
    yield BoardColumn(
        key=f"{key}_score_mean",
        title=name,
        group=f"{metric_heading(table.metric)} by class",
        short=f"{name}\n(class {label})" if taken else name,
        value=lambda row: row.score.foreground[place].score.mean,
        cell=lambda row: stacked(class_cell(row.score.foreground[place], unit)),
    )
    yield plain(f"{key}_score_sd", lambda row: row.score.foreground[place].score.sd)
    yield plain(f"{key}_applicable_cases", lambda row: row.score.foreground[place].applicable)
    yield plain(f"{key}_cases", lambda row: row.score.foreground[place].cases)
    for what in ("pixels", "hits", "cases"):
        yield plain(f"{key}_unfounded_{what}", partial(_unfounded, label, what))
    yield plain(f"{key}_pooled_iou_mean", lambda row: row.pooled_iou.foreground[place].score.mean)
    yield plain(f"{key}_pooled_iou_sd", lambda row: row.pooled_iou.foreground[place].score.sd)


def _unfounded(label: int, what: str, row: Row) -> int | None:
    return next((getattr(item, what) for item in row.unfounded if item.class_index == label), None)


def _cost(
    name: str, title: str = "", unit: str = "", *, digits: int = 3, short: str = "", key: str = ""
) -> BoardColumn:
    """Make a column of one number of `Cost`, shown with so many significant digits."""

    def value(row: Row) -> Any:
        return getattr(row.cost, name, None)

    def cell(row: Row) -> Cell:
        return Cell(text=number(value(row), digits), order=value(row))

    return BoardColumn(key=key or name, title=title, unit=unit, short=short, value=value, cell=cell)
