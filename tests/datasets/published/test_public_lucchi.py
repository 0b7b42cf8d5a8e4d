"""Lucchi's four files become two volumes with labels 0 and 1."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.published import lucchi


def test_white_is_mitochondria(converted, load_fake):
    written = converted("lucchi", lucchi.convert)
    assert [*written.image] == [*written.labels] == ["train/training", "test/testing"]
    expected = load_fake("lucchi").blobs(0, written.labels["train/training"].shape) > 0
    np.testing.assert_array_equal(written.labels["train/training"], expected)
    assert written.image["train/training"][expected].mean() < written.image["train/training"].mean()


def test_other_values_are_refused():
    section = np.array([[0, 255], [0, 255]], np.uint8)
    np.testing.assert_array_equal(lucchi.mitochondria(section), [[0, 1], [0, 1]])
    section[0, 0] = 3
    with pytest.raises(DataError, match="holds the value 3, expected 0 and 255"):
        lucchi.mitochondria(section)


def test_the_address_keeps_its_encoded_space():
    (card,) = lucchi.CARDS
    assert {file.name: file.url for file in card.files}["training_groundtruth.tif"].endswith(
        "/data/%20ElectronMicroscopy_Hippocampus/training_groundtruth.tif"
    )
