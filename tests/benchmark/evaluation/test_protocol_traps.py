"""Where protocols differ on the same model and images: every expected score is computed by hand.

A model that marks every pixel above 0.3 sees two images of 5 x 4 px.  In the first, row 2 is white and
rows 2 and 3 are foreground; the second is black and has no foreground.
"""

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import Case, Manifest, Normalisation, Sample
from emseg_bench.benchmark.evaluation import metrics
from emseg_bench.benchmark.evaluation.aggregation import primary_score
from emseg_bench.benchmark.evaluation.evaluate import evaluate
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.experiments.presets import protocols
from emseg_bench.papers import scores
from torch import nn

METRICS = {
    "iou": metrics.iou(),
    "dice": metrics.dice(),
    "precision": metrics.precision(),
    "recall": metrics.recall(),
    "iou-eps": scores.iou_eps(),
    "iou-matched": scores.iou_matched(),
}


class Bright(nn.Module):
    def forward(self, images):
        return (images - 0.3) * 100


class Lines:
    """The two images above."""

    def __init__(self):
        self.manifest = Manifest(
            dataset="lines",
            class_names=("background", "line"),
            channels=1,
            mean=(0.0,),
            std=(1.0,),
            cases=tuple(
                Case(id=name, split="test", height=5, width=4, sha256=name) for name in ("line", "empty")
            ),
            split_rule="none",
        )

    def read(self, case):
        image, labels = np.zeros((1, 5, 4), np.uint8), np.zeros((5, 4), np.uint8)
        if case.id == "line":
            image[:, 2], labels[2:4] = 255, 1
        return Sample(image, labels)


def score(protocol):
    dataset = Lines()
    segmenter = Segmenter(
        model=Bright(),
        normalisation=Normalisation(mean=(0.0,), std=(1.0,)),
        protocol=protocol,
        window=16,
        size_divisor=4,
        device="cpu",
        batch_size=2,
        num_logits=dataset.manifest.num_logits,
    )
    table = evaluate(
        segmenter,
        dataset,
        dataset.manifest.cases,
        metrics={name: METRICS[name] for name in protocol.metrics},
        precision="fp32",
        on_case=lambda *_: None,
    )
    return primary_score(table, protocol.primary, skips_undefined=protocol.skips_undefined)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Row 2 of rows 2 and 3 is found: 1/2.  Nothing can be said of the empty image.
        ("emseg-v1", 1 / 2),
        # The same, and 1 for the empty image.
        ("retina-2025", (1 / 2 + 1) / 2),
        ("retina-2025-perez", (1 / 2 + 1) / 2),
        # The image is seen with 4 rows: of 0, 96, 96, 0 (0.375 x 255).  Rows 1 and 2 are marked, which are
        # rows 1, 2 and 3 of the image: 2/3.
        ("cem500k-2021", (2 / 3 + 1) / 2),
        ("cem500k-2021-perez", (2 / 3 + 1) / 2),
    ],
)
def test_each_protocol_scores_the_same_model_differently(name, expected):
    assert score(protocols()[name]) == pytest.approx(expected, abs=2e-5)


def test_every_protocol_is_here():
    named = next(mark for mark in test_each_protocol_scores_the_same_model_differently.pytestmark)
    assert {name for name, _ in named.args[1]} == set(protocols())
