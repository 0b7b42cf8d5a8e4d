"""What a reader must know about the cases, classes and seeds that rows are compared on."""

from __future__ import annotations

from collections.abc import Iterator

from ..benchmark.contracts.reporting import Board
from ..benchmark.evaluation.aggregation import BACKGROUND
from .common_ground import CommonGround, ground_of
from .naming import name_of
from .schema import Leaderboard, Row, Unfounded
from .verdicts.contest import FEWEST_UNITS, several
from .wording import capitalised, listing, metric_title, plural


def ground_remarks(board: Board, table: Leaderboard) -> Iterator[str]:
    """Say of a board and its leaderboard what is not in everybody's mean: cases, classes, seeds."""
    ground = ground_of(board)
    if (ground.held < ground.known).any():
        yield _cases(ground, board, table)
    for label in ground.absent:
        if label != BACKGROUND and label in table.scoring.classes:
            yield _absent(label, ground, table)
    yield from _rare(table)
    yield from _undefined(table)
    if ground.uncommon:
        unit, names = table.scoring.unit, [metric_title(name) for name in ground.uncommon]
        yield (
            f"By {listing(names)} rows are not compared on the same {unit}s: each mean is over those where "
            "the metric applies to what the model predicted, and of some class it applies to every trial in "
            f"less than half of the {unit}s."
        )


def _cases(ground: CommonGround, board: Board, table: Leaderboard) -> str:
    unit = f"test {table.scoring.unit}"
    trials = list(zip(board.complete, ground.held.tolist(), ground.compared.tolist(), strict=True))
    texts = [
        (compared, f"{name_of(trial, board)}, seed {trial.record.spec.seed} ({held} of {ground.known})")
        for trial, held, compared in trials
        if held < ground.known
    ]
    short = [text for compared, text in texts if compared]
    out = [text for compared, text in texts if not compared]
    lacking = f"; fewer have {listing(short)}" if short else ""
    parts = [
        f"All rows are compared on the {ground.common} of {plural(ground.known, unit)} that every compared "
        f"trial has scores of{lacking}."
    ]
    if out:
        parts.append(f"Not compared, because less than half of the {unit}s have scores: {listing(out)}.")
    return " ".join(parts)


def _absent(label: int, ground: CommonGround, table: Leaderboard) -> str:
    name, unit = table.class_names[label], table.scoring.unit
    text = f"The truth of no test {unit} has {name}"
    if table.metric.name in ground.own_rule:
        return f"{text}; {metric_title(table.metric)} scores the class all the same, by its own rule."
    hits = [
        (row, item) for row in table.rows for item in row.unfounded if item.class_index == label and item.hits
    ]
    told = listing([f"{row.model} ({_unfounded_text(item, unit)})" for row, item in hits])
    return f"{text}, so {name} is in no mean; predicted all the same by {told or 'no model'}."


def _rare(table: Leaderboard) -> Iterator[str]:
    """Name the classes that leave the board without units."""
    if table.verdicts is None or not table.verdicts.scope.rare:
        return
    names = [table.class_names[label] for label in table.verdicts.scope.rare]
    others = several(table.verdicts.scope.noun)
    yield (
        f"Fewer than {FEWEST_UNITS} independent {others} (or groups of them) show {listing(names)}, so how "
        f"scores vary from one to the next cannot be known, and nothing is said about other {others}."
    )


def _unfounded_text(item: Unfounded, unit: str) -> str:
    """Write how much was predicted where the truth has none: ``1,204 px in 1 of 24 images``."""
    return f"{item.pixels:,} px in {item.hits} of {plural(item.cases, unit)}"


def _undefined(table: Leaderboard) -> Iterator[str]:
    """Count seeds whose score is undefined; a mean over the others may flatter."""
    rows = [row for row in table.rows if row.score.mean.seeds < len(row.seeds)]
    if not rows:
        return
    counts = [f"{row.model} in {_without(row)} of {plural(len(row.seeds), 'seed')}" for row in rows]
    mean = f"mean {metric_title(table.metric)} is undefined for {listing(counts)}"
    text = mean if table.scoring.skips_undefined else f"by the rule of {table.protocol}, {mean}"
    yield f"{capitalised(text)}: these seeds are in no mean, and a mean over the others alone may flatter."


def _without(row: Row) -> int:
    """Count the complete seeds of a row that have no score."""
    return len(row.seeds) - row.score.mean.seeds
