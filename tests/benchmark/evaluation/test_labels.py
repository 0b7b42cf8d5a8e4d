import math

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.evaluation.labels import to_labels
from hypothesis import given
from hypothesis import strategies as st


@given(st.floats(0.01, 0.99), st.integers(0, 2**16))
def test_binary_agrees_with_the_sigmoid(threshold, seed):
    logits = 5 * torch.randn(1, 6, 7, generator=torch.Generator().manual_seed(seed))
    probabilities = torch.sigmoid(logits[0].double())
    clear = (probabilities - threshold).abs() > 1e-6
    assert np.array_equal(to_labels(logits, threshold)[clear], (probabilities > threshold).numpy()[clear])


def test_threshold_itself_is_background():
    assert to_labels(torch.tensor([[[0.0, 1e-7, -1e-7]]]), 0.5).tolist() == [[0, 1, 0]]


def test_probabilities_that_round_to_one_are_still_told_apart():
    """In float32 the sigmoid of 18 and of 20 is 1 both."""
    threshold = 1 / (1 + math.exp(-19))
    assert to_labels(torch.tensor([[[18.0, 20.0]]]), threshold).tolist() == [[0, 1]]


def test_classes_by_largest_logit_and_lowest_class_in_a_tie():
    logits = torch.tensor([[[0.0, 2.0, 1.0]], [[1.0, 2.0, 1.0]], [[-1.0, 1.0, 1.5]]])
    assert to_labels(logits, 0.5).tolist() == [[1, 0, 2]]


@pytest.mark.parametrize("classes", [1, 4, 256])
def test_type_and_shape(classes):
    logits = torch.zeros(classes, 3, 5, requires_grad=True)
    with torch.no_grad():
        logits[-1] = 1.0
    labels = to_labels(logits, 0.5)
    assert labels.dtype == np.uint8
    assert labels.shape == (3, 5)
    assert (labels == (1 if classes == 1 else classes - 1)).all()


@given(st.integers(0, 2**16), st.integers(2, 6), st.booleans())
def test_classes_agree_with_numpy_ties_included(seed, classes, channels_last):
    logits = np.random.default_rng(seed).integers(0, 3, (classes, 9, 11)).astype(np.float32)
    tensor = torch.from_numpy(logits)
    if channels_last:
        tensor = tensor[None].to(memory_format=torch.channels_last)[0]
    assert np.array_equal(to_labels(tensor, 0.5), logits.argmax(axis=0))
