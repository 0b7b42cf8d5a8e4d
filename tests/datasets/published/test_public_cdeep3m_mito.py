"""CDeep3M's example: blocks by their sections, labels by the palette's index."""

from __future__ import annotations

import numpy as np
from emseg_bench.datasets.published import cdeep3m_mito
from PIL import Image


def test_blocks_keep_their_names(converted, load_fake):
    written = converted("cdeep3m_mito", cdeep3m_mito.convert)
    assert [*written.image] == ["train/training", "test/validation", "unlabelled/testset"]
    mitochondria = load_fake("cdeep3m_mito").mitochondria
    np.testing.assert_array_equal(written.labels["train/training"], mitochondria("training"))
    np.testing.assert_array_equal(written.labels["test/validation"], mitochondria("validation"))
    assert len(written.labels) == 2


def test_masks_are_palette_pictures_whose_colours_do_not_matter(converted, make_fake):
    folder = make_fake("cdeep3m_mito")
    first = converted("cdeep3m_mito", cdeep3m_mito.convert, folder).labels["train/training"]
    masks = [*(folder / "unpacked").rglob("training/labels/*.png")]
    assert len(masks) == 12
    for path in masks:
        mask = Image.open(path)
        assert mask.mode == "P"
        mask.putpalette([9, 0, 200, 1, 2, 3])
        mask.save(path)
    again = converted("cdeep3m_mito", cdeep3m_mito.convert, folder).labels["train/training"]
    np.testing.assert_array_equal(first, again)
