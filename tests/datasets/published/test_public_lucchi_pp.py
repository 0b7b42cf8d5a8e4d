"""Lucchi++'s images are called masks, and some labels have colours."""

from __future__ import annotations

import numpy as np
from emseg_bench.datasets.published import lucchi_pp


def test_pairs_by_number_and_labels_by_first_channel(converted, load_fake):
    fake = load_fake("lucchi_pp")
    written = converted("lucchi_pp", lucchi_pp.convert)
    for name, part in (("train/train", "Train"), ("test/test", "Test")):
        np.testing.assert_array_equal(written.image[name], fake.image(part))
        np.testing.assert_array_equal(written.labels[name], fake.mask(part) == 255)
        assert (fake.mask(part) == fake.NEARLY_WHITE).any()


def test_train_and_test_are_not_swapped(converted, load_fake):
    written = converted("lucchi_pp", lucchi_pp.convert)
    assert (written.labels["train/train"] != written.labels["test/test"]).any()
    np.testing.assert_array_equal(written.image["train/train"], load_fake("lucchi_pp").image("Train"))
