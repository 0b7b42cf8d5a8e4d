"""Guay's volumes are stretched one by one, and only what was annotated counts."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.fetching.slices import LazySlices
from emseg_bench.datasets.published import guay


def test_stretching_by_hand():
    volume = np.array([[[-300, 0]], [[899, 900]]], np.int16)
    stretched = guay.stretch(LazySlices(volume.shape, volume.__getitem__))
    # (0 + 300) / 1200 * 255 is 63.75, (899 + 300) / 1200 * 255 is 254.79: fractions are cut off
    assert [stretched[z].tolist() for z in range(2)] == [[[0, 63]], [[254, 255]]]
    assert stretched[0].dtype == np.uint8


def test_a_flat_volume_is_refused():
    with pytest.raises(DataError, match="the same value everywhere"):
        guay.stretch(np.full((2, 3, 3), 7, np.int16))


def test_every_volume_reaches_both_ends(converted, load_fake):
    fake = load_fake("guay")
    written = converted("guay", guay.convert)
    assert [*written.image] == ["train/train", "val/eval", "test/test"]
    for name, image in written.image.items():
        part = name.partition("/")[2]
        volume = fake.image(part)
        assert (volume.min(), volume.max()) == fake.RANGES[part]
        assert (image.min(), image.max()) == (0, 255)
        whole = (volume.astype(float) - volume.min()) / (volume.max() - float(volume.min())) * 255
        np.testing.assert_array_equal(image, whole.astype(np.uint8))
        np.testing.assert_array_equal(written.labels[name], fake.labels(part))
        assert set(np.unique(written.labels[name])) == {*range(7)}


def test_the_card_follows_the_authors():
    rules = guay.RULES
    assert rules.class_names[3:5] == ("alpha granule", "canalicular vessel")
    assert rules.mask_by_truth
    assert rules.scored_classes == (2, 3, 4, 5, 6)
    assert rules.scored == "volumes"
