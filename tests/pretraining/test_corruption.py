"""RETINA's corruption: how often each step happens, what it does, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.pretraining.corruption import HOLE, MOST_HOLES, corrupt, make_target
from emseg_bench.pretraining.options import ReconstructionOptions

OFF = {"geometry": 0.0, "brightness_contrast": 0.0, "noise": 0.0, "blur": 0.0, "holes": 0.0}
DRAWS = 2000
TOLERANCE = 4 * (0.25 / DRAWS) ** 0.5
"""Four standard deviations of a share about a half."""


def only(**on: float) -> ReconstructionOptions:
    return ReconstructionOptions(**{**OFF, **on})


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


@pytest.fixture
def image() -> np.ndarray:
    return rng(0).integers(60, 200, (48, 64), dtype=np.uint8)


@pytest.mark.parametrize("name", ["brightness_contrast", "noise", "blur", "holes"])
def test_each_step_spoils_half_of_the_inputs(name: str, image: np.ndarray) -> None:
    published = ReconstructionOptions()
    spoilt = [
        not np.array_equal(corrupt(image, only(**{name: getattr(published, name)}), rng(seed)), image)
        for seed in range(DRAWS)
    ]
    assert abs(np.mean(spoilt) - 0.5) < TOLERANCE


def test_one_input_in_sixteen_stays_clean(image: np.ndarray) -> None:
    clean = [
        np.array_equal(corrupt(image, ReconstructionOptions(), rng(seed)), image) for seed in range(4000)
    ]
    assert abs(np.mean(clean) - 1 / 16) < 4 * (15 / 256 / 4000) ** 0.5


def test_holes_are_black_squares_and_nothing_else_changes(image: np.ndarray) -> None:
    wide = np.full((512, 512), 100, np.uint8)
    counts = []
    for seed in range(200):
        holed = corrupt(wide, only(holes=1.0), rng(seed))
        assert set(np.unique(holed)) <= {0, 100}
        counts.append((holed == 0).sum() / HOLE**2)
    assert max(counts) <= MOST_HOLES
    assert min(counts) <= 2
    assert abs(np.mean(counts) - (1 + MOST_HOLES) / 2) < 2  # less where squares overlap
    single = next(c for c in counts if c == 1)
    assert single == 1


def test_holes_may_touch_every_border() -> None:
    seen = np.zeros((20, 20), bool)
    for seed in range(300):
        seen |= corrupt(np.full((20, 20), 9, np.uint8), only(holes=1.0), rng(seed)) == 0
    assert seen.all()


def test_noise_has_the_published_variance() -> None:
    grey = np.full((64, 64), 128, np.uint8)
    variances = [corrupt(grey, only(noise=1.0), rng(seed)).astype(float).var() for seed in range(300)]
    assert 350 < min(variances) < 480
    assert 1100 < max(variances) < 1350
    assert abs(np.mean(variances) - 800) < 40


def test_brightness_and_contrast_change_by_up_to_0_3() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    slopes, shifts = [], []
    for seed in range(400):
        changed = corrupt(ramp, only(brightness_contrast=1.0), rng(seed)).astype(float)
        inside = (changed > 0) & (changed < 255)
        slope, shift = np.polyfit(ramp[inside], changed[inside], 1)
        slopes.append(slope - 1)
        shifts.append(shift / 255)
    for values in (slopes, shifts):
        assert max(np.abs(values)) < 0.31
        assert max(values) > 0.25
        assert min(values) < -0.25


def test_blur_uses_kernels_3_5_and_7() -> None:
    point = np.zeros((15, 15), np.uint8)
    point[7, 7] = 255
    reaches = {
        int(np.flatnonzero(corrupt(point, only(blur=1.0), rng(seed)).any(axis=0)).size) for seed in range(60)
    }
    assert reaches == {3, 5, 7}


def test_the_target_is_not_written_to(image: np.ndarray) -> None:
    target = make_target(image, 32, ReconstructionOptions(), rng(1))
    before = target.copy()
    for seed in range(50):
        corrupt(target, ReconstructionOptions(), rng(seed))
    np.testing.assert_array_equal(target, before)


def test_the_target_is_flipped_turned_and_cropped(image: np.ndarray) -> None:
    whole = ReconstructionOptions(**{**OFF, "smallest_crop": 1.0, "geometry": 0.5})
    square = image[:, :48]
    variants = {make_target(square, 48, whole, rng(seed)).tobytes() for seed in range(400)}
    for flipped in (square, square[::-1], square[:, ::-1], square[::-1, ::-1]):
        assert np.ascontiguousarray(flipped).tobytes() in variants
    assert len(variants) > 100  # turned by any angle


def test_without_geometry_a_target_is_part_of_the_image() -> None:
    ramp = np.tile(np.arange(128, dtype=np.uint8), (128, 1))
    target = make_target(ramp, 64, only(), rng(3)).astype(int)
    assert (np.diff(target, axis=1) >= 0).all()  # neither mirrored nor turned
    assert (np.abs(np.diff(target, axis=0)) <= 1).all()  # up to the rounding of the resize


def test_crops_show_8_to_100_percent_at_aspects_of_a_half_to_three_halves() -> None:
    side = 200
    rows, columns = np.mgrid[:side, :side].astype(np.uint8)
    areas, aspects = [], []
    for seed in range(400):
        heights = np.ptp(make_target(rows, 64, only(), rng(seed)).astype(int)) + 1
        widths = np.ptp(make_target(columns, 64, only(), rng(seed)).astype(int)) + 1
        areas.append(heights * widths / side**2)
        aspects.append(widths / heights)
    assert 0.06 < min(areas) < 0.12
    assert 0.9 < max(areas) <= 1.0
    assert 0.45 < min(aspects) < 0.6
    assert 1.35 < max(aspects) < 1.6


def test_a_draw_is_the_same_every_time(image: np.ndarray) -> None:
    options = ReconstructionOptions()
    for seed in range(20):
        first, second = (
            corrupt(make_target(image, 32, options, generator), options, generator)
            for generator in (rng(seed), rng(seed))
        )
        np.testing.assert_array_equal(first, second)
