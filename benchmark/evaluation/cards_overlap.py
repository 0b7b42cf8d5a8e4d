"""The cards of the metrics that follow from confusion counts, and of RETINA's published ones."""

from __future__ import annotations

from ..contracts.cards import MetricCard
from .card_words import AGGREGATION, LEFT_OUT, METRICS_RELOADED, RETINA

_COUNTS_AS_ONE = "Class absent from both truth and prediction: 1, so images without a class raise its mean"


def _published(
    name: str, function: str, description: str, empty_rule: str, *, symmetric: bool, ms: float
) -> MetricCard:
    return MetricCard(
        name=name,
        description=description,
        factory=f"{__package__}.published:{function}",
        symmetric=symmetric,
        ms_per_megapixel=ms,
        aggregation="per class the mean over all cases, then the mean over foreground classes",
        empty_rule=empty_rule,
        reference=RETINA,
    )


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
MATCHED = 20.0

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
    _published(
        "iou-eps",
        "iou_eps",
        "IoU as published with RETINA: (TP + 1e-5) / (TP + FP + FN + 1e-5)",
        f"{_COUNTS_AS_ONE}. Absent from one of them: 0, to within 1e-5.",
        symmetric=True,
        ms=COUNTED,
    ),
    _published(
        "iou-matched",
        "iou_matched",
        "iou-eps after predicted objects (8-connected) that share no pixel with the true class are "
        "dropped: false objects cost nothing, false pixels of matched ones do",
        f"{_COUNTS_AS_ONE}; so does a class that is only predicted, for its objects match nothing. "
        "Only in the truth: 0, to within 1e-5.",
        symmetric=False,
        ms=MATCHED,
    ),
)
