"""Numbers of objects to classes and back."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.datasets.collection.instances import to_objects, to_semantic
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.segmentation import find_boundaries

NUMBERS = arrays(np.uint16, st.tuples(*[st.integers(1, 9)] * 2), elements=st.integers(0, 4))


@given(NUMBERS)
def test_rims_are_scikit_image_s_inner_and_outer_ones_within_objects(objects):
    expected = np.where(objects == 0, 0, 1 + find_boundaries(objects, connectivity=1, mode="thick"))
    np.testing.assert_array_equal(to_semantic(objects, "boundary"), expected)
    np.testing.assert_array_equal(to_semantic(objects, "binary"), objects > 0)


@given(arrays(np.uint16, (3, 5, 6), elements=st.integers(0, 3)))
def test_a_volume_is_all_its_sections(objects):
    for mode in ("binary", "boundary"):
        sections = [to_semantic(section, mode) for section in objects]
        np.testing.assert_array_equal(to_semantic(objects, mode), sections)


def test_pixels_that_nothing_is_known_of_make_no_rim():
    objects = np.array([[1, 1, 9, 2, 2]])
    np.testing.assert_array_equal(to_semantic(objects, "boundary", 9), [[1, 1, 255, 1, 1]])
    np.testing.assert_array_equal(to_semantic(objects, "boundary", 0), [[1, 2, 2, 2, 1]])


@pytest.mark.parametrize("mode", ["binary", "boundary"])
def test_there_and_back(mode):
    objects = np.zeros((20, 30), np.uint16)
    objects[2:9, 2:12], objects[12:19, 3:9] = 5, 9
    if mode == "boundary":
        objects[2:9, 12:20] = 7  # touches the first one
    back = to_objects(to_semantic(objects, mode), mode)
    pairs = {(int(one), int(two)) for one, two in zip(objects.ravel(), back.ravel(), strict=True)}
    assert len(pairs) == len(np.unique(objects)) == len(np.unique(back))
    assert (0, 0) in pairs


def test_nothing_is_nothing():
    empty = np.zeros((4, 4), np.uint8)
    for mode in ("binary", "boundary"):
        assert not to_objects(empty, mode).any()
    assert not to_objects(np.full((4, 4), 2, np.uint8), "boundary").any()
