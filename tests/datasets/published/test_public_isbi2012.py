"""Membranes of ISBI 2012 become label 1, whichever way round a copy has them."""

from __future__ import annotations

import zipfile

import h5py
import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.published import isbi2012


@pytest.fixture
def stacks(load_fake) -> dict[str, np.ndarray]:
    return load_fake("isbi2012").stacks()


def written_from(folder, converted, files):
    """Convert an unpacked archive that holds these stacks."""
    unpacked = folder / "unpacked" / isbi2012.ARCHIVE
    unpacked.mkdir(parents=True)
    for name, stack in files.items():
        tifffile.imwrite(unpacked / name, stack, photometric="minisblack")
    return converted("isbi2012", isbi2012.convert, folder)


def test_published_labels_are_0_on_membranes(converted, stacks):
    written = converted("isbi2012", isbi2012.convert)
    assert [*written.image] == ["train/train", "unlabelled/test"]
    np.testing.assert_array_equal(written.labels["train/train"], stacks["train-labels.tif"] == 0)
    np.testing.assert_array_equal(written.image["train/train"], stacks["train-volume.tif"])
    assert [*written.labels] == ["train/train"]


def test_a_copy_with_inverted_labels_gives_the_same(converted, stacks, tmp_path):
    expected = stacks["train-labels.tif"] == 0
    inverted = {**stacks, "train-labels.tif": 255 - stacks["train-labels.tif"]}
    written = written_from(tmp_path, converted, inverted)
    np.testing.assert_array_equal(written.labels["train/train"], expected)


def test_labels_of_unknown_origin_are_left_alone(converted, stacks, tmp_path):
    more = {**stacks, "test-labels.tif": stacks["train-labels.tif"]}
    assert [*written_from(tmp_path, converted, more).labels] == ["train/train"]


def test_labels_that_may_not_be_membranes_are_refused(converted, stacks, tmp_path):
    bright = {**stacks, "train-volume.tif": 255 - stacks["train-volume.tif"]}
    with pytest.raises(DataError, match="label 0 of ISBI 2012 is the rarer one and label 255 the darker one"):
        written_from(tmp_path, converted, bright)


def test_a_third_value_is_refused(converted, stacks, tmp_path):
    stacks["train-labels.tif"][3, 0, 0] = 128
    with pytest.raises(DataError, match=r"hold the values \[0, 128, 255\], expected two"):
        written_from(tmp_path, converted, stacks)


def test_a_wrong_archive_is_not_kept(invoke, make_fake, work, tmp_path, monkeypatch):
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    with zipfile.ZipFile(work / "wrong.zip", "w") as archive:
        archive.writestr("notes.txt", "no volume")
    assert "holds no train-volume.tif" in invoke("data", "import", "isbi2012", "--archive", "wrong.zip").err
    right = make_fake("isbi2012") / isbi2012.ARCHIVE
    assert invoke("data", "import", "isbi2012", "--archive", right).code == 0


def test_membranes_by_hand():
    image = np.array([[[10, 200], [200, 200]], [[200, 30], [200, 200]]])
    labels = np.array([[[7, 9], [9, 9]], [[9, 7], [9, 9]]])
    assert isbi2012.membrane_value(image, labels) == 7


def test_the_hdf5_copy_is_read(converted, stacks, tmp_path):
    unpacked = tmp_path / "unpacked" / isbi2012.ARCHIVE
    unpacked.mkdir(parents=True)
    with h5py.File(unpacked / "isbi.h5", "w") as file:
        file["raw"] = stacks["train-volume.tif"]
        file["labels/membranes"] = (stacks["train-labels.tif"] == 0).astype(np.uint8)
    written = converted("isbi2012", isbi2012.convert, tmp_path)
    np.testing.assert_array_equal(written.labels["train/train"], stacks["train-labels.tif"] == 0)
    assert [*written.image] == ["train/train"]
