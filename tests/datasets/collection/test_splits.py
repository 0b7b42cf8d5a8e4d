"""Blocks, folds and groups: nothing in two splits, gaps kept, everything tested once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from emseg_bench.benchmark.contracts.errors import DataError, UsageError
from emseg_bench.datasets.collection.splits import (
    cut_blocks,
    cut_fold,
    default_gap,
    divide_groups,
    fold_groups,
)
from hypothesis import assume, given
from hypothesis import strategies as st


def test_blocks_by_hand() -> None:
    blocks = cut_blocks(20, {"val": 0.2, "test": 0.2}, gap=1)

    assert blocks == {"train": range(10), "val": range(11, 15), "test": range(16, 20)}


def test_the_order_counts_through_the_permutations() -> None:
    blocks = cut_blocks(20, {"val": 0.2, "test": 0.2}, gap=1, order=5)

    assert blocks == {"test": range(4), "val": range(5, 9), "train": range(10, 20)}
    assert cut_blocks(20, {"val": 0.2}, order=3) == cut_blocks(20, {"val": 0.2}, order=1)


@given(length=st.integers(1, 300), gap=st.integers(0, 9), order=st.integers(0, 5), share=st.floats(0.01, 0.6))
def test_blocks_are_disjoint_and_gaps_are_kept(length: int, gap: int, order: int, share: float) -> None:
    try:
        blocks = cut_blocks(length, {"val": share, "test": 0.2}, gap=gap, order=order)
    except DataError:
        assume(False)
    by_place = sorted(blocks.values(), key=lambda block: block.start)

    assert [len(block) for block in by_place] == [block.stop - block.start for block in by_place]
    assert all(second.start - first.stop == gap for first, second in pairwise(by_place))
    assert by_place[0].start == 0
    assert by_place[-1].stop == length


SHARE = st.floats(0.01, 0.33)


@given(number=st.integers(3, 300), val=SHARE, test=SHARE, order=st.integers(0, 2**40))
def test_blocks_cover_all_whatever_the_order(number: int, val: float, test: float, order: int) -> None:
    blocks = cut_blocks(number, {"val": val, "test": test}, order=order)
    assert list(blocks) == ["train", "val", "test"]
    assert all(len(block) for block in blocks.values())
    assert sorted(place for block in blocks.values() for place in block) == list(range(number))


@given(number=st.integers(10, 300), val=SHARE, test=SHARE, order=st.integers(0, 100))
def test_blocks_have_their_shares_whatever_the_order(
    number: int, val: float, test: float, order: int
) -> None:
    blocks = cut_blocks(number, {"val": val, "test": test}, order=order)
    assert len(blocks["val"]) == max(1, round(number * val))
    assert len(blocks["test"]) == max(1, round(number * test))
    assert blocks == cut_blocks(number, {"val": val, "test": test}, order=order)


@given(number=st.integers(3, 60), first=st.integers(0, 50), second=st.integers(0, 50))
def test_orders_give_six_divisions_in_turn(number: int, first: int, second: int) -> None:
    shares = {"val": 0.2, "test": 0.2}
    same = cut_blocks(number, shares, order=first) == cut_blocks(number, shares, order=second)
    assert same == (first % 6 == second % 6)


def test_the_order_of_blocks_by_hand() -> None:
    shares = {"val": 0.2, "test": 0.2}
    firsts = [
        {split: block[0] for split, block in cut_blocks(10, shares, order=order).items()}
        for order in range(3)
    ]
    assert firsts == [
        {"train": 0, "val": 6, "test": 8},
        {"train": 0, "val": 8, "test": 6},
        {"train": 2, "val": 0, "test": 8},
    ]


@pytest.mark.parametrize(("number", "val", "test"), [(10, 0.5, 0.6), (4, 0.375, 0.375), (2, 0.2, 0.2)])
def test_nothing_left_to_train_on(number: int, val: float, test: float) -> None:
    told = rf"{number} sections cannot be divided into val \d, test \d.*: nothing is left to train on"
    with pytest.raises(DataError, match=told):
        cut_blocks(number, {"val": val, "test": test})


def test_too_few_sections_say_what_was_asked_for() -> None:
    with pytest.raises(
        DataError, match=r"4 sections cannot be divided into val 1, test 1 and 2 gap\(s\) of 1"
    ):
        cut_blocks(4, {"val": 0.2, "test": 0.2}, gap=1)


def test_a_fold_by_hand() -> None:
    assert cut_fold(10, 5, 1, val_share=0.2, gap=1) == {
        "train": (0, 8, 9),
        "val": (5, 6),
        "test": (2, 3),
    }


def test_the_last_fold_validates_before_it() -> None:
    assert cut_fold(10, 5, 4, val_share=0.2) == {
        "train": (0, 1, 2, 3, 4, 5),
        "val": (6, 7),
        "test": (8, 9),
    }


@given(length=st.integers(10, 200), folds=st.integers(2, 8), gap=st.integers(0, 3))
def test_over_all_folds_every_section_is_tested_once(length: int, folds: int, gap: int) -> None:
    try:
        divided = [cut_fold(length, folds, fold, val_share=0.1, gap=gap) for fold in range(folds)]
    except DataError:
        assume(False)

    assert sorted(z for splits in divided for z in splits["test"]) == list(range(length))
    for splits in divided:
        for first in splits:
            for second in splits:
                near = [abs(a - b) for a in splits[first] for b in splits[second]]
                assert first == second or min(near) > gap


@pytest.mark.parametrize(("folds", "fold"), [(1, 0), (5, 5), (5, -1)])
def test_no_such_fold(folds: int, fold: int) -> None:
    with pytest.raises(UsageError, match=f"got fold={fold} of folds={folds}"):
        cut_fold(50, folds, fold, val_share=0.2)


@given(names=st.sets(st.text(min_size=1, max_size=3), min_size=3, max_size=20), seed=st.integers(0, 9))
def test_groups_are_never_divided(names: set[str], seed: int) -> None:
    divided = divide_groups([*names, *names], {"val": 0.2, "test": 0.2}, seed=seed)

    assert sorted(name for part in divided.values() for name in part) == sorted(names)
    assert all(divided.values())


@given(names=st.sets(st.text(min_size=1, max_size=3), min_size=6, max_size=20), seed=st.integers(0, 9))
def test_over_all_folds_every_group_is_tested_once(names: set[str], seed: int) -> None:
    divided = [fold_groups([*names], 3, fold, val_share=0.1, seed=seed) for fold in range(3)]

    assert sorted(name for splits in divided for name in splits["test"]) == sorted(names)
    assert all(sorted(sum(splits.values(), ())) == sorted(names) for splits in divided)


def test_too_few_groups() -> None:
    with pytest.raises(DataError, match=r"2 group\(s\) cannot be divided"):
        divide_groups(["a", "b"], {"val": 0.2, "test": 0.2})
    with pytest.raises(DataError, match=r"2 group\(s\) are too few"):
        fold_groups(["a", "b"], 2, 0, val_share=0.2)


@pytest.mark.parametrize(
    ("voxel", "gap"), [((50.0, 4.0, 4.0), 1), ((5.0, 5.0, 5.0), 10), (None, 1), ((8.0, 8.0), 1)]
)
def test_the_gap_follows_the_thickness_of_sections(voxel: tuple[float, ...] | None, gap: int) -> None:
    assert default_gap(voxel) == gap
