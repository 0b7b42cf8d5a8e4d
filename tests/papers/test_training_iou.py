"""The running IoU of training, against the published code's values on inputs that follow from a rule."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from emseg_bench.papers.running_iou import EmaMean, batch_iou

SEED = 7
PUBLISHED_FILE = Path(__file__).parents[2].parent / "shared" / "retina" / "loss_values.json"
MULTICLASS = [
    0.10526134818792343,
    0.17164736986160278,
    0.17088192701339722,
    0.09482027590274811,
    0.04319246485829353,
    0.054375167936086655,
    0.07427710294723511,
]
BINARY = [0.18496720492839813]
SEQUENCE = [0.6251, 0.8972, 0.7757, 0.2252, 0.3002, 0.8736, 0.0053, 0.8212, 0.7971, 0.4679, 0.303, 0.2784]
AVERAGES = [
    0.6251,
    0.7625242424242417,
    0.7670051829683032,
    0.6274219441919703,
    0.5593069029981298,
    0.6143699113861099,
    0.521998745628056,
    0.5620962147068455,
    0.5903669662232403,
    0.5769772712151332,
    0.5494789896494142,
    0.5242955202827103,
]


def numbers(kind, shape):
    name = f"{kind}:" + "x".join(map(str, shape))
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def enlarged(blocks):
    return blocks.repeat(16, axis=-2).repeat(16, axis=-1)


def batch(classes):
    """Logits (2, K, 64, 64) and labels (2, 64, 64): blocks of 16 px, the logits with noise."""
    shape, side = (2, classes, 64, 64), 4
    source = numbers("input", shape)
    blocks = enlarged(source.standard_normal((2, classes, side, side)))
    logits = 2 * (0.8 * blocks + 0.6 * source.standard_normal(shape)).astype(np.float32)
    labels = numbers("target", (2, 64, 64)).integers(0, max(classes, 2), (2, side, side))
    return torch.from_numpy(logits), torch.from_numpy(enlarged(labels))


@pytest.mark.parametrize(("classes", "expected"), [(7, MULTICLASS), (1, BINARY)])
def test_batch_iou_is_as_published(classes, expected):
    assert batch_iou(*batch(classes)).tolist() == pytest.approx(expected, rel=1e-6)


def test_running_mean_is_as_published():
    mean = EmaMean()
    assert [float(mean(torch.tensor(value))) for value in SEQUENCE] == pytest.approx(AVERAGES, rel=1e-6)


@pytest.mark.skipif(not PUBLISHED_FILE.exists(), reason="the published values are not beside this repository")
def test_constants_are_those_of_the_file():
    values = json.loads(PUBLISHED_FILE.read_text())
    assert values["multiclass"]["batch_iou_per_class"] == MULTICLASS
    assert values["binary"]["batch_iou"] == BINARY
    assert values["ema"]["sequence"] == SEQUENCE
    assert values["ema"]["bias_corrected_average"] == AVERAGES


def test_ignored_pixels_are_not_counted():
    labels = torch.tensor([[[0, 1, 255, 1]]])
    logits = torch.tensor([[[[-1.0, 1.0, 1.0, -1.0]]]])
    assert batch_iou(logits, labels, ignore_value=255).item() == pytest.approx((1 + 1e-5) / (2 + 1e-5))


def test_class_that_is_nowhere_scores_one():
    labels = torch.zeros(1, 1, 2, dtype=torch.long)
    assert batch_iou(torch.full((1, 1, 1, 2), -3.0), labels).tolist() == [1]


def test_several_classes_are_compared_by_their_probabilities():
    labels = torch.tensor([[[0, 1, 255]]])
    logits = torch.log(torch.tensor([[[[0.75, 0.5, 0.1]], [[0.25, 0.5, 0.9]]]]))
    # class 0: I = 0.75, U = 1.25 + 1 - 0.75; class 1: I = 0.5, U = 0.75 + 1 - 0.5
    assert batch_iou(logits, labels, ignore_value=255).tolist() == pytest.approx([0.5, 0.4], abs=1e-4)
