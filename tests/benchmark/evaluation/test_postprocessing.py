"""Steps that tidy label maps: what they do to pixels."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import TrialError
from emseg_bench.benchmark.evaluation.postprocessing import TidiedLabels, fill_holes, remove_small, tidy


def labels(*rows: str) -> np.ndarray:
    return np.array([list(map(int, row)) for row in rows], np.uint8)


def test_small_objects_of_every_class_go_by_their_own_size():
    seen = labels("11020", "10002", "00000", "22200", "22200")
    assert (remove_small(3)(seen) == labels("11000", "10000", "00000", "22200", "22200")).all()
    assert (remove_small(2)(seen) == seen).all()  # pixels that touch at a corner are one object
    assert (remove_small(4)(seen) == labels("00000", "00000", "00000", "22200", "22200")).all()


def test_a_small_object_within_another_leaves_background():
    assert (remove_small(3)(labels("111", "121", "111")) == labels("111", "101", "111")).all()


def test_holes_are_filled_by_the_class_that_encloses_them_and_other_classes_stay():
    seen = labels("11100", "10122", "11120", "00022", "12100")
    assert (fill_holes()(seen) == labels("11100", "11122", "11120", "00022", "12100")).all()
    assert (fill_holes()(labels("111", "121", "111")) == labels("111", "121", "111")).all()
    assert (fill_holes()(labels("101", "101", "111")) == labels("101", "101", "111")).all()


def test_steps_follow_each_other():
    seen = labels("1111", "1021", "1111")
    assert (tidy(seen, [remove_small(2), fill_holes()]) == 1).all()
    assert (tidy(seen, [fill_holes(), remove_small(2)]) == labels("1111", "1101", "1111")).all()
    assert (tidy(seen, []) == seen).all()


def test_volumes_are_taken_section_by_section():
    volume = np.zeros((2, 2, 2), np.uint8)
    volume[:, 0, 0] = 1  # two voxels, one in each section
    out = np.full_like(volume, 9)
    TidiedLabels(out, [remove_small(2)])[0:2] = volume
    assert (out == 0).all()


@pytest.mark.parametrize("step", [lambda seen: seen / 2, lambda seen: seen[1:], lambda seen: None])
def test_what_is_no_label_map_is_refused(step):
    with pytest.raises(TrialError, match="expected labels of the same shape and type"):
        tidy(labels("10", "01"), [step])
