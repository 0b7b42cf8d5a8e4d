"""The built-in metrics, registered like anybody's."""

from __future__ import annotations

from ..contracts import MetricCard
from ..hookspecs import hookimpl

_AGGREGATION = "per class the mean over the cases where it applies, then the mean over foreground classes"
_LEFT_OUT = "NaN, not applicable: left out of the mean, and the number of cases left out is shown"
_METRICS_RELOADED = "Maier-Hein et al. 2024, doi 10.1038/s41592-023-02151-z"


_RETINA = "Xing, Xie & Bader 2025, doi 10.1371/journal.pcbi.1013115"
_COUNTS_AS_ONE = "Class absent from both truth and prediction: 1, so images without a class raise its mean"


def _published(name: str, function: str, description: str, empty_rule: str) -> MetricCard:
    return MetricCard(
        name=name,
        description=description,
        factory=f"{__package__}.published:{function}",
        aggregation="per class the mean over all cases, then the mean over foreground classes",
        empty_rule=empty_rule,
        reference=_RETINA,
    )


def _card(name: str, description: str, empty_rule: str, reference: str) -> MetricCard:
    return MetricCard(
        name=name,
        description=description,
        factory=f"{__package__}.metrics:{name}",
        aggregation=_AGGREGATION,
        empty_rule=empty_rule,
        version=1,
        reference=f"{reference}; {_METRICS_RELOADED}",
    )


@hookimpl
def emseg_metrics() -> tuple[MetricCard, ...]:
    """Return IoU, Dice, precision and recall, and the two IoUs of RETINA's publication."""
    return (
        _card(
            "iou",
            "Intersection over union of true and predicted pixels: TP / (TP + FP + FN)",
            f"Class absent from both truth and prediction: {_LEFT_OUT}. Absent from one of them: 0.",
            "Jaccard 1912, doi 10.1111/j.1469-8137.1912.tb05611.x",
        ),
        _card(
            "dice",
            "Dice coefficient, the F1 score of pixels: 2 TP / (2 TP + FP + FN)",
            f"Class absent from both truth and prediction: {_LEFT_OUT}. Absent from one of them: 0.",
            "Dice 1945, doi 10.2307/1932409",
        ),
        _card(
            "precision",
            "Share of the predicted pixels that are true: TP / (TP + FP)",
            f"Class not predicted: {_LEFT_OUT}, because no prediction can be judged; a class that was "
            "missed so is scored 0 by recall, IoU and Dice. Predicted but absent from the truth: 0.",
            "van Rijsbergen 1979, Information Retrieval",
        ),
        _card(
            "recall",
            "Share of the true pixels that are predicted: TP / (TP + FN)",
            f"Class absent from the truth: {_LEFT_OUT}, because there is nothing to find; a class that is "
            "predicted there is scored 0 by precision, IoU and Dice. True but not predicted: 0.",
            "van Rijsbergen 1979, Information Retrieval",
        ),
        _published(
            "iou-eps",
            "iou_eps",
            "IoU as published with RETINA: (TP + 1e-5) / (TP + FP + FN + 1e-5)",
            f"{_COUNTS_AS_ONE}. Absent from one of them: 0, to within 1e-5.",
        ),
        _published(
            "iou-matched",
            "iou_matched",
            "iou-eps after predicted objects (8-connected) that share no pixel with the true class are "
            "dropped: false objects cost nothing, false pixels of matched ones do",
            f"{_COUNTS_AS_ONE}; so does a class that is only predicted, for its objects match nothing. "
            "Only in the truth: 0, to within 1e-5.",
        ),
    )
