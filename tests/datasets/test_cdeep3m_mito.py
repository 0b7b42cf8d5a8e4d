"""CDeep3M's example: blocks by their sections, labels by the palette's index."""

from __future__ import annotations

import numpy as np
from emseg_bench.datasets.public import cdeep3m_mito
from PIL import Image


def test_blocks_are_named_after_their_sections(converted, load_fake):
    written = converted("cdeep3m_mito", cdeep3m_mito.convert)
    assert [*written.image] == ["train/z010-021", "test/z050-054", "unlabelled/z081-082"]
    mitochondria = load_fake("cdeep3m_mito").mitochondria
    np.testing.assert_array_equal(written.labels["train/z010-021"], mitochondria("training"))
    np.testing.assert_array_equal(written.labels["test/z050-054"], mitochondria("validation"))
    assert len(written.labels) == 2


def test_masks_are_palette_pictures_whose_colours_do_not_matter(converted, make_fake):
    folder = make_fake("cdeep3m_mito")
    first = converted("cdeep3m_mito", cdeep3m_mito.convert, folder).labels["train/z010-021"]
    masks = [*(folder / "unpacked").rglob("training/labels/*.png")]
    assert len(masks) == 12
    for path in masks:
        mask = Image.open(path)
        assert mask.mode == "P"
        mask.putpalette([9, 0, 200, 1, 2, 3])
        mask.save(path)
    again = converted("cdeep3m_mito", cdeep3m_mito.convert, folder).labels["train/z010-021"]
    np.testing.assert_array_equal(first, again)
