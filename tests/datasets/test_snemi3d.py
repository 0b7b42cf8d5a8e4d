"""SNEMI3D's neurons become boundaries, and stay as instances."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from emseg_bench.benchmark.errors import DataError
from emseg_bench.datasets.public import snemi3d


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
