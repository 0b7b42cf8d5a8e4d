"""The same pixels in files of other types give the same samples, and so the same scores."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.data import GreyRange
from emseg_bench.benchmark.contracts.errors import DataError, UsageError
from emseg_bench.benchmark.images.intensity import EIGHT_BIT, SIXTEEN_BIT, to_pixels, used_range
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.inspection.findings import find_faults
from emseg_bench.datasets.inspection.survey import survey
from emseg_bench.datasets.volume.factory import open_volumes
from hypothesis import given
from hypothesis import strategies as st

SHAPE = (10, 40, 48)
LABELS = (np.random.default_rng(7).random(SHAPE) < 0.3).astype(np.uint8)
GREYS = (150 - 70 * LABELS + np.random.default_rng(8).normal(0, 12, SHAPE)).clip(1, 254).astype(np.uint8)

EXACT = {
    "12 bits in 16": lambda g: g.astype(np.uint16) * 16,
    "10 bits in 16": lambda g: g.astype(np.uint16) * 4,
    "the upper bits": lambda g: g.astype(np.uint16) << 8,
    "spread over 16 bits": lambda g: g.astype(np.uint16) * 257,
    "8 bits in 16": lambda g: g.astype(np.uint16),
    "8 bits in 32": lambda g: g.astype(np.uint32),
    "signed 16": lambda g: g.astype(np.int16),
    "floats": lambda g: g.astype(np.float32),
    "signed bytes": lambda g: (g.astype(np.int16) - 128).astype(np.int8),
}
"""Ways of storing 8 bits."""


def folder_of(root: Path, images: np.ndarray, words: str = "") -> Path:
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for n, (image, labels) in enumerate(zip(images, LABELS, strict=True)):
        tifffile.imwrite(root / f"images/s{n}.tif", image, photometric="minisblack")
        tifffile.imwrite(root / f"masks/s{n}.tif", labels, photometric="minisblack")
    if words:
        (root / "dataset.yaml").write_text(words)
    return root


def volume_of(root: Path, image: np.ndarray) -> str:
    root.mkdir(parents=True)
    with h5py.File(root / "cells.h5", "w") as file:
        file["raw"], file["labels"] = image, LABELS
    return f"{root}/cells.h5:/raw"


def opened(kind: str, root: Path, image: np.ndarray, cache: Path):
    if kind == "folder":
        return open_folder(str(folder_of(root, image)), cache, gap=0)
    return open_volumes(volume_of(root, image), cache, labels=":/labels", gap=0, scored=kind)


@pytest.mark.parametrize("kind", ["folder", "slices", "volumes"])
@pytest.mark.parametrize("way", EXACT)
def test_8_bits_are_8_bits_in_any_type(tmp_path, cache, kind, way):
    known = opened(kind, tmp_path / "known", GREYS, cache)
    other = opened(kind, tmp_path / "other", EXACT[way](GREYS), cache)
    assert other.manifest.mean == pytest.approx(known.manifest.mean, rel=1e-12)
    assert other.manifest.std == pytest.approx(known.manifest.std, rel=1e-12)
    for ours, theirs in zip(known.manifest.cases, other.manifest.cases, strict=True):
        sample = other.read(theirs).image
        assert sample.dtype == np.uint8
        np.testing.assert_array_equal(sample, known.read(ours).image)


@pytest.mark.parametrize("kind", ["folder", "slices", "volumes"])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_cameras_of_more_bits_have_their_range(tmp_path, cache, kind, bits):
    step = 2 ** (bits - 8)
    deep = GREYS.astype(np.uint16) * step + np.random.default_rng(1).integers(0, step, SHAPE, dtype=np.uint16)
    dataset = opened(kind, tmp_path / "deep", deep, cache)
    assert dataset.manifest.grey_range == GreyRange(low=0, high=2**bits - 1)
    for place, case in enumerate(dataset.manifest.cases):
        z = place if kind == "folder" else case.section
        expected = deep[z : z + (case.depth or 1)] / (2**bits - 1)
        np.testing.assert_allclose(
            dataset.read(case).image,
            expected.reshape((case.depth and (1, *expected.shape)) or expected.shape),
            atol=1e-6,
        )
    train = deep[: len(dataset.manifest.split("train"))] / (2**bits - 1)
    assert dataset.manifest.mean == pytest.approx((train.mean(),), rel=1e-6)
    assert dataset.manifest.std == pytest.approx((train.std(),), rel=1e-6)
    words = " ".join(dataset.manifest.notes)
    assert (f"the training {'images' if kind == 'folder' else 'sections'} use {bits} bits" in words) == (
        bits < 16
    )
    assert ("% of the range of their type" in words) == (bits < 16)


@pytest.mark.parametrize("kind", ["folder", "slices"])
@pytest.mark.parametrize(
    ("scale", "shift", "dtype"),
    [
        (0.001, -0.1, np.float32),
        (3.0, 1616.0, np.float64),
        (7.0, -900.0, np.int16),
        (1.0, 30000.0, np.uint16),
    ],
)
def test_other_values_are_taken_between_percentiles(tmp_path, cache, kind, scale, shift, dtype):
    """Whatever the units of a reconstruction: its samples are those of the same pixels in any others."""
    base = opened(kind, tmp_path / "base", (GREYS.astype(np.float64) * 0.5 + 0.3), cache)
    other = opened(kind, tmp_path / "other", (GREYS * scale + shift).astype(dtype), cache)
    for ours, theirs in zip(base.manifest.cases, other.manifest.cases, strict=True):
        np.testing.assert_allclose(other.read(theirs).image, base.read(ours).image, atol=1e-5)
    assert other.manifest.mean == pytest.approx(base.manifest.mean, abs=1e-5)
    assert other.manifest.std == pytest.approx(base.manifest.std, abs=1e-5)


def test_one_hot_pixel_does_not_darken_the_rest(tmp_path, cache):
    hot = GREYS.astype(np.uint16) * 16 + 3
    hot[2, 5, 5] = 65535
    grey = opened("folder", tmp_path / "hot", hot, cache).manifest.grey_range
    assert grey.high < 4096


@pytest.mark.parametrize("kind", ["folder", "volume"])
def test_the_owner_may_say_the_range(tmp_path, cache, kind):
    if kind == "folder":
        dataset = open_folder(str(folder_of(tmp_path / "a", GREYS, "intensity: [50, 200]")), cache)
        train = GREYS[: len(dataset.manifest.split("train"))]
    else:
        dataset = open_volumes(
            volume_of(tmp_path / "a", GREYS), cache, labels=":/labels", range="50..200", gap=0
        )
        train = GREYS[: len(dataset.manifest.split("train"))]
    expected = np.clip((train.astype(float) - 50) / 150, 0, 1)
    np.testing.assert_allclose(
        [dataset.read(case).image[0] for case in dataset.manifest.split("train")], expected, atol=1e-6
    )
    assert dataset.manifest.mean == pytest.approx((expected.mean(),), abs=1e-6)
    assert dataset.manifest.grey_range == GreyRange(low=50, high=200)


@pytest.mark.parametrize("words", ["[5, 5]", "[9, 2]", "[0, .inf]", "[.nan, 2]"])
@pytest.mark.parametrize("opens", [open_folder, open_volumes])
def test_a_range_that_is_none(tmp_path, cache, opens, words):
    root = folder_of(tmp_path / "a", GREYS, f"intensity: {words}")
    with pytest.raises((DataError, UsageError), match=r"expected LOW < HIGH|a finite number|volumes"):
        opens(str(root), cache)


def test_types_may_be_mixed_where_the_owner_says_the_range(tmp_path, cache):
    root = folder_of(tmp_path / "a", GREYS, "intensity: [0, 255]")
    tifffile.imwrite(root / "images/s3.tif", GREYS[3].astype(np.float32), photometric="minisblack")
    dataset = open_folder(str(root), cache, gap=0)
    for case, image in zip(dataset.manifest.cases, GREYS, strict=True):
        np.testing.assert_allclose(dataset.read(case).image[0], image / 255, atol=1e-6)


@pytest.mark.parametrize(("values", "said"), [(GREYS // 8 + 90, True), (GREYS, False)])
def test_inspect_says_where_8_bits_are_hardly_used(tmp_path, cache, values, said):
    dataset = open_folder(str(folder_of(tmp_path / "a", values)), cache)
    faults = find_faults(survey("a", dataset, 0, lambda: None))
    assert any("small part of their range" in fault for fault in faults) == said


def test_what_is_remembered_is_not_measured_again(tmp_path, cache, monkeypatch):
    root = folder_of(tmp_path / "a", GREYS * 0.37)
    first = open_folder(str(root), cache).manifest
    monkeypatch.setattr("emseg_bench.benchmark.images.pixels.decode_image", pytest.fail)
    assert open_folder(str(root), cache).manifest == first


@given(st.integers(0, 65535))
def test_16_bits_are_divided_as_they_always_were(value):
    stored = np.array([[value]], np.uint16)
    assert to_pixels(stored, SIXTEEN_BIT) == stored.astype(np.float32) / np.float32(65535)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["u2", "i2", "f4", "u4"])
def test_the_order_of_bytes_makes_no_difference(order, kind):
    values = GREYS.astype(f"{order}{kind}")
    assert used_range([values]) == EIGHT_BIT
    np.testing.assert_array_equal(to_pixels(values, EIGHT_BIT), GREYS)
