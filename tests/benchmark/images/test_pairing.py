"""Which labels belong to which images: one to one, or nothing."""

from __future__ import annotations

import pytest
from emseg_bench.benchmark.images.pairing import is_labels_name, pair_up
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (["a", "b"], ["a", "b"]),
        (["img_0", "img_1", "img_10"], ["img_0_masks", "img_1_masks", "img_10_masks"]),
        (["a", "b"], ["a-labels", "b-labels"]),
        (["s1", "s2"], ["s1_seg", "s2_seg"]),
        (["s1", "s2"], ["mask_s1", "mask_s2"]),
        (["s1", "s2"], ["s1_cp_masks", "s2_cp_masks"]),
        (["Image1", "Image2"], ["Label1", "Label2"]),
        (["raw_1", "raw_2"], ["GT-1", "GT-2"]),
        (["cell1", "cell2"], ["cell1GroundTruth", "cell2GroundTruth"]),
        (["tr_000_0000", "tr_001_0000"], ["tr_000", "tr_001"]),
        (["img_1", "img_2", "img_10"], ["img_001", "img_002", "img_010"]),
        (["train_image_1", "train_image_2"], ["annot01", "annot02"]),
        (["m1/s0", "m2/s0"], ["m1/s0", "m2/s0"]),
        (["imagesTr/x", "b/y"], ["labelsTr/x", "b/y"]),
        (["slice_7", "slice_9"], ["anno007", "anno009"]),
    ],
)
def test_names_that_belong_together(images, labels):
    for order in (labels, labels[::-1]):
        found = pair_up(images, order)
        assert found.pairs == tuple(zip(images, labels, strict=True))
        assert found.images_alone == found.labels_alone == ()


@pytest.mark.parametrize(
    ("images", "labels", "pairs"),
    [
        (["a", "b", "c"], ["x"], 0),
        (["a", "b"], ["a_mask", "a_seg"], 0),
        (["a_1", "a_01"], ["a_1_mask", "a_001_mask"], 1),
        (["a_0000", "a_0001"], ["a"], 1),
        (["mouse1_z5", "mouse2_z5"], ["rat1_z5", "rat2_z6"], 0),
        (["img_1", "image_1"], ["1_mask"], 0),
        (["x", "y"], ["y", "z"], 1),
    ],
)
def test_what_is_in_doubt_is_left_out(images, labels, pairs):
    found = pair_up(images, labels)
    assert len(found.pairs) == pairs
    assert len(found.images_alone) == len(images) - pairs
    assert len(found.labels_alone) == len(labels) - pairs


def test_doubts_are_told():
    (doubt,) = pair_up(["a"], ["a_mask", "a_seg"]).doubts
    assert doubt == "a and a_mask, a_seg are named alike: which belong together?"


NAMES = st.lists(
    st.text("ab01_/", min_size=1, max_size=6).map(lambda text: f"x{text}"), unique=True, max_size=8
)


@given(NAMES, NAMES)
def test_nothing_is_given_twice_and_nothing_is_lost(images, labels):
    found = pair_up(images, labels)
    ours, theirs = [one for one, _ in found.pairs], [other for _, other in found.pairs]
    assert len(set(theirs)) == len(theirs)
    assert sorted([*ours, *found.images_alone]) == sorted(images)
    assert sorted([*theirs, *found.labels_alone]) == sorted(labels)
    assert {one for one in images if one in labels} <= set(ours)


def test_names_of_labels():
    names = ("img_0", "img_0_masks", "cellMask", "segment", "gt3", "cp_1")
    assert [one for one in names if is_labels_name(one)] == ["img_0_masks", "cellMask", "gt3"]
