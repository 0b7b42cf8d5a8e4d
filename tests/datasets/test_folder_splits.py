"""How images are divided into train, val and test."""

from __future__ import annotations

from itertools import pairwise

import pytest
from emseg_bench.benchmark.errors import DataError, UsageError
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.folder.layout import Pair, natural_key
from emseg_bench.datasets.folder.splits import block_split
from hypothesis import given
from hypothesis import strategies as st

SHARE = st.floats(0.01, 0.33)


def pairs(number: int) -> list[Pair]:
    return [Pair(f"{k:04d}", f"images/{k}.png", f"masks/{k}.png") for k in range(number)]


def ids(dataset, split: str) -> list[str]:
    return [case.id for case in dataset.manifest.split(split)]


@given(number=st.integers(3, 300), val=SHARE, test=SHARE, seed=st.integers(0, 2**40))
def test_blocks_are_disjoint_contiguous_and_cover_all(number, val, test, seed):
    items = pairs(number)
    splits = block_split(items, {"val": val, "test": test}, seed)
    assert list(splits) == ["train", "val", "test"]
    together = [pair for block in splits.values() for pair in block]
    assert sorted(together, key=lambda pair: pair.stem) == items
    for block in splits.values():
        assert block
        begin = items.index(block[0])
        assert list(block) == items[begin : begin + len(block)]


@given(number=st.integers(10, 300), val=SHARE, test=SHARE, seed=st.integers(0, 100))
def test_blocks_have_their_shares_whatever_the_seed(number, val, test, seed):
    splits = block_split(pairs(number), {"val": val, "test": test}, seed)
    assert len(splits["val"]) == max(1, round(number * val))
    assert len(splits["test"]) == max(1, round(number * test))
    assert splits == block_split(pairs(number), {"val": val, "test": test}, seed)


@given(number=st.integers(3, 60), first=st.integers(0, 50), second=st.integers(0, 50))
def test_seeds_give_six_divisions_in_turn(number, first, second):
    shares = {"val": 0.2, "test": 0.2}
    same = block_split(pairs(number), shares, first) == block_split(pairs(number), shares, second)
    assert same == (first % 6 == second % 6)


def test_the_order_of_blocks_by_hand():
    shares = {"val": 0.2, "test": 0.2}
    firsts = [
        {k: int(v[0].stem) for k, v in block_split(pairs(10), shares, seed).items()} for seed in range(3)
    ]
    assert firsts == [
        {"train": 0, "val": 6, "test": 8},
        {"train": 0, "val": 8, "test": 6},
        {"train": 2, "val": 0, "test": 8},
    ]


@pytest.mark.parametrize(("number", "val", "test"), [(10, 0.5, 0.6), (4, 0.375, 0.375), (2, 0.2, 0.2)])
def test_nothing_left_to_train_on(number, val, test):
    told = rf"val_share {val} and test_share {test} of {number} images leave nothing to train on; lower them"
    with pytest.raises(DataError, match=told):
        block_split(pairs(number), {"val": val, "test": test}, 0)


@given(st.lists(st.text(alphabet="ab019_", max_size=8), unique=True))
def test_natural_order_is_an_order_of_distinct_names(names):
    assert len({tuple(natural_key(name)) for name in names}) == len(names)
    keys = sorted(natural_key(name) for name in names)
    assert all(one < two for one, two in pairwise(keys))


def test_natural_order_counts():
    assert sorted(["z10", "z9", "a2", "z010", "10", "9"], key=natural_key) == [
        "9",
        "10",
        "a2",
        "z9",
        "z010",
        "z10",
    ]


def test_an_undivided_folder_is_cut_into_blocks(make_folder, cache):
    dataset = open_folder(str(make_folder(10)), cache)
    assert ids(dataset, "train") == [f"train/{k:02d}" for k in range(6)]
    assert ids(dataset, "val") == ["val/06", "val/07"]
    assert ids(dataset, "test") == ["test/08", "test/09"]
    assert dataset.manifest.split_rule == (
        "10 images in natural order of their names, cut into contiguous blocks: "
        "train 6 (00 to 05), val 2 (06 to 07), test 2 (08 to 09); split_seed 0"
    )


def test_options_change_the_blocks(make_folder, cache):
    dataset = open_folder(str(make_folder(10)), cache, val_share=0.1, test_share=0.4, split_seed=5)
    assert ids(dataset, "test") == [f"test/{k:02d}" for k in range(4)]
    assert ids(dataset, "val") == ["val/04"]
    assert "split_seed 5" in dataset.manifest.split_rule


def test_a_divided_folder_stays_as_it_is(make_folder, cache):
    for part, start in (("train", 0), ("val", 3), ("test", 5)):
        root = make_folder(2, part, start=start)
    dataset = open_folder(str(root), cache)
    assert ids(dataset, "train") == ["train/00", "train/01"]
    assert ids(dataset, "test") == ["test/05", "test/06"]
    assert dataset.manifest.split_rule == (
        "as divided in the folders train/ (2 images), val/ (2 images), test/ (2 images)"
    )


def test_without_test_split_val_serves_and_the_notes_say_so(make_folder, cache):
    make_folder(2, "train")
    dataset = open_folder(str(make_folder(2, "val", start=3)), cache)
    assert ids(dataset, "val") == ["val/03", "val/04"]
    assert ids(dataset, "test") == ["test/03", "test/04"]
    assert [case.sha256 for case in dataset.manifest.split("val")] == [
        case.sha256 for case in dataset.manifest.split("test")
    ]
    assert dataset.manifest.notes[0].startswith(
        "There is no test split: the val split serves as test split too."
    )


def test_without_val_split_a_block_of_train_validates(make_folder, cache):
    make_folder(10, "train")
    dataset = open_folder(str(make_folder(2, "test", start=20)), cache, val_share=0.3, split_seed=1)
    assert ids(dataset, "val") == ["val/00", "val/01", "val/02"]
    assert ids(dataset, "train")[0] == "train/03"
    assert ids(dataset, "test") == ["test/20", "test/21"]
    assert dataset.manifest.notes[0] == "There is no val split: 3 images of train/ validate and do not train."
    assert "val 3 (00 to 02)" in dataset.manifest.split_rule


def test_an_option_that_does_nothing_is_refused(make_folder, cache):
    make_folder(4, "train")
    root = make_folder(2, "test", start=10)
    with pytest.raises(UsageError, match=r"test_share does nothing here: .*already divided"):
        open_folder(str(root), cache, test_share=0.5)
    make_folder(2, "val", start=20)
    with pytest.raises(UsageError, match="split_seed does nothing here"):
        open_folder(str(root), cache, split_seed=2)


def test_copies_of_training_images_are_noted(make_folder, cache):
    make_folder(3, "train")
    make_folder(2, "val", start=10)
    dataset = open_folder(str(make_folder(3, "test", start=2)), cache)
    assert (
        "The train split holds copies of 1 test image (02): scores are optimistic." in dataset.manifest.notes
    )
