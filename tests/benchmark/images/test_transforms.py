"""The 8-bit image transforms: against hand-made cases, torchvision and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from emseg_bench.benchmark.images import transforms
from emseg_bench.benchmark.images.transforms import Box
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import correlate1d
from torchvision.transforms import RandomResizedCrop

RAMP = np.arange(48, dtype=np.uint8).reshape(6, 8)
NOISE = np.random.default_rng(0).integers(0, 256, (40, 56), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 1), (6, 8, 3)])
def test_shapes_and_type_stay(shape):
    pixels = np.zeros(shape, np.uint8)
    rng = np.random.default_rng(0)
    for changed in (
        transforms.rotate(pixels, 30),
        transforms.change_brightness_contrast(pixels, 0.1, 0.1),
        transforms.add_gaussian_noise(pixels, 400, rng),
        transforms.blur_gaussian(pixels, 3),
        transforms.drop_squares(pixels, np.array([[0, 0]]), 2),
        transforms.flip(pixels, horizontal=True, vertical=True),
    ):
        assert (changed.shape, changed.dtype) == (shape, np.uint8)
    assert transforms.crop_resized(pixels, Box(0, 0, 3, 4), 5).shape == (5, 5, *shape[2:])
    assert transforms.pad_to(pixels, 10).shape == (10, 10, *shape[2:])


# ------------------------------------------------------------------------------------------ geometry
@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.integers(0, 2**31),
)
def test_resized_crops_lie_in_the_image_with_the_wanted_area_and_aspect(height, width, seed):
    box = transforms.draw_resized_crop(height, width, (0.08, 1), (0.5, 1.5), np.random.default_rng(seed))
    assert 0 <= box.top <= height - box.height
    assert 0 <= box.left <= width - box.width
    if min(height, width) >= 100 and 0.7 < width / height < 1.4:  # rounding matters little there
        assert 0.07 <= box.height * box.width / (height * width) <= 1
        assert 0.47 <= box.width / box.height <= 1.6


def test_resized_crops_are_spread_as_torchvisions_are():
    rng = np.random.default_rng(1)
    ours = [transforms.draw_resized_crop(300, 400, (0.08, 1), (0.5, 1.5), rng) for _ in range(4000)]
    image = torch.zeros(1, 300, 400)
    torch.manual_seed(1)
    theirs = [Box(*RandomResizedCrop.get_params(image, [0.08, 1], [0.5, 1.5])) for _ in range(4000)]
    for measure in (
        lambda box: box.height * box.width / (300 * 400),
        lambda box: math.log(box.width / box.height),
        lambda box: box.top / 300,
        lambda box: box.left / 400,
    ):
        found, wanted = (
            np.quantile([measure(box) for box in boxes], [0.1, 0.5, 0.9]) for boxes in (ours, theirs)
        )
        assert found == pytest.approx(wanted, abs=0.03)


def test_a_narrow_image_gives_its_largest_centred_part():
    box = transforms.draw_resized_crop(10, 1000, (0.9, 1), (0.5, 1.5), np.random.default_rng(0))
    assert box == Box(0, 492, 10, 15)


def test_resizing_is_bilinear_with_pixel_centres_as_in_torch():
    box = Box(3, 5, 20, 30)
    got = transforms.crop_resized(NOISE, box, 48)
    part = torch.from_numpy(NOISE[3:23, 5:35].astype(np.float32))[None, None]
    wanted = F.interpolate(part, (48, 48), mode="bilinear", align_corners=False)[0, 0].numpy()
    assert np.abs(got - wanted).max() <= 1.0  # OpenCV rounds its weights to 1/2048


def test_labels_are_never_mixed():
    labels = np.where(NOISE > 128, 200, 3).astype(np.uint8)
    for changed in (
        transforms.crop_resized(labels, Box(1, 2, 17, 23), 40, labels=True),
        transforms.rotate(labels, 33, labels=True),
    ):
        assert set(np.unique(changed)) == {3, 200}


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_exact(turns):
    square = NOISE[:40, :40]
    assert np.array_equal(transforms.rotate(square, 90 * turns), np.rot90(square, turns))


def test_rotation_mirrors_beyond_the_border_without_repeating_it():
    flat = np.full((21, 21), 7, np.uint8)
    assert (transforms.rotate(flat, 45) == 7).all()
    column = np.tile(np.arange(5, dtype=np.uint8), (5, 1))
    assert transforms.pad_to(column, 9)[0].tolist() == [2, 1, 0, 1, 2, 3, 4, 3, 2]


def test_padding_is_centred_and_leaves_large_sides_alone():
    padded = transforms.pad_to(RAMP, 9)
    assert padded.shape == (9, 9)
    assert np.array_equal(padded[1:7, :8], RAMP)  # the odd pixel goes below and to the right
    assert transforms.pad_to(RAMP, 6) is RAMP


def test_flips():
    assert np.array_equal(transforms.flip(RAMP, horizontal=True, vertical=False), np.fliplr(RAMP))
    assert np.array_equal(transforms.flip(RAMP, horizontal=False, vertical=True), np.flipud(RAMP))


# ----------------------------------------------------------------------------------------- intensity
@given(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9), st.integers(0, 255))
def test_brightness_and_contrast_by_formula(brightness, contrast, value):
    pixel = np.full((1, 1), value, np.uint8)
    wanted = min(max(value * (1 + contrast) + 255 * brightness, 0), 255)
    assert abs(int(transforms.change_brightness_contrast(pixel, brightness, contrast)[0, 0]) - wanted) <= 0.5


def test_noise_has_the_wanted_variance_and_no_bias():
    grey = np.full((400, 400), 128, np.uint8)
    noise = transforms.add_gaussian_noise(grey, 900, np.random.default_rng(3)).astype(float) - 128
    assert noise.mean() == pytest.approx(0, abs=0.3)
    assert noise.std() == pytest.approx(30, rel=0.01)


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_blur_equals_a_gaussian_correlation(kernel):
    sigma = 0.3 * ((kernel - 1) / 2 - 1) + 0.8
    offsets = np.arange(kernel) - kernel // 2
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    weights /= weights.sum()
    wanted = correlate1d(
        correlate1d(NOISE.astype(float), weights, 0, mode="mirror"), weights, 1, mode="mirror"
    )
    # for 8 bits OpenCV rounds the weights, and takes binomial ones for small kernels
    assert np.abs(transforms.blur_gaussian(NOISE, kernel) - wanted).max() <= 6


def test_squares_are_dropped_where_they_are_said_to_be():
    grey = np.full((6, 6), 9, np.uint8)
    holed = transforms.drop_squares(grey, np.array([[1, 2], [4, 0]]), 2)
    assert np.argwhere(holed == 0).tolist() == [
        [1, 2],
        [1, 3],
        [2, 2],
        [2, 3],
        [4, 0],
        [4, 1],
        [5, 0],
        [5, 1],
    ]
    assert (grey == 9).all()
