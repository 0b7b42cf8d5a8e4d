"""Mirror images, and averages of logits or of probabilities, by hand and against plain loops."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.evaluation.forward import Forward
from emseg_bench.benchmark.evaluation.labels import to_labels, to_probabilities
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from torch import nn

PROTOCOL = ScoringProtocol(name="p", blending="constant")


def segmenter(model, **changes):
    return Segmenter(
        model=model,
        normalisation=Normalisation(mean=(0.0,), std=(1.0,)),
        protocol=replace(PROTOCOL, **changes),
        window=4,
        size_divisor=1,
        device="cpu",
        batch_size=1,
    )


def odds(probability):
    return math.log(probability / (1 - probability))


def test_two_windows_averaged_by_hand():
    """Windows of 4 px on 6 px say 0.9 and 0.3, and share the middle two columns."""

    def answering(windows):
        return torch.full_like(windows, next(answers))

    image = np.zeros((1, 4, 6), np.uint8)
    answers = iter([odds(0.9), odds(0.3)])
    on_logits = segmenter(answering).logits(image)
    answers = iter([odds(0.9), odds(0.3)])
    on_probabilities = segmenter(answering, blend_on="probabilities").logits(image)
    middle = (odds(0.9) + odds(0.3)) / 2
    assert on_logits[0, 0].tolist() == pytest.approx([odds(0.9)] * 2 + [middle] * 2 + [odds(0.3)] * 2)
    assert on_probabilities[0, 0].sigmoid().tolist() == pytest.approx([0.9] * 2 + [0.6] * 2 + [0.3] * 2)


def test_the_space_can_change_the_class():
    """Two windows prefer class 0 a little, one is very sure of 1.

    The means of the logits are 1 and 3.  Class 0 has the shares 0.731, 0.881 and 0.0001: 0.537 in the mean.
    """
    logits = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 9.0]])[..., None, None]

    def label(space):
        forward = Forward(model=lambda windows: windows, space=space)
        mean = forward(logits, None, (0, 0), "").mean(dim=0)
        return to_labels(forward.logits(mean), 0.5).item()

    assert (label("logits"), label("probabilities")) == (1, 0)


@pytest.mark.parametrize("outputs", [1, 3])
def test_probabilities_come_back_as_they_were(outputs):
    torch.manual_seed(0)
    logits = 5 * torch.randn(4, outputs, 6, 7)
    forward = Forward(model=lambda w: w, space="probabilities")
    values = forward(logits, None, (0, 0), "")[0]
    expected = to_probabilities(logits[0])
    np.testing.assert_allclose(to_probabilities(forward.logits(values)), expected, atol=2e-7)
    assert np.array_equal(to_labels(forward.logits(values), 0.5), to_labels(logits[0], 0.5))


@pytest.mark.parametrize("outputs", [1, 2])
def test_certainty_stays_finite(outputs):
    logits = torch.tensor([80.0, -80.0])[:, None, None].expand(2, 1, 1)[-outputs:][None]
    forward = Forward(model=lambda w: w, space="probabilities")
    assert forward.logits(forward(logits, None, (0, 0), "")[0]).isfinite().all()


@pytest.mark.parametrize("space", ["logits", "probabilities"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_mirror_images_are_averaged(space, outputs):
    torch.manual_seed(outputs)
    model = nn.Conv2d(1, outputs, 3, padding=1).requires_grad_(False)
    windows = torch.randn(2, 1, 8, 6)
    found = Forward(model=model, space=space, flips=True)(windows, None, (0, 0), "")
    expected = 0
    for axes in ([], [2], [3], [2, 3]):
        logits = model(windows.flip(axes))
        if space == "probabilities":
            logits = logits.sigmoid() if outputs == 1 else logits.softmax(1)
        expected = expected + logits.flip(axes) / 4
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("window", [4, "whole-padded", "whole-resized"])
def test_flips_make_the_result_follow_the_image(window):
    """With mirror images a flipped image gives the flipped result, whatever the network; without, not."""
    torch.manual_seed(0)
    model = nn.Conv2d(1, 2, 3, padding=1).requires_grad_(False)
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8), np.uint8)
    for flips in (True, False):
        ours = segmenter(model, flips=flips, window=window)
        straight, turned = ours.logits(image), ours.logits(image[..., ::-1].copy())
        assert torch.allclose(straight, turned.flip(-1), atol=1e-5) is flips
