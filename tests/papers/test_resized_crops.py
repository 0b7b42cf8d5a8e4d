"""The published training crops: how often each change happens, and that labels follow their image."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Sample
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.experiments.presets import recipes
from emseg_bench.benchmark.images.normalise import to_unit
from emseg_bench.benchmark.plugins.references import parse_method
from emseg_bench.papers.options import ResizedCropOptions
from emseg_bench.papers.resized_crops import ResizedCrops

RETINA = recipes()["retina-2025"]
GUAY = ResizedCropOptions(least_noise=400, largest_noise=1200, blur_kernel=7)
STILL = ResizedCropOptions(
    least_area=1, least_aspect=1, largest_aspect=1, rotation=0, brightness=0, contrast=0, probability=0
)


def sample(labels, channels=1):
    """An image that shows its labels: 100 + 50 * label."""
    image = np.repeat((100 + 50 * labels)[None], channels, axis=0)
    return Sample(image=image.astype(np.uint8), labels=labels.astype(np.uint8))


def cut(data, settings, seed, side=32, recipe=RETINA, ignore_value=None):
    crops = ResizedCrops(recipe, side, ignore_value, **asdict(settings))
    crop = crops(data, lambda rng: None, np.random.default_rng(seed))
    return to_unit(torch.from_numpy(crop.image)), torch.from_numpy(crop.labels)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"least_area": 0.9, "largest_area": 0.1},
            "least_area .*: got 0.9, expected no more than largest_area",
        ),
        ({"least_aspect": 2}, "got 2, expected no more than largest_aspect, 1.5"),
        ({"least_noise": 5}, "got 5, expected no more than largest_noise, 0"),
        ({"blur_kernel": 2}, "got 2, expected 0 for no blur, or at least 3 px"),
    ],
)
def test_ranges_that_are_empty_are_refused(options, expected):
    with pytest.raises(UsageError, match=expected):
        ResizedCropOptions(**options)


def test_guay_is_changed_as_published():
    reference = parse_method(recipes()["retina-2025-guay"].augmentation, "augmentation")
    assert (reference.name, {key: float(value) for key, value in reference.options.items()}) == (
        "retina-2025",
        {
            "least_noise": GUAY.least_noise,
            "largest_noise": GUAY.largest_noise,
            "blur_kernel": GUAY.blur_kernel,
        },
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_types_and_range(channels):
    data = sample(np.eye(40), channels)
    image, labels = cut(data, GUAY, 0)
    assert (image.shape, image.dtype) == ((channels, 32, 32), torch.float32)
    assert (labels.shape, labels.dtype) == ((32, 32), torch.uint8)
    assert 0 <= image.min() < image.max() <= 1


def test_with_everything_off_the_whole_image_is_shown():
    data = sample(np.tri(32))
    image, labels = cut(data, STILL, 0)
    assert np.array_equal(labels.numpy(), data.labels)
    assert np.array_equal((image[0] * 255).round().byte().numpy(), data.image[0])


def test_labels_follow_the_image_through_every_change_of_geometry():
    corner = np.zeros((64, 48))
    corner[:20, :30] = 1
    settings = ResizedCropOptions(brightness=0, contrast=0)
    for seed in range(30):
        image, labels = cut(sample(corner), settings, seed)
        shown = (image[0] * 255 > 125).byte()
        assert (shown != labels).float().mean() < 0.12  # bilinear and nearest differ along the edge only


def test_equal_generators_give_equal_crops():
    data, settings = sample(np.tri(50)), GUAY
    assert torch.equal(cut(data, settings, 3)[0], cut(data, settings, 3)[0])
    assert not torch.equal(cut(data, settings, 3)[0], cut(data, settings, 4)[0])


@pytest.mark.parametrize(
    ("changes", "happened"),
    [
        ({"brightness": 0.3}, lambda image: len(image.unique()) == 1 and image[0, 0, 0] != 100 / 255),
        ({"least_noise": 400, "largest_noise": 1200}, lambda image: len(image.unique()) > 5),
    ],
)
def test_changes_happen_in_half_of_the_crops(changes, happened):
    settings = replace(STILL, **changes, probability=0.5)
    grey = sample(np.zeros((32, 32)))
    share = np.mean([bool(happened(cut(grey, settings, seed)[0])) for seed in range(600)])
    assert share == pytest.approx(0.5, abs=0.07)


def test_each_flip_happens_in_half_of_the_crops():
    corner = np.zeros((32, 32))
    corner[0, 0] = 1
    settings = replace(STILL, probability=0.5)
    where = [tuple(cut(sample(corner), settings, seed)[1].nonzero()[0].tolist()) for seed in range(800)]
    for place in ((0, 0), (0, 31), (31, 0), (31, 31)):
        assert where.count(place) / 800 == pytest.approx(0.25, abs=0.05)


def test_foreground_crops_hold_foreground():
    speck = np.zeros((300, 300))
    speck[250:253, 40:43] = 1
    recipe = replace(RETINA, foreground_crops=1.0)
    assert all(cut(sample(speck), STILL, seed, recipe=recipe)[1].any() for seed in range(40))
    assert not all(
        cut(sample(speck), replace(STILL, least_area=0.1, largest_area=0.2), seed)[1].any()
        for seed in range(40)
    )


@pytest.mark.parametrize("ignored", [None, 1])
def test_foreground_is_not_sought_where_there_is_none(ignored):
    labels = np.zeros((64, 64)) if ignored is None else np.ones((64, 64))
    recipe = replace(RETINA, foreground_crops=1.0)
    assert cut(sample(labels), STILL, 0, recipe=recipe, ignore_value=ignored)[1].shape == (32, 32)


def test_small_images_are_mirrored_up_to_a_crop():
    image, labels = cut(sample(np.ones((20, 24))), STILL, 0)
    assert labels.all()
    assert image.unique().numel() == 1


def test_images_of_more_bits_are_rounded_to_8():
    grey = np.random.default_rng(0).integers(0, 256, (1, 40, 40), dtype=np.uint8)
    labels = np.zeros((40, 40), np.uint8)
    finer = grey.astype(np.float32) / 255 + np.float32(0.001)
    crops = [cut(Sample(image=image, labels=labels), ResizedCropOptions(), 3)[0] for image in (grey, finer)]
    assert crops[0].equal(crops[1])
