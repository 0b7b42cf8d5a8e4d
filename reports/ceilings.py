"""Where not even the truth has a perfect score, so that no model can be expected to."""

from __future__ import annotations

from collections.abc import Iterator

from ..benchmark.contracts.records import MetricSpec
from ..benchmark.contracts.reporting import Board, Trial
from .common_ground import ground_of
from .scores import scores_of
from .wording import listing, metric_title, score

FAR = 0.1
"""From a perfect score: more is no matter of a few pixels."""


def ceilings(board: Board, trial: Trial) -> Iterator[str]:
    """Say which metrics of objects the truth, taken apart as predictions are, is far from perfect by.

    Args:
        board: With the scores of predictions that look at no image.
        trial: One of its complete ones.
    """
    spec = trial.record.spec
    metrics = [metric for metric in spec.metrics if metric.of_objects]
    if board.sanity is None or not metrics or board.sanity.empty:
        return
    last = board.sanity["predictor"].iloc[-1]  # the truth
    truth = ground_of(board).on(board.sanity[board.sanity["predictor"] == last].assign(trial=0))
    overall = scores_of(truth, skips_undefined=spec.protocol.skips_undefined).overall
    values = dict(zip(overall["metric"].astype(str), overall["value"], strict=True))
    far = [
        metric for metric in metrics if abs(values.get(metric.name, perfect(metric)) - perfect(metric)) > FAR
    ]
    if far:
        told = listing([f"{metric_title(one)} {score(values[one.name], one.unit)}" for one in far])
        ranks = ", the metric that ranks" if board.primary.name in {one.name for one in far} else ""
        decoders = {one.record.spec.decoder for one in board.trials if one.record.spec.decoder}
        taken = (
            "label maps are taken apart into connected components, but for models whose objects are found by "
            f"{listing(sorted(decoders))}: of the others these scores say little."
            if decoders
            else "label maps are taken apart into connected components: these scores say little about models."
        )
        yield (
            f"The truth itself is far from perfect here: {told}{ranks}. True objects touch or lie in pieces, "
            f"and {taken}"
        )


def perfect(metric: MetricSpec) -> float:
    """Return the best value that there is."""
    return 1.0 if metric.direction == "higher" else 0.0
