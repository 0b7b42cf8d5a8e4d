"""Protocol ``retina-2025`` against MONAI's sliding windows, which the publication used."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.evaluation.labels import to_labels
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.experiments.presets import protocols
from emseg_bench.benchmark.images.normalise import to_input
from torch import nn

PROTOCOL = protocols()["retina-2025"]
MEAN, STD = 0.35047498, 0.01674651


@pytest.fixture(scope="module")
def monai_inference():
    return pytest.importorskip(
        "monai.inferers.utils", reason="MONAI is not installed"
    ).sliding_window_inference


def network(classes):
    torch.manual_seed(classes)
    return nn.Sequential(
        nn.Conv2d(1, 4, 7, padding=3), nn.ReLU(), nn.Conv2d(4, classes, 7, padding=3)
    ).requires_grad_(False)


def image_of(height, width):
    return np.random.default_rng([height, width]).integers(70, 110, (1, height, width), np.uint8)


def segmenter(model, overlap):
    return Segmenter(
        model=model,
        normalisation=Normalisation(mean=(MEAN,), std=(STD,)),
        protocol=replace(PROTOCOL, overlap=overlap),
        window=224,
        size_divisor=16,
        device="cpu",
        batch_size=4,
    )


def published_labels(logits):
    """Cut at a probability of 0.5, or take the largest logit."""
    decided = logits[0].sigmoid() > 0.5 if len(logits) == 1 else logits.argmax(0)
    return decided.numpy().astype(np.uint8)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("overlap", [0.2, 0.5, 0.7])
@pytest.mark.parametrize(
    ("height", "width"),
    [(100, 100), (223, 90), (1, 7), (224, 224), (225, 224), (300, 201), (448, 500)],
)
def test_equals_monai(monai_inference, height, width, overlap, classes):
    model, image = network(classes), image_of(height, width)
    ours = segmenter(model, overlap).logits(image)
    inputs = (torch.from_numpy(image).float() / 255 - MEAN) / STD
    theirs = monai_inference(inputs[None], (224, 224), 4, model, overlap=overlap)[0]
    scale = float(theirs.abs().max())
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6 * max(scale, 1))
    assert np.array_equal(to_labels(ours, PROTOCOL.threshold), published_labels(theirs))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("overlap", [0.2, 0.5, 0.7])
@pytest.mark.parametrize(("height", "width"), [(100, 301), (224, 224), (448, 225)])
def test_windows_are_monai_s_bit_for_bit(monai_inference, height, width, overlap):
    """With a model that adds no rounding of its own, sums and means are equal to the last bit."""

    def model(windows):
        return torch.cat([windows, windows.square(), -windows], dim=1)

    ours = segmenter(model, overlap).logits(image_of(height, width))
    inputs = to_input(torch.from_numpy(image_of(height, width)), (MEAN,), (STD,))
    assert torch.equal(ours, monai_inference(inputs[None], (224, 224), 4, model, overlap=overlap)[0])


@pytest.mark.parametrize("overlap", [0.2, 0.5, 0.7])
def test_small_image_lies_amid_zeros_of_the_normalised_scale(overlap):
    seen = []

    def model(windows):
        seen.append(windows.clone())
        return windows

    segmenter(model, overlap).logits(image_of(101, 300))
    windows = torch.cat(seen)
    assert not windows[:, :, :61].any()  # 123 px are missing: 61 above, 62 below
    assert not windows[:, :, 61 + 101 :].any()
    assert windows[:, :, 61 : 61 + 101].all()


@pytest.mark.parametrize(
    ("side", "overlap", "windows"),
    [
        *((256, overlap, 4) for overlap in (0.2, 0.5, 0.7)),
        *((512, 0.2, 9), (512, 0.5, 16), (512, 0.7, 36)),
        *((1024, 0.2, 36), (1024, 0.5, 81), (1024, 0.7, 169)),
        *((2048, 0.2, 144), (2048, 0.5, 324), (2048, 0.7, 841)),
    ],
)
def test_number_of_windows(side, overlap, windows):
    counts = []

    def model(batch):
        counts.append(len(batch))
        return batch

    segmenter(model, overlap).logits(np.full((1, side, side), 90, np.uint8))
    assert sum(counts) == windows
    if (side, overlap) == (1024, 0.5):
        assert len(counts) == 21


def test_presets_are_as_published():
    assert (PROTOCOL.window, PROTOCOL.overlap, PROTOCOL.slice_overlap) == (224, 0.5, 0.7)
    assert (PROTOCOL.blending, PROTOCOL.padding, PROTOCOL.threshold) == ("constant", "zero", 0.5)
    assert PROTOCOL.primary == "iou-eps"
    assert protocols()["retina-2025-perez"].primary == "iou-matched"
