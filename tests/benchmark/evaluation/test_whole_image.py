"""Inference on whole images: hand-computed sides and pixels, and SciPy's nearest neighbours."""

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import DataError, TrialError
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.evaluation.volumes import segment_volume
from emseg_bench.benchmark.evaluation.whole_image import grow, shrink
from emseg_bench.benchmark.experiments.presets import protocols
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import ndimage
from torch import nn


class Same(nn.Module):
    """Gives its input back, and remembers what it was given."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, images):
        self.seen.append(images.clone())
        return images


def segmenter(model, divisor=4):
    return Segmenter(
        model=model,
        normalisation=Normalisation(mean=(0.0,), std=(1.0,)),
        protocol=protocols()["cem500k-2021"],
        window=16,
        size_divisor=divisor,
        device="cpu",
        batch_size=1,
    )


def test_shrinking_is_bilinear_between_pixel_centres():
    image = np.array([[[0, 0, 255, 0, 0]] * 4], np.uint8)
    assert shrink(image, 4).tolist() == [[[0, 96, 96, 0]] * 4]  # 0.375 x 255 = 95.6


def test_sides_that_fit_stay_as_they_are():
    image = np.arange(32, dtype=np.uint8).reshape(1, 4, 8)
    assert shrink(image, 4) is image


@given(small=st.integers(1, 40), more=st.integers(0, 40))
@example(small=12, more=35)
def test_growing_takes_the_nearest_pixel(small, more):
    wanted = small + more
    logits = torch.arange(2 * small, dtype=torch.float64).view(1, 2, small)
    theirs = ndimage.zoom(logits[0, 0], wanted / small, order=0, grid_mode=True, mode="nearest")
    ours = grow(logits, 2, wanted)[0, 0].tolist()
    for pixel, (mine, other) in enumerate(zip(ours, theirs.tolist(), strict=True)):
        between = (2 * pixel + 1) * small % (2 * wanted) == 0  # two are as near: either will do
        assert mine == other or (between and abs(mine - other) == 1)


def test_an_image_is_resized_and_a_slice_is_mirrored():
    model = Same()
    image = np.random.default_rng(0).integers(0, 256, (1, 6, 9), np.uint8)
    logits = segmenter(model).logits(image)
    assert logits.shape == (1, 6, 9)
    assert model.seen[0].shape == (1, 1, 4, 8)
    (sliced,) = segmenter(model).slices([image[0]], image.shape[1:], "z")
    assert model.seen[1].shape == (1, 1, 8, 12)
    torch.testing.assert_close(sliced, torch.from_numpy(image / 255).float())
    below, beside = model.seen[1][0, 0, 6:, :9], model.seen[1][0, 0, :6, 9:]
    torch.testing.assert_close(below, sliced[0, [4, 3]])  # mirrored without the border row itself
    torch.testing.assert_close(beside, sliced[0, :, [7, 6, 5]])


def test_volumes_are_seen_slice_by_slice_without_resizing():
    model = Same()
    volume = np.full((2, 5, 6), 200, np.uint8)
    labels = segment_volume(segmenter(model), volume, "orthoplane")
    assert labels.tolist() == np.ones((2, 5, 6)).tolist()  # sigmoid(200 / 255) is above 0.5
    assert {tuple(seen.shape[2:]) for seen in model.seen} == {(8, 8), (4, 8)}


def test_an_image_smaller_than_the_divisor_is_refused():
    with pytest.raises(DataError, match="3 x 9 px, expected at least 4 x 4"):
        segmenter(Same()).logits(np.zeros((1, 3, 9), np.uint8))


def test_output_of_another_size_is_refused():
    with pytest.raises(TrialError, match="expected"):
        segmenter(lambda images: images[..., ::2]).logits(np.zeros((1, 4, 4), np.uint8))


def test_output_that_is_not_finite_is_refused():
    with pytest.raises(TrialError, match="not finite"):
        segmenter(lambda images: images / 0).logits(np.zeros((1, 4, 4), np.uint8))


def test_small_slices_go_through_the_network_together():
    """As many as have the pixels of batch_size (1) windows of 16 px."""
    model = Same()
    segment_volume(segmenter(model), np.zeros((9, 8, 7), np.uint8), "stack")
    assert [len(images) for images in model.seen] == [4, 4, 1]
