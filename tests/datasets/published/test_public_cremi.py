"""CREMI's clefts are told from a background of 2**64 - 1."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.published import cremi


def test_background_by_hand():
    ids = np.array([[2**64 - 1, 0, 1, 2**64 - 2, 2**63]], np.uint64)
    assert cremi.is_cleft(ids).tolist() == [[False, True, True, True, True]]


@pytest.mark.parametrize("lossy", [np.int64, np.float64])
def test_types_that_lose_the_background_are_refused(lossy):
    ids = np.array([[2**64 - 1, 5]], np.uint64).astype(lossy)
    with pytest.raises(DataError, match=r"are (int|float)64, expected uint64"):
        cremi.is_cleft(ids)


def test_blocks(converted, load_fake):
    fake = load_fake("cremi")
    written = converted("cremi", cremi.convert)
    assert [*written.image] == ["train/A", "train/B", "test/C"]
    for seed, name in enumerate(written.image):
        ids = fake.clefts(seed)
        np.testing.assert_array_equal(written.labels[name], ids != fake.BACKGROUND)
        assert (ids == 0).any()
        assert not written.labels[name][fake.EMPTY_SECTION].any()
        assert written.image[name].dtype == np.uint8


def test_a_file_without_clefts_is_named(converted, make_fake):
    folder = make_fake("cremi")
    with h5py.File(folder / "sample_B_20160501.hdf", "a") as file:
        del file["volumes/labels/clefts"]
    with pytest.raises(DataError, match=r"sample_B_20160501\.hdf holds no dataset 'volumes/labels/clefts'"):
        converted("cremi", cremi.convert, folder)
