"""SNEMI3D's neurons become boundaries, and stay as instances."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.published import snemi3d


def test_0_is_boundary_and_ids_are_kept(converted, load_fake):
    written = converted("snemi3d", snemi3d.convert)
    image, neurons, test = load_fake("snemi3d").volumes()
    np.testing.assert_array_equal(written.image["train/AC4"], image)
    np.testing.assert_array_equal(written.labels["train/AC4"], neurons == 0)
    np.testing.assert_array_equal(written.instances["train/AC4"], neurons)
    np.testing.assert_array_equal(written.image["unlabelled/AC3"], test)
    assert [*written.labels] == ["train/AC4"]


def test_neurons_that_touch_are_refused(converted, make_fake):
    folder = make_fake("snemi3d")
    with h5py.File(folder / "snemi_train.h5", "a") as file:
        file["volumes/labels/neuron_ids"][0] = 5
    with pytest.raises(DataError, match="has no 0, expected 0 between neurons"):
        converted("snemi3d", snemi3d.convert, folder)


def test_the_challenges_own_files_give_the_same(converted, load_fake, tmp_path):
    published = converted("snemi3d", snemi3d.convert)
    image, neurons, test = load_fake("snemi3d").volumes()
    for place, stack in (
        ("image/train-input", image),
        ("seg/train-labels", neurons),
        ("image/test-input", test),
    ):
        path = tmp_path / "own" / f"{place}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, stack, photometric="minisblack")
    again = converted("snemi3d", snemi3d.convert, tmp_path / "own")
    for kind in ("image", "labels", "instances"):
        first, second = getattr(published, kind), getattr(again, kind)
        assert [*first] == [*second]
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])
