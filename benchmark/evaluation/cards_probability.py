"""The cards of the metrics of probabilities: each class against all others."""

from __future__ import annotations

from ..contracts.cards import MetricCard
from .card_words import AGGREGATION, LEFT_OUT
from .metric_options import Bins

CARDS = (
    MetricCard(
        name="ece",
        title="ECE",
        description="Expected calibration error of a class's own probability, in 15 bins of equal width",
        factory=f"{__package__}.calibration:ece",
        options=Bins,
        needs=("probabilities",),
        direction="lower",
        ms_per_megapixel=8.0,
        aggregation=AGGREGATION,
        empty_rule="A class absent from the truth has a score all the same: its probabilities should be near "
        f"0. Every pixel ignored: {LEFT_OUT}.",
        reference="Naeini et al. 2015, doi 10.1609/aaai.v29i1.9602; by class: Nixon et al. 2019, arXiv "
        "1904.01685",
    ),
    MetricCard(
        name="auroc",
        title="AUROC",
        description="Area under the ROC curve: how often a pixel of the class is more probable than another",
        factory=f"{__package__}.calibration:auroc",
        needs=("probabilities",),
        ms_per_megapixel=18.0,
        aggregation=AGGREGATION,
        empty_rule=f"Class in no pixel or in every pixel of the truth: {LEFT_OUT}.",
        reference="Hanley & McNeil 1982, doi 10.1148/radiology.143.1.7063747",
    ),
)
