"""The cards of the overlap scores that RETINA and CEM500K published."""

from __future__ import annotations

from ..benchmark.contracts.cards import MetricCard

_COUNTS_AS_ONE = "Class absent from both truth and prediction: 1, so images without a class raise its mean"


def _published(
    name: str, function: str, description: str, empty_rule: str, *, symmetric: bool, ms: float
) -> MetricCard:
    return MetricCard(
        name=name,
        description=description,
        factory=f"{__package__}.scores:{function}",
        symmetric=symmetric,
        ms_per_megapixel=ms,
        aggregation="per class the mean over all cases, then the mean over foreground classes",
        empty_rule=empty_rule,
        reference="Xing, Xie & Bader 2025, doi 10.1371/journal.pcbi.1013115",
    )


CARDS = (
    _published(
        "iou-eps",
        "iou_eps",
        "IoU as published with RETINA: (TP + 1e-5) / (TP + FP + FN + 1e-5)",
        f"{_COUNTS_AS_ONE}. Absent from one of them: 0, to within 1e-5.",
        symmetric=True,
        ms=0.0,
    ),
    _published(
        "iou-matched",
        "iou_matched",
        "iou-eps after predicted objects (8-connected) that share no pixel with the true class are "
        "dropped: false objects cost nothing, false pixels of matched ones do",
        f"{_COUNTS_AS_ONE}; so does a class that is only predicted, for its objects match nothing. "
        "Only in the truth: 0, to within 1e-5.",
        symmetric=False,
        ms=20.0,
    ),
)
