"""Kept label maps come back as they were, or say what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.errors import StoreError
from emseg_bench.benchmark.kept_labels import KeptLabels

VOLUME = (4, 40, 50)


@pytest.mark.parametrize("shape", [(5, 7), VOLUME, (1, 5, 7), (3, 1, 9)])
def test_labels_come_back(tmp_path, shape):
    labels = np.random.default_rng(0).integers(0, 5, shape, np.uint8)
    kept = KeptLabels(tmp_path / "kept")
    kept.write(3, labels)
    again = kept.read(3, shape)
    assert again.shape == shape
    assert np.array_equal(again, labels)


def test_volumes_are_written_from_and_read_to_memory_maps(tmp_path):
    labels = np.lib.format.open_memmap(tmp_path / "labels.npy", "w+", np.uint8, VOLUME)
    labels[2] = 3
    kept = KeptLabels(tmp_path)
    kept.write(0, labels)
    assert isinstance(kept.read(0, VOLUME), np.memmap)
    assert (tmp_path / "00000.tif").stat().st_size < labels.size / 5, "compressed"


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
@pytest.mark.parametrize(("shape", "name"), [(VOLUME, "00000.tif"), (VOLUME[1:], "00000.png")])
def test_what_is_cut_short_is_told(tmp_path, shape, name, share):
    kept = KeptLabels(tmp_path)
    kept.write(0, np.random.default_rng(0).integers(0, 5, shape, np.uint8))
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(
        StoreError, match=rf"{name} is (missing or damaged|\(2, 40, 50\)).*run the trial again"
    ):
        kept.read(0, shape)


def test_other_sides_are_told(tmp_path):
    kept = KeptLabels(tmp_path)
    kept.write(0, np.zeros(VOLUME, np.uint8))
    with pytest.raises(StoreError, match=r"is \(4, 40, 50\), expected \(5, 40, 50\)"):
        kept.read(0, (5, 40, 50))
