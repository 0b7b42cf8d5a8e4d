import tracemalloc

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Counts
from emseg_bench.benchmark.contracts.errors import DataError, TrialError
from emseg_bench.benchmark.evaluation.confusion import count
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays


def labels(*rows):
    return np.array(rows, dtype=np.uint8)


@st.composite
def cases(draw):
    """Give (truth, prediction, number of classes, ignore value) with every value possible."""
    classes = draw(st.integers(1, 5))
    ignore = draw(st.sampled_from([None, 255, classes, 0]))
    shape = draw(array_shapes(min_dims=2, max_dims=2, max_side=12))
    true_values = [*range(classes), *([] if ignore is None else [ignore])]
    truth = draw(arrays(np.uint8, shape, elements=st.sampled_from(true_values)))
    prediction = draw(arrays(np.uint8, shape, elements=st.integers(0, classes - 1)))
    return truth, prediction, classes, ignore


def test_hand_counted_binary_case():
    truth = labels([0, 0, 1, 1], [1, 0, 255, 255])
    prediction = labels([0, 1, 1, 0], [1, 0, 1, 0])
    background, foreground = count(truth, prediction, 2, 255)
    assert foreground == Counts(true_positive=2, false_positive=1, false_negative=1, true_negative=2)
    assert background == Counts(true_positive=2, false_positive=1, false_negative=1, true_negative=2)


def test_hand_counted_three_classes():
    truth, prediction = labels([0, 1, 2, 2, 2]), labels([0, 2, 2, 2, 1])
    assert count(truth, prediction, 3, None) == (
        Counts(true_positive=1, false_positive=0, false_negative=0, true_negative=4),
        Counts(true_positive=0, false_positive=1, false_negative=1, true_negative=3),
        Counts(true_positive=2, false_positive=1, false_negative=1, true_negative=1),
    )


@given(cases())
def test_agrees_with_counting_by_definition(case):
    truth, prediction, classes, ignore = case
    scored = np.ones(truth.shape, bool) if ignore is None else truth != ignore
    for index, counts in enumerate(count(truth, prediction, classes, ignore)):
        true, predicted = truth == index, prediction == index
        assert counts == Counts(
            true_positive=int((true & predicted & scored).sum()),
            false_positive=int((~true & predicted & scored).sum()),
            false_negative=int((true & ~predicted & scored).sum()),
            true_negative=int((~true & ~predicted & scored).sum()),
        )


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(cases())
def test_agrees_with_torchmetrics(case):
    functional = pytest.importorskip(
        "torchmetrics.functional.classification", reason="torchmetrics is missing"
    )
    truth, prediction, classes, ignore = case
    assume(classes > 1)  # torchmetrics knows no task of one class
    stat_scores = functional.multiclass_stat_scores(
        torch.from_numpy(prediction).long(),
        torch.from_numpy(truth).long(),
        num_classes=classes,
        average=None,
        ignore_index=ignore,
    )
    ours = [
        [c.true_positive, c.false_positive, c.true_negative, c.false_negative]
        for c in count(truth, prediction, classes, ignore)
    ]
    assert ours == stat_scores[:, :4].tolist()


@given(cases())
def test_counts_of_each_class_add_up_to_the_scored_pixels(case):
    truth, prediction, classes, ignore = case
    pixels = truth.size if ignore is None else int((truth != ignore).sum())
    for c in count(truth, prediction, classes, ignore):
        assert c.true_positive + c.false_positive + c.false_negative + c.true_negative == pixels


def test_inputs_that_do_not_lie_in_one_piece():
    truth, prediction = np.zeros((6, 8), np.uint8), np.zeros((8, 6), np.uint8)
    truth[2], prediction[:, 2] = 1, 1
    counts = count(truth[::2, ::-1], prediction.T[::2, ::-1], 2, None)
    assert counts[1] == Counts(true_positive=8, false_positive=0, false_negative=0, true_negative=16)


def test_true_label_outside_the_classes_is_told_with_its_place():
    truth = labels([0, 1, 0], [0, 7, 7])
    with pytest.raises(DataError, match=r"true label 7 at row 1, column 1 \(2 px in all\), expected 0 to 1"):
        count(truth, np.zeros_like(truth), 2, None)


def test_a_volume_is_counted_as_all_its_slices_in_one():
    rng = np.random.default_rng(0)
    truth, prediction = rng.choice([0, 1, 2, 255], (4, 6, 5)).astype(np.uint8), rng.integers(0, 3, (4, 6, 5))
    flat = (labels.reshape(-1, 5) for labels in (truth, np.uint8(prediction)))
    assert count(truth, np.uint8(prediction), 3, 255) == count(*flat, 3, 255)


def test_wrong_labels_of_a_volume_are_told_with_their_slice():
    truth, prediction = np.zeros((2, 3, 2, 3), np.uint8)
    truth[2, 1, 0] = 9
    with pytest.raises(DataError, match=r"true label 9 in slice 2 at row 1, column 0 \(1 px"):
        count(truth, prediction, 2, None)
    with pytest.raises(TrialError, match=r"predicted label 9 in slice 2 at row 1, column 0"):
        count(prediction, truth, 2, None)


def test_a_memory_map_is_read_slice_by_slice(tmp_path):
    shape = (64, 256, 256)
    truth = np.lib.format.open_memmap(tmp_path / "truth.npy", "w+", np.uint8, shape)
    prediction = np.lib.format.open_memmap(tmp_path / "prediction.npy", "w+", np.uint8, shape)
    prediction[::2] = 1
    tracemalloc.start()
    counts = count(truth, prediction, 2, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counts[1].false_positive == 32 * 256 * 256
    assert peak < truth.size  # less than a byte per voxel


def test_ignore_value_excuses_only_itself():
    truth = labels([255, 254])
    with pytest.raises(DataError, match="true label 254"):
        count(truth, np.zeros_like(truth), 2, 255)


def test_predicted_label_outside_the_classes_is_told():
    truth = labels([0, 1, 1])
    with pytest.raises(TrialError, match=r"predicted label 2 at row 0, column 1 \(1 px"):
        count(truth, labels([0, 2, 1]), 2, None)


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        (np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), r"\(2, 3\) and predicted ones \(3, 2\)"),
        (np.zeros((4, 2, 3), np.uint8), np.zeros((5, 2, 3), np.uint8), r"\(4, 2, 3\).*\(5, 2, 3\)"),
        (np.zeros((1, 1, 2, 3), np.uint8), np.zeros((1, 1, 2, 3), np.uint8), r"expected one \(H, W\)"),
        (np.zeros((2, 3), np.int64), np.zeros((2, 3), np.uint8), "int64 .*uint8"),
    ],
)
def test_arrays_must_fit(truth, prediction, message):
    with pytest.raises(DataError, match=message):
        count(truth, prediction, 2, None)
