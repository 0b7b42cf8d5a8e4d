"""``--margin``: how much worse a model may be than the leader and still be good enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

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
EXAMPLE: Final = "expected a number above 0 in units of the metric that ranks, such as 0.01"


def read_margin(text: str | None) -> float | None:
    """Read a margin.

    Raises:
        UsageError: It is no number above 0.
    """
    if text is None:
        return None
    try:
        margin = decimal(text)
    except ValueError:
        raise UsageError(f"got --margin {brief(text)}, {EXAMPLE}.") from None
    if margin <= 0:
        raise UsageError(f"got --margin {brief(text)}, {EXAMPLE}.")
    return margin


def check_margin(margin: float | None, metrics: Iterable[MetricSpec]) -> None:
    """Refuse a margin that lets everything pass.

    Args:
        margin: What was asked for.
        metrics: The ones that rank.

    Raises:
        UsageError: It is as large as the whole range of a ratio.
    """
    for metric in metrics:
        if margin is not None and metric.unit == "1" and margin >= 1:
            raise UsageError(
                f"got --margin {margin:g}, but boards are ranked by {metric.name}, a ratio, of which 1 is "
                "the whole range; a margin of 0.01 is one hundredth of it."
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
