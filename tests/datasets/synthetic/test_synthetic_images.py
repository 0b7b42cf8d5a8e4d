"""What is drawn: the same for the same seed, all classes, and like EM."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from emseg_bench.datasets.synthetic.generator import draw_pair
from emseg_bench.datasets.synthetic.imaging import Microscope, take_image
from emseg_bench.datasets.synthetic.noise import fibrous_noise, smooth_noise
from emseg_bench.datasets.synthetic.options import CLASS_NAMES, GENERATOR_VERSION
from emseg_bench.datasets.synthetic.scene import MEMBRANE, MITOCHONDRIA, NUCLEUS, VESICLE
from scipy.ndimage import binary_dilation, label

DRAW_AND_HASH = """
import hashlib, sys
import numpy as np
from emseg_bench.datasets.synthetic.generator import draw_pair
for key in range(4):
    pair = draw_pair(128, np.random.SeedSequence(3, spawn_key=(key,)), with_nucleus=key % 2 == 0)
    print(hashlib.sha256(pair[0].tobytes() + pair[1].tobytes()).hexdigest())
"""


def draw(key: int, size: int = 256, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    sequence = np.random.SeedSequence(seed, spawn_key=(key,))
    return draw_pair(size, sequence, with_nucleus=key % 2 == 0)


@pytest.fixture(scope="module")
def pairs() -> list[tuple[np.ndarray, np.ndarray]]:
    return [draw(key) for key in range(12)]


def hashes_elsewhere(environment: dict[str, str]) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-c", DRAW_AND_HASH],
        env={**os.environ, **environment},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()


def test_another_process_draws_the_same_pixels():
    expected = []
    for key in range(4):
        image, labels = draw(key, size=128)
        expected.append(hashlib.sha256(image.tobytes() + labels.tobytes()).hexdigest())
    assert hashes_elsewhere({}) == expected


@pytest.mark.slow
def test_an_older_processor_draws_the_same_pixels():
    """Without the newest vector instructions exp and sin differ in their last bits."""
    umath = pytest.importorskip("numpy._core._multiarray_umath")
    extras = [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)]
    if not extras:
        pytest.skip("this processor has nothing to switch off")
    assert hashes_elsewhere({"NPY_DISABLE_CPU_FEATURES": " ".join(extras)}) == hashes_elsewhere({})


def test_pixels_change_only_with_the_generator_version():
    """If this fails, the generator draws something else: raise GENERATOR_VERSION, then mend the hash."""
    image, labels = draw(0, size=128)
    digest = hashlib.sha256(image.tobytes() + labels.tobytes()).hexdigest()[:16]
    assert (GENERATOR_VERSION, digest) == (1, "f6f23c1fd1f1e44d")


def test_seeds_differ():
    assert not np.array_equal(draw(0)[0], draw(0, seed=4)[0])
    assert not np.array_equal(draw(0)[0], draw(2)[0])


@pytest.mark.parametrize("size", [64, 100, 256, 400])
def test_any_size_is_drawn(size):
    image, labels = draw(0, size)
    assert image.shape == labels.shape == (size, size)
    assert image.dtype == labels.dtype == np.uint8
    assert labels.max() < len(CLASS_NAMES)


def test_every_image_shows_every_class_but_every_other_a_nucleus(pairs):
    for key, (_, labels) in enumerate(pairs):
        present = set(np.unique(labels))
        assert {0, MEMBRANE, MITOCHONDRIA, VESICLE} <= present
        assert (NUCLEUS in present) == (key % 2 == 0)


def test_class_shares_are_those_of_tissue(pairs):
    shares = np.mean([np.bincount(labels.ravel(), minlength=5) / labels.size for _, labels in pairs], axis=0)
    low, high = [0.5, 0.08, 0.04, 0.008, 0.04], [0.8, 0.22, 0.18, 0.05, 0.25]
    assert np.all(shares > low), shares
    assert np.all(shares < high), shares


def test_grey_values_use_the_scale_without_clipping(pairs):
    for image, _ in pairs:
        assert 0.3 < image.mean() / 255 < 0.75
        assert 0.07 < image.std() / 255 < 0.28
        assert np.mean((image == 0) | (image == 255)) < 0.1


def test_images_vary_in_contrast_and_sharpness(pairs):
    spread = [image.std() for image, _ in pairs]
    detail = [np.abs(np.diff(image.astype(float), axis=1)).mean() for image, _ in pairs]
    assert max(spread) > 1.3 * min(spread)
    assert max(detail) > 1.5 * min(detail)


def test_membranes_are_dark_lines_that_part_cells(pairs):
    for image, labels in pairs:
        membrane = labels == MEMBRANE
        beside = binary_dilation(membrane, iterations=6) & (labels == 0)
        assert image[membrane].mean() < image[beside].mean() - 10
        _, cells = label(~membrane)
        assert cells > 12


def test_mitochondria_are_whole_and_dark_and_keep_clear_of_membranes(pairs):
    for image, labels in pairs:
        mitochondria = labels == MITOCHONDRIA
        assert image[mitochondria].mean() < image[labels == 0].mean()
        assert not np.any(binary_dilation(mitochondria, iterations=2) & (labels == MEMBRANE))
        parts, number = label(mitochondria)
        sizes = np.bincount(parts.ravel())[1:]
        assert number >= 1
        assert np.median(sizes) > 150


def test_vesicles_have_a_lumen_brighter_than_their_rim():
    """Averaged over many sharp vesicles; noise and focus hide it in single ones."""
    rims, lumens = [], []
    for key in range(12):
        image, labels = draw(key)
        parts, number = label(labels == VESICLE)
        for part in range(1, number + 1):
            rows, columns = np.nonzero(parts == part)
            if 60 <= len(rows) <= 260 and abs(np.ptp(rows) - np.ptp(columns)) <= 2:
                distance = np.hypot(rows - rows.mean(), columns - columns.mean())
                grey = image[rows, columns]
                lumens.append(grey[distance < 0.4 * distance.max()].mean())
                rims.append(grey[distance > 0.75 * distance.max()].mean())
    assert len(rims) > 30
    assert np.mean(lumens) > np.mean(rims) + 10


def test_what_is_dark_need_not_be_labelled(pairs):
    """Granules, lysosomes, reticulum and dark cells are background: no threshold finds the classes."""
    for image, labels in pairs:
        background, foreground = image[labels == 0], image[labels > 0]
        error = min(
            np.mean(background < level) / 2 + np.mean(foreground >= level) / 2 for level in range(0, 256, 4)
        )
        assert error > 0.1


def test_noise_has_the_variance_of_counted_electrons():
    """A blank specimen: variance = contrast^2 (brightness / dose + read noise^2)."""
    scope = Microscope(
        focus=1.0,
        dose=50.0,
        read_noise=0.03,
        smoothing=0.0,
        shading=0.0,
        charging=0.0,
        contrast=0.8,
        offset=0.05,
    )
    image = take_image(np.full((300, 300), 0.6), scope, np.random.default_rng(0)) / 255
    assert image.mean() == pytest.approx(0.5 + 0.8 * 0.1 + 0.05, abs=0.002)
    assert image.var() == pytest.approx(0.8**2 * (0.6 / 50 + 0.03**2), rel=0.03)


def test_charging_brightens_along_the_scan_direction():
    quiet = {"focus": 1.0, "dose": 1e6, "read_noise": 0.0, "smoothing": 0.0, "shading": 0.0}
    scene = np.full((300, 300), 0.7)
    plain = take_image(
        scene, Microscope(**quiet, charging=0.0, contrast=0.5, offset=-0.1), np.random.default_rng(1)
    )
    loaded = take_image(
        scene, Microscope(**quiet, charging=1.0, contrast=0.5, offset=-0.1), np.random.default_rng(1)
    )
    surplus = loaded.astype(float) - plain
    assert surplus.mean() > 1
    along, across = (np.abs(np.diff(surplus, axis=axis)).mean() for axis in (1, 0))
    assert along < across


@pytest.mark.parametrize("grain", [1.2, 4.0, 12.0])
def test_noise_has_the_grain_asked_for(grain):
    """Smoothed white noise has the autocorrelation exp(-d^2 / (4 grain^2)) at distance d."""
    rng = np.random.default_rng(0)
    fields = [smooth_noise(rng, (200, 230), grain) for _ in range(20)]
    step = round(1.5 * grain)
    products = [np.mean(field[:, step:] * field[:, :-step]) for field in fields]
    assert np.mean([np.mean(field**2) for field in fields]) == pytest.approx(1, abs=0.1)
    assert np.mean(products) == pytest.approx(np.exp(-(step**2) / (4 * grain**2)), abs=0.08)


def test_fibres_run_where_they_are_told():
    rng = np.random.default_rng(0)
    field = fibrous_noise(rng, (400, 400), 10.0, 1.5, np.pi / 4)
    along = np.mean(field[6:, 6:] * field[:-6, :-6])
    across = np.mean(field[6:, :-6] * field[:-6, 6:])
    assert along > 0.6
    assert abs(across) < 0.15


def test_opposite_edges_of_noise_are_strangers():
    rng = np.random.default_rng(0)
    products = [
        np.mean(field[0] * field[-1]) for field in (smooth_noise(rng, (80, 80), 8.0) for _ in range(300))
    ]
    assert abs(np.mean(products)) < 0.12
