"""The cards of the metrics of boundaries and distances."""

from __future__ import annotations

from ..contracts.cards import MetricCard
from .card_words import AGGREGATION, LEFT_OUT
from .metric_options import BandShare, BandWidth, Tolerance

_NEITHER = f"Class absent from both truth and prediction: {LEFT_OUT}"
_ZERO = f"{_NEITHER}. Absent from one of them: 0."
_CHENG = "Cheng et al. 2021, doi 10.1109/CVPR46437.2021.01508"

CARDS = (
    MetricCard(
        name="boundary-iou",
        title="boundary IoU",
        description="IoU of the pixels near their own contour: within 2 % of the image's diagonal, in px",
        factory=f"{__package__}.boundary:boundary_iou",
        options=BandShare,
        symmetric=True,
        ms_per_megapixel=40.0,
        aggregation=AGGREGATION,
        empty_rule=_ZERO,
        reference=_CHENG,
    ),
    MetricCard(
        name="boundary-iou-nm",
        title="boundary IoU in nm",
        description="IoU of the pixels near their own contour: within 20 nm, for voxels of any shape",
        factory=f"{__package__}.boundary:boundary_iou_nm",
        options=BandWidth,
        needs=("voxel size",),
        symmetric=True,
        ms_per_megapixel=200.0,
        aggregation=AGGREGATION,
        empty_rule=_ZERO,
        reference=f"after {_CHENG}, with a straight-line distance",
    ),
    MetricCard(
        name="nsd",
        title="NSD",
        description="Normalised surface distance: share of both surfaces' pixels within 20 nm of the other",
        factory=f"{__package__}.boundary:nsd",
        options=Tolerance,
        needs=("voxel size",),
        symmetric=True,
        ms_per_megapixel=100.0,
        aggregation=AGGREGATION,
        empty_rule=_ZERO,
        reference="Nikolov et al. 2021, doi 10.2196/26151",
    ),
    MetricCard(
        name="hd95",
        title="HD95",
        description="The larger of the two 95th percentiles of the way from one surface to the other",
        factory=f"{__package__}.boundary:hd95",
        needs=("voxel size",),
        unit="nm",
        direction="lower",
        range=(0.0, float("inf")),
        symmetric=True,
        ms_per_megapixel=100.0,
        aggregation=AGGREGATION,
        empty_rule=f"{_NEITHER}. Absent from one of them: the diagonal of the image (volume), n voxels times "
        "their side each way, which is more than any distance in it.",
        reference="Huttenlocher et al. 1993, doi 10.1109/34.232073; Maier-Hein et al. 2024, doi "
        "10.1038/s41592-023-02151-z",
    ),
)
