"""The cards of the metrics that follow from confusion counts."""

from __future__ import annotations

from ..contracts.cards import MetricCard
from .card_words import AGGREGATION, LEFT_OUT, METRICS_RELOADED


def _card(
    name: str,
    description: str,
    empty_rule: str,
    reference: str,
    *,
    title: str | None = None,
    symmetric: bool = False,
) -> MetricCard:
    return MetricCard(
        name=name,
        title=title,
        description=description,
        factory=f"{__package__}.metrics:{name}",
        symmetric=symmetric,
        ms_per_megapixel=COUNTED,
        aggregation=AGGREGATION,
        empty_rule=empty_rule,
        version=1,
        reference=f"{reference}; {METRICS_RELOADED}",
    )


COUNTED = 0.0
"""These cost nothing beside the counts, which are made in any case."""

CARDS = (
    _card(
        "iou",
        "Intersection over union of true and predicted pixels: TP / (TP + FP + FN)",
        f"Class absent from both truth and prediction: {LEFT_OUT}. Absent from one of them: 0.",
        "Jaccard 1912, doi 10.1111/j.1469-8137.1912.tb05611.x",
        title="IoU",
        symmetric=True,
    ),
    _card(
        "dice",
        "Dice coefficient, the F1 score of pixels: 2 TP / (2 TP + FP + FN)",
        f"Class absent from both truth and prediction: {LEFT_OUT}. Absent from one of them: 0.",
        "Dice 1945, doi 10.2307/1932409",
        title="Dice",
        symmetric=True,
    ),
    _card(
        "precision",
        "Share of the predicted pixels that are true: TP / (TP + FP)",
        f"Class not predicted: {LEFT_OUT}, because no prediction can be judged; a class that was "
        "missed so is scored 0 by recall, IoU and Dice. Predicted but absent from the truth: 0.",
        "van Rijsbergen 1979, Information Retrieval",
    ),
    _card(
        "recall",
        "Share of the true pixels that are predicted: TP / (TP + FN)",
        f"Class absent from the truth: {LEFT_OUT}, because there is nothing to find; a class that is "
        "predicted there is scored 0 by precision, IoU and Dice. True but not predicted: 0.",
        "van Rijsbergen 1979, Information Retrieval",
    ),
)
