"""Training crops: where they lie in their images, and what may happen to them, against formulas."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Case, GreyChange, Sample
from emseg_bench.benchmark.experiments.presets import recipes
from emseg_bench.benchmark.files.shared_memory import shared_zeros
from emseg_bench.benchmark.training.augmentation import blurred, draw_geometry, place
from emseg_bench.benchmark.training.batch import change_grey, stack
from emseg_bench.benchmark.training.crops import TrainingCrops
from emseg_bench.benchmark.training.decoded import DecodedImages, measure
from emseg_bench.benchmark.training.foreground import ForegroundRows
from emseg_bench.benchmark.training.options import AugmentationOptions
from emseg_bench.benchmark.training.sampler import Draw
from emseg_bench.benchmark.training.window_crops import WindowCrops
from hypothesis import given, settings
from hypothesis import strategies as st

QUICK = recipes()["quick"]
PLAIN = AugmentationOptions(flip=0, rotate90=False, brightness=0, contrast=0)


class OneImage:
    def __init__(self, sample: Sample) -> None:
        self.sample = sample

    def read(self, case: Case) -> Sample:
        return self.sample


def crops(labels: np.ndarray, side: int, change, image: np.ndarray | None = None, share=0.5) -> TrainingCrops:
    image = image if image is not None else (labels * 60).astype(np.uint8)[None]
    cases = [Case(id="x", split="train", height=labels.shape[0], width=labels.shape[1], sha256="")]
    data = OneImage(Sample(image, labels))
    images = DecodedImages(data, cases, measure(data, cases), shared_zeros(10**6))
    augmentation = WindowCrops(replace(QUICK, foreground_crops=share), side, **asdict(change))
    return TrainingCrops(images, ForegroundRows(cases, 4, None), augmentation, 5)


def finished(source: TrainingCrops, *numbers: int) -> tuple[torch.Tensor, torch.Tensor]:
    return stack([source[Draw(number, 0)] for number in numbers]).on(torch.device("cpu"))


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(5, 60),
    width=st.integers(5, 60),
    side=st.sampled_from([8, 16, 32]),
    number=st.integers(0, 1000),
    affine=st.sampled_from([0.0, 1.0]),
)
def test_crops_have_the_right_shape_and_labels_stay_on_their_pixels(height, width, side, number, affine):
    labels = np.random.default_rng(0).integers(0, 4, (height, width)).astype(np.uint8)
    change = replace(PLAIN, flip=0.5, rotate90=True, affine=affine)
    image, got = finished(crops(labels, side, change), number)
    assert (image.shape, image.dtype) == ((1, 1, side, side), torch.float32)
    assert (got.shape, got.dtype) == ((1, side, side), torch.int64)
    if not affine:
        torch.testing.assert_close(image[:, 0] * 255, got * 60.0)


def parts_of(image: np.ndarray, side: int) -> set[bytes]:
    """All parts of an image, each mirrored and turned in all eight ways."""
    ways = [np.rot90(one, turns) for one in (image, image[:, ::-1]) for turns in range(4)]
    return {
        np.ascontiguousarray(part).tobytes()
        for way in ways
        for part in np.lib.stride_tricks.sliding_window_view(way, (side, side)).reshape(-1, side, side)
    }


@settings(max_examples=30, deadline=None)
@given(height=st.integers(12, 30), width=st.integers(12, 30), number=st.integers(0, 10**6))
def test_unwarped_crops_are_parts_of_the_image_and_nothing_else(height, width, number):
    labels = np.random.default_rng(1).integers(0, 2, (height, width)).astype(np.uint8)
    change = replace(PLAIN, flip=0.5, rotate90=True)
    assert crops(labels, 12, change)[Draw(number, 0)].labels.tobytes() in parts_of(labels, 12)


def test_every_way_to_mirror_and_turn_comes_up_alike():
    corner = np.array([[1, 2], [3, 0]], np.uint8)
    change = replace(PLAIN, flip=0.5, rotate90=True)
    source = crops(corner, 2, change)
    seen = Counter(source[Draw(number, 0)].labels.tobytes() for number in range(1600))
    assert len(seen) == 8
    assert max(abs(count - 200) for count in seen.values()) < 60  # 4.5 standard deviations


def test_same_draw_same_crop_other_draw_other_crop():
    labels = np.random.default_rng(0).integers(0, 3, (64, 64)).astype(np.uint8)
    source = crops(labels, 16, AugmentationOptions(affine=0.5, noise=0.05, blur=0.2))
    assert torch.equal(finished(source, 4)[0], finished(source, 4)[0])
    assert not torch.equal(finished(source, 4)[0], finished(source, 5)[0])


@pytest.mark.parametrize("affine", [0.0, 1.0])
def test_foreground_crops_hold_foreground(affine):
    labels = np.zeros((200, 200), np.uint8)
    labels[149:152, 99:102] = 1
    labels[80:100, 80:100] = 2
    always = crops(labels, 16, replace(PLAIN, affine=affine), share=1.0)
    seen = [set(np.unique(always[Draw(n, 0)].labels)) for n in range(60)]
    assert all(classes & {1, 2} for classes in seen)
    assert sum(1 in classes for classes in seen) > 15, (
        "a class of few pixels is chosen as often as a large one"
    )


def test_without_foreground_crops_are_cut_anywhere():
    nothing = crops(np.zeros((64, 64), np.uint8), 16, AugmentationOptions(), share=1.0)
    assert nothing[Draw(0, 0)].labels.max() == 0


def test_float_images_stay_on_their_scale():
    image = np.full((2, 32, 32), 0.25, np.float32)
    got, _ = finished(crops(np.zeros((32, 32), np.uint8), 16, PLAIN, image), 0)
    assert got.shape == (1, 2, 16, 16)
    assert (got == 0.25).all()


def test_crops_of_a_batch_may_be_of_8_bits_and_of_floats():
    blank = np.zeros((32, 32), np.uint8)
    both = [
        crops(blank, 16, PLAIN, image)[Draw(0, 0)]
        for image in (np.full((1, 32, 32), 51, np.uint8), np.full((1, 32, 32), 0.5, np.float32))
    ]
    got, _ = stack(both).on(torch.device("cpu"))
    assert got.flatten(1).unique(dim=1).flatten().tolist() == pytest.approx([0.2, 0.5])


# --------------------------------------------------------------------------------- augmentation
def test_nothing_asked_nothing_changed():
    labels = np.random.default_rng(0).integers(0, 4, (16, 16)).astype(np.uint8)
    image, same = finished(crops(labels, 16, PLAIN), 3)
    assert torch.equal(image, torch.from_numpy(labels * 60)[None, None].float() / 255)
    assert np.array_equal(same[0], labels)


def test_warped_crops_have_no_empty_corner():
    for seed in range(40):
        geometry = draw_geometry(replace(PLAIN, affine=1.0), np.random.default_rng(seed))
        reach = geometry.reach(32)
        surrounded = np.zeros((reach + 2, reach + 2), np.uint8)
        surrounded[1:-1, 1:-1] = 200
        assert place(surrounded, geometry, 32).min() == 200
        assert place(surrounded, geometry, 32, labels=True).min() == 200


def test_warped_crops_show_what_the_matrix_says():
    rows, columns = np.mgrid[:80, :80].astype(np.float32)
    for seed in range(10):
        geometry = draw_geometry(replace(PLAIN, affine=1.0, flip=0.5), np.random.default_rng(seed))
        y, x = np.mgrid[:16, :16] - 7.5
        expected = np.einsum("ij,jyx->iyx", geometry.matrix, np.stack([x, y])) + 39.5
        np.testing.assert_allclose(place(columns, geometry, 16), expected[0], atol=0.05)
        np.testing.assert_allclose(place(rows, geometry, 16), expected[1], atol=0.05)
        np.testing.assert_allclose(place(rows, geometry, 16, labels=True), expected[1], atol=0.55)


def test_warps_turn_by_any_angle_and_zoom_within_the_bounds():
    rng = np.random.default_rng(0)
    drawn = [draw_geometry(replace(PLAIN, affine=1.0), rng).matrix for _ in range(2000)]
    zooms = np.array([1 / np.sqrt(np.linalg.det(matrix)) for matrix in drawn])
    angles = np.array([np.arctan2(matrix[1, 0], matrix[0, 0]) for matrix in drawn])
    assert 0.8 <= zooms.min() < 0.81
    assert 1.24 < zooms.max() <= 1.25
    assert np.log(zooms).mean() == pytest.approx(0, abs=0.02)
    assert np.histogram(angles, 8, (-np.pi, np.pi))[0] == pytest.approx(250, rel=0.25)


def test_blur_is_a_gaussian():
    spot = np.zeros((21, 21), np.float32)
    spot[10, 10] = 1
    steps = np.arange(-3, 4)
    bell = np.exp(-(steps**2) / (2 * 1.3**2))
    expected = np.outer(bell, bell) / bell.sum() ** 2
    np.testing.assert_allclose(blurred(spot, 1.3)[7:14, 7:14], expected, atol=1e-6)
    assert blurred(spot, 0) is spot


def test_grey_values_change_by_formula():
    images = torch.rand(3, 2, 10, 12, generator=torch.Generator().manual_seed(0))
    changes = [GreyChange(*levels, noise=0, seed=0) for levels in ((0.1, 1.2), (-0.3, 0.8), (0.0, 1.0))]
    got = change_grey(images, changes)
    for image, change, changed in zip(images.numpy(), changes, got, strict=True):
        expected = (image - image.mean()) * change.contrast + image.mean() + change.brightness
        np.testing.assert_allclose(changed, expected.clip(0, 1), atol=1e-6)
    assert torch.equal(got[2], images[2])


def test_noise_is_normal_and_each_image_has_its_own():
    images = torch.full((3, 1, 64, 64), 0.5)
    changes = [GreyChange(0.0, 1.0, 0.05, seed) for seed in (7, 8, 7)]
    noise = change_grey(images, changes) - 0.5
    assert noise.std((1, 2, 3)).tolist() == pytest.approx([0.05] * 3, rel=0.05)
    assert noise.mean((1, 2, 3)).tolist() == pytest.approx([0] * 3, abs=0.004)
    assert torch.equal(noise[0], noise[2])
    assert not torch.equal(noise[0], noise[1])
    alone = change_grey(images[:1], changes[:1]) - 0.5
    assert torch.equal(noise[:1], alone)


@pytest.mark.parametrize("change", [{"brightness": 0.5}, {"contrast": 0.5}, {"noise": 0.3}, {"blur": 1.0}])
def test_intensity_changes_leave_labels_alone_and_stay_on_the_scale(change):
    image = np.random.default_rng(0).integers(0, 256, (1, 24, 24), dtype=np.uint8)
    labels = np.random.default_rng(1).integers(0, 3, (24, 24)).astype(np.uint8)
    got, same = finished(crops(labels, 24, replace(PLAIN, **change), image), 1)
    assert np.array_equal(same[0], labels)
    assert not torch.equal(got[0], torch.from_numpy(image) / 255)
    assert got.min() >= 0
    assert got.max() <= 1
