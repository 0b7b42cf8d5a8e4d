"""Volumes by the published rule: hand-computed votes, and a plain version with MONAI's windows."""

import math
import tracemalloc

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.evaluation.volumes import segment_volume
from emseg_bench.benchmark.evaluation.votes import decide, votes
from emseg_bench.benchmark.experiments.presets import protocols
from emseg_bench.benchmark.images.normalise import to_input
from torch import nn

PROTOCOL = protocols()["retina-2025"]
MEAN, STD = (0.5,), (0.25,)


def segmenter(model, **changes):
    setting = {
        "model": model,
        "normalisation": Normalisation(mean=MEAN, std=STD),
        "protocol": PROTOCOL,
        "window": 224,
        "size_divisor": 16,
        "device": "cpu",
        "batch_size": 4,
    }
    return Segmenter(**{**setting, **changes})


def logit(*probabilities):
    """Logits (1, 1, W) whose sigmoid is `probabilities`."""
    return torch.tensor([[[math.log(p / (1 - p)) for p in probabilities]]])


# --------------------------------------------------------------------------------------- hand-computed
def test_votes_are_cut_down_not_rounded():
    # 0.5 * 255 = 127.5; 0.9999 * 255 = 254.97; 0.1 * 255 = 25.5
    assert votes(logit(0.5, 0.9999, 0.1), 1).tolist() == [[[127, 254, 25]]]
    # 0.5 * 85 = 42.5; 0.9999 * 85 = 84.99; 0.1 * 85 = 8.5
    assert votes(logit(0.5, 0.9999, 0.1), 3).tolist() == [[[42, 84, 8]]]


def test_certainty_on_three_axes_fills_the_byte():
    certain = votes(torch.full((1, 1, 1), 50.0), 3)
    assert certain.item() == 85
    total = certain + certain + certain
    assert total.dtype == np.uint8
    assert total.item() == 255


def test_votes_of_several_classes_are_shares_of_their_softmax():
    logits = torch.log(torch.tensor([0.7, 0.21, 0.09]))[:, None, None]
    assert votes(logits, 1)[:, 0, 0].tolist() == [178, 53, 22]  # 178.5, 53.55, 22.95


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.5, [0, 1, 1]), (0.501, [0, 1, 1]), (0.502, [0, 0, 1]), (0.999, [0, 0, 1])]
)
def test_threshold_is_strict_and_a_whole_number(threshold, expected):
    """int(255 t) is 127 for 0.5 and 0.501, 128 for 0.502, 254 for 0.999."""
    total = np.array([127, 128, 255], np.uint8).reshape(1, 1, 1, 3)
    assert decide(total, threshold).tolist() == [[expected]]


def test_half_on_every_axis_is_background():
    total = votes(logit(0.5), 1)[None].reshape(1, 1, 1, 1)
    assert decide(total, 0.5).item() == 0
    assert decide(3 * votes(logit(0.502), 3).reshape(1, 1, 1, 1), 0.5).item() == 0  # 42.67 each: 3 * 42
    assert decide(3 * votes(logit(0.507), 3).reshape(1, 1, 1, 1), 0.5).item() == 1  # 43.1 each: 3 * 43


def test_most_votes_win_and_the_lowest_class_in_a_tie():
    total = np.array([[100, 90, 5], [100, 120, 5], [50, 120, 6]], np.uint8).reshape(3, 1, 1, 3)
    assert decide(total, 0.5).tolist() == [[[0, 1, 2]]]


# ----------------------------------------------------------------------------- against a plain version
def plain_version(inference, model, volume, axes):
    """Float volumes of all axes, as one would write it at a blackboard."""
    total = 0
    for axis in axes:
        planes = []
        for plane in np.moveaxis(volume, axis, 0):
            inputs = to_input(torch.from_numpy(plane.copy())[None], MEAN, STD)
            logits = inference(inputs[None], (224, 224), 4, model, overlap=0.7)[0]
            planes.append((logits.sigmoid() if len(logits) == 1 else logits.softmax(0)).numpy())
        shares = np.moveaxis(np.stack(planes, axis=1), 1, axis + 1) * np.float32(255 / len(axes))
        total = total + np.trunc(shares).astype(np.uint8)
    assert total.dtype == np.uint8
    return (total[0] > 127).astype(np.uint8) if len(total) == 1 else total.argmax(0).astype(np.uint8)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize(("name", "axes"), [("stack", (0,)), ("orthoplane", (0, 1, 2))])
@pytest.mark.parametrize("shape", [(3, 20, 31), (2, 230, 5)])
def test_agrees_with_a_plain_version(shape, name, axes, classes):
    inference = pytest.importorskip("monai.inferers.utils", reason="MONAI is not installed")
    volume = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    scale = torch.linspace(0.5, 2, classes)[:, None, None]

    def model(windows):
        return scale * windows + torch.arange(classes)[:, None, None] / 8

    ours = segment_volume(segmenter(model), volume, name)
    expected = plain_version(inference.sliding_window_inference, model, volume, axes)
    assert ours.dtype == np.uint8
    assert np.array_equal(ours, expected)
    assert len(np.unique(ours)) > 1


def test_slices_overlap_by_the_slices_share():
    counts = []

    def model(windows):
        counts.append(len(windows))
        return windows

    segment_volume(segmenter(model), np.zeros((1, 512, 512), np.uint8), "stack")
    assert sum(counts) == 36  # 16 at the images' overlap of 0.5


def test_every_slice_is_told():
    told = []
    segment_volume(
        segmenter(nn.Identity()), np.zeros((2, 3, 4), np.uint8), "orthoplane", lambda: told.append(1)
    )
    assert len(told) == 2 + 3 + 4


@pytest.mark.parametrize("depth", [12, 48])
def test_memory_follows_the_slab_not_the_volume(depth, tmp_path):
    """Slabs of 3 slices with 6 classes: some slabs of votes and pixels, and a slice's working space."""
    classes, side = 6, 224
    volume = np.memmap(tmp_path / "pixels", np.uint8, "w+", shape=(depth, side, side))
    labels = np.memmap(tmp_path / "labels", np.uint8, "w+", shape=volume.shape)

    def model(windows):
        return windows * torch.arange(1, classes + 1)[:, None, None]

    tracemalloc.start()
    segment_volume(segmenter(model), volume, "stack", out=labels, slab=3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * 3 * (classes + 1) * side**2 + 2e6


def test_empty_volume_is_told():
    with pytest.raises(DataError, match=r"\(0, 3, 4\) \(z, y, x\), expected at least one slice"):
        segment_volume(segmenter(nn.Identity()), np.zeros((0, 3, 4), np.uint8), "stack")
