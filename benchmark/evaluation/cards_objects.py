"""The cards of the metrics of objects: true ones by their numbers, if known; else connected components."""

from __future__ import annotations

from ..contracts.cards import MetricCard
from .card_words import AGGREGATION, LEFT_OUT
from .metric_options import Matching

_COMPONENTS = "objects are connected components, true ones by their numbers where these are known"
_ONE_SIDE = f"No object in truth and prediction: {LEFT_OUT}. In one of them: 0."
_NO_TRUTH = f"No object in the truth: {LEFT_OUT}; false objects are for object-f1 and pq to judge."
_MS = 40.0
"""Shared: each further metric of objects costs next to nothing."""


def _quality(name: str, description: str, empty_rule: str = _ONE_SIDE) -> MetricCard:
    return MetricCard(
        name=name,
        title=name.upper(),
        description=f"{description}; {_COMPONENTS}",
        factory=f"{__package__}.instances:{name}",
        of_objects=True,
        symmetric=True,
        ms_per_megapixel=_MS,
        aggregation=AGGREGATION,
        empty_rule=empty_rule,
        reference="Kirillov et al. 2019, doi 10.1109/CVPR.2019.00963",
    )


def _entropy(name: str, description: str, unpredicted: str) -> MetricCard:
    return MetricCard(
        name=name,
        title=f"VOI {name.removeprefix('voi-')}",
        description=f"{description}, over pixels of true objects; {_COMPONENTS}",
        factory=f"{__package__}.partitions:{name.replace('-', '_')}",
        of_objects=True,
        unit="bit",
        direction="lower",
        range=(0.0, float("inf")),
        ms_per_megapixel=_MS,
        aggregation=AGGREGATION,
        empty_rule=f"{_NO_TRUTH} No true pixel predicted: {unpredicted}.",
        reference="Meilă 2007, doi 10.1016/j.jmva.2006.11.013",
    )


CARDS = (
    MetricCard(
        name="object-f1",
        title="object F1",
        description=f"F1 of objects, found where the IoU of a pair is at least 0.5; {_COMPONENTS}",
        factory=f"{__package__}.instances:object_f1",
        of_objects=True,
        options=Matching,
        symmetric=True,
        ms_per_megapixel=_MS,
        aggregation=AGGREGATION,
        empty_rule=_ONE_SIDE,
        reference="Caicedo et al. 2019, doi 10.1038/s41592-019-0612-7",
    ),
    MetricCard(
        name="object-ap",
        title="object AP",
        description="Mean of TP / (TP + FP + FN) over the IoU thresholds 0.50, 0.55, ..., 0.95 (no "
        f"area under a curve: label maps have no confidence); {_COMPONENTS}",
        factory=f"{__package__}.instances:object_ap",
        of_objects=True,
        symmetric=True,
        ms_per_megapixel=_MS,
        aggregation=AGGREGATION,
        empty_rule=_ONE_SIDE,
        reference="Caicedo et al. 2019, doi 10.1038/s41592-019-0612-7; Schmidt et al. 2018, doi "
        "10.1007/978-3-030-00934-2_30",
    ),
    _quality("pq", "Panoptic quality: SQ x RQ, pairs matched where their IoU is above 0.5"),
    _quality(
        "sq",
        "Segmentation quality: mean IoU of the matched pairs",
        f"No matched pair: {LEFT_OUT}, because there is nothing whose quality could be judged; PQ and RQ are "
        "0 there, or not applicable without any object.",
    ),
    _quality("rq", "Recognition quality: F1 of objects, pairs matched where their IoU is above 0.5"),
    MetricCard(
        name="adapted-rand",
        title="adapted Rand error",
        description="Adapted Rand error: 1 - F1 of pairs of true objects' pixels that are in one object; "
        f"{_COMPONENTS}",
        factory=f"{__package__}.partitions:adapted_rand",
        of_objects=True,
        direction="lower",
        ms_per_megapixel=_MS,
        aggregation=AGGREGATION,
        empty_rule=f"{_NO_TRUTH} Nothing predicted: 1.",
        reference="Arganda-Carreras et al. 2015, doi 10.3389/fnana.2015.00142",
    ),
    _entropy(
        "voi-split",
        "Variation of information that comes of splits: H(prediction | truth)",
        "each counts as an object of its own",
    ),
    _entropy(
        "voi-merge",
        "Variation of information that comes of merges: H(truth | prediction)",
        f"{LEFT_OUT}, because nothing is there that could be merged",
    ),
)
