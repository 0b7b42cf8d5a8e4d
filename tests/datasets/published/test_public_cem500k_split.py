"""CEM500K's division drops the last slice along each axis, and keeps all that has none to drop."""

from __future__ import annotations

import pytest
from emseg_bench.benchmark.contracts.errors import UnknownNameError, UsageError
from emseg_bench.datasets.published import cremi, guay, lucchi_pp, perez, urocell


def ids(dataset, split: str) -> list[str]:
    return [case.id.partition("/")[2] for case in dataset.manifest.split(split)]


def test_cremi_loses_the_last_section_of_each_block(published):
    dataset = published(cremi, split="cem500k-2021")
    assert ids(dataset, "train") == [f"{block}-z{z:04}" for block in "AB" for z in range(5)]
    assert ids(dataset, "val") == ["A-z0005", "B-z0005"]
    (test,) = dataset.manifest.split("test")
    assert (test.id, test.depth) == ("test/C", 6)
    assert "without last slices" in dataset.manifest.split_rule


def test_cremi_loses_nothing_by_default(published):
    dataset = published(cremi)
    used = [*ids(dataset, "train"), *ids(dataset, "val")]
    # a fifth of six sections is one; between it and the others lie two, for 50 nm are more than one of 40 nm
    assert used == [*(f"{block}-z{z:04}" for block in "AB" for z in range(3)), "A-z0005", "B-z0005"]


def test_guay_keeps_the_published_val_part(published):
    dataset = published(guay, split="cem500k-2021")
    assert {split: len(ids(dataset, split)) for split in ("train", "val", "test")} == {
        "train": 5,
        "val": 4,
        "test": 1,
    }
    assert published(guay).manifest.split_rule == "train, val and test as published"


def test_urocell_is_sliced_along_three_axes(published):
    dataset = published(urocell, split="cem500k-2021")
    train = ids(dataset, "train")
    # three blocks of (32, 88, 64) and one of which 54 rows are missing, a slice less along each axis
    assert len(train) == 3 * (31 + 87 + 63) + (31 + 33 + 63)
    assert "fib1-3-2-1-y0086" in train
    assert "fib1-3-2-1-y0087" not in train
    assert set(ids(dataset, "val")) >= {"fib1-3-2-1-z0031", "fib1-3-2-1-y0087", "fib1-3-2-1-x0063"}
    shapes = {case.id: (case.height, case.width) for case in dataset.manifest.cases}
    assert shapes["train/fib1-1-0-3-z0000"] == (34, 64)
    assert shapes["train/fib1-1-0-3-y0000"] == (32, 64)
    assert shapes["train/fib1-1-0-3-x0000"] == (32, 34)
    assert dataset.manifest.axes == "orthoplane"


def test_stacks_of_files_lose_nothing(published):
    dataset = published(lucchi_pp, split="cem500k-2021")
    assert len(ids(dataset, "train")) == len(ids(dataset, "test")) == 16
    assert ids(dataset, "val") == ["train-z0015"]
    dataset = published(perez, name="perez-mito", split="cem500k-2021")
    assert ids(dataset, "train") == ["003", "012", "101", "102", "999"]
    assert ids(dataset, "val") == ["999"]


def test_options_that_do_nothing_are_refused(published):
    with pytest.raises(UsageError, match="the option val_share does nothing here: split=cem500k-2021"):
        published(lucchi_pp, split="cem500k-2021", val_share=0.3)
    with pytest.raises(UnknownNameError, match="did you mean 'cem500k-2021'"):
        published(lucchi_pp, split="cem500k-2020")
