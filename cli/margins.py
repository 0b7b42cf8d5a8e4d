"""``--margin`` and ``--resolve``: differences of scores that matter to who asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ..benchmark.contracts.errors import UsageError
from ..benchmark.files.numbers import decimal
from ..benchmark.files.printable import brief

if TYPE_CHECKING:
    from ..benchmark.contracts.records import MetricSpec, TrialSpec
    from ..benchmark.trials.boards import Stored

MarginOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER",
        help="Name the cheapest model that is at most so much worse than the leader, in units of the metric "
        "that ranks: 0.01.",
    ),
]
ResolveOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER",
        help="With --dry-run: say how many seeds and test cases it takes to find so large a difference, in "
        "units of the metric that ranks: 0.02.",
    ),
]


def read_difference(option: str, text: str | None) -> float | None:
    """Read a difference of scores, the value of an option.

    Raises:
        UsageError: It is no number above 0.
    """
    if text is None:
        return None
    try:
        found = decimal(text)
    except ValueError:
        found = 0.0
    if found <= 0:
        raise UsageError(
            f"got {option} {brief(text)}, expected a number above 0 in units of the metric that ranks, such "
            "as 0.01."
        )
    return found


def check_difference(option: str, found: float | None, metrics: Iterable[MetricSpec]) -> None:
    """Refuse a difference that no two scores can have.

    Args:
        option: Whose value it is.
        found: What was asked for.
        metrics: The ones that rank.

    Raises:
        UsageError: It is as large as the whole range of a ratio.
    """
    for metric in metrics:
        if found is not None and metric.unit == "1" and found >= 1:
            raise UsageError(
                f"got {option} {found:g}, but boards are ranked by {metric.name}, a ratio, of which 1 is "
                "the whole range; 0.01 is one hundredth of it."
            )


def ranking_metrics(trials: Iterable[TrialSpec]) -> list[MetricSpec]:
    """Return the metrics that rank planned trials, each once."""
    found = {
        metric.name: metric
        for spec in trials
        for metric in spec.metrics
        if metric.name == spec.protocol.primary
    }
    return list(found.values())


def with_margin(stored: Stored, margin: float | None) -> Stored:
    """Have all boards say which model is good enough by a margin."""
    return replace(stored, boards=[replace(board, margin=margin) for board in stored.boards])
