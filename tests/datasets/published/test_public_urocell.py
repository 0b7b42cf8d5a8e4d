"""UroCell's arrays are turned, cut to bytes, cropped where rows are missing, and labelled by two files."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.published import urocell


def test_blocks(converted, load_fake):
    fake = load_fake("urocell")
    written = converted("urocell", urocell.convert)
    assert [*written.image] == [f"{part}/{block}" for block, part in urocell.PARTS.items()]
    for name, image in written.image.items():
        block = name.partition("/")[2]
        rows = fake.MISSING_ROWS.get(block, 0)
        assert image.shape == (32, 88 - rows, 64)
        np.testing.assert_array_equal(image, np.floor(fake.raw(block)[:, rows:]))
        assert image.min() > 0
    assert {*written.labels} == {name for name in written.image if not name.startswith("unlabelled/")}


def test_labels_are_lysosomes_and_twice_mitochondria(converted, load_fake):
    fake = load_fake("urocell")
    written = converted("urocell", urocell.convert)
    # at (3, 60, 5) a lysosome and beside it two mitochondria; 54 rows of this block are missing
    assert written.labels["train/fib1-1-0-3"][3, 60 - 54, 5:8].tolist() == [1, 2, 2]
    assert written.labels["test/fib1-0-0-0"][3, 60 - 12, 5:8].tolist() == [1, 2, 2]
    np.testing.assert_array_equal(
        written.labels["train/fib1-3-3-0"], np.minimum(fake.organelles("fib1-3-3-0"), 2)
    )


def test_overlapping_labels_are_refused(converted, make_fake):
    folder = make_fake("urocell")
    converted("urocell", urocell.convert, folder)
    root = folder / "unpacked" / urocell.ARCHIVE / "UroCell-master"
    lysosomes = root / "lyso/binary/fib1-3-2-1.nii.gz"
    lysosomes.write_bytes((root / "mito/binary/fib1-3-2-1.nii.gz").read_bytes())
    with pytest.raises(DataError, match="in fib1-3-2-1 of UroCell labels overlap"):
        converted("urocell", urocell.convert, folder)


def test_values_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "block.nii.gz"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.full((2, 3, 4), 300, np.float32)), str(path))
    with pytest.raises(DataError, match=r"holds values from 300.0 to 300.0, expected 0 to 255"):
        urocell.read_bytes_of(path)


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "block.nii.gz"
    path.write_bytes(b"<html>")
    with pytest.raises(DataError, match=r"block\.nii\.gz cannot be read"):
        urocell.read_bytes_of(path)
