"""Kasthuri++'s padding is ignored; CEM500K's split takes it for background."""

from __future__ import annotations

import numpy as np
from emseg_bench.datasets.published import kasthuri_pp


def test_values_by_hand():
    labels = kasthuri_pp.to_labels(np.array([[0, 255, 2, 1, 254]], np.uint8))
    assert labels.tolist() == [[0, 1, 255, 0, 0]]
    assert labels.dtype == np.uint8


def test_sections_in_the_order_of_their_numbers(converted, load_fake):
    fake = load_fake("kasthuri_pp")
    written = converted("kasthuri_pp", kasthuri_pp.convert)
    for name, part in (("train/train", "Train"), ("test/test", "Test")):
        np.testing.assert_array_equal(written.image[name], fake.image(part))
        mask, labels = fake.mask(part), written.labels[name]
        np.testing.assert_array_equal(labels == 1, mask == 255)
        np.testing.assert_array_equal(labels == kasthuri_pp.PADDING, mask == 2)
        assert not written.image[name][labels == kasthuri_pp.PADDING].any()


def test_padding_in_both_splits(published):
    rows = 7
    default, as_published = published(kasthuri_pp), published(kasthuri_pp, split="cem500k-2021")
    assert default.manifest.ignore_value == 255
    for dataset, padding in ((default, 255), (as_published, 0)):
        for split in ("train", "val", "test"):
            labels = dataset.read(dataset.manifest.split(split)[0]).labels
            assert (labels[:rows] == padding).all()
            assert set(np.unique(labels[rows:])) <= {0, 1}
    numbers = {split: len(as_published.manifest.split(split)) for split in ("train", "val", "test")}
    assert numbers == {"train": 12, "val": 1, "test": 11}
    assert "which trains too" in " ".join(as_published.manifest.notes)
    hashes = [{case.sha256 for case in dataset.manifest.split("test")} for dataset in (default, as_published)]
    assert not hashes[0] & hashes[1]
