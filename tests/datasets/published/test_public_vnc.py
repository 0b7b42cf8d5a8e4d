"""VNC's structures are merged; its published form and the one that is merged already give the same."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.published import vnc
from PIL import Image


def test_merging_by_hand():
    membranes, mitochondria, synapses = (
        np.array([row], np.uint8)
        for row in ([0, 255, 255, 255, 0, 127, 128], [0, 0, 255, 255, 255, 0, 0], [0, 0, 0, 255, 0, 0, 0])
    )
    merged = vnc.merge(membranes, mitochondria, synapses)
    assert merged.tolist() == [[0, 3, 1, 2, 1, 0, 3]]
    assert merged.dtype == np.uint8


def test_published_files(converted, load_fake):
    written = converted("vnc", vnc.convert)
    masks = load_fake("vnc").structures()
    expected = np.select([masks["synapses"], masks["mitochondria"], masks["membranes"]], [2, 1, 3], default=0)
    assert [*written.image] == ["train/stack1", "unlabelled/stack2"]
    np.testing.assert_array_equal(written.labels["train/stack1"], expected)
    assert set(np.unique(expected)) == {0, 1, 2, 3}
    assert (written.image["train/stack1"] != written.image["unlabelled/stack2"]).any()


def test_a_folder_that_is_merged_already(converted, tmp_path):
    published = converted("vnc", vnc.convert)
    packed = tmp_path / "packed" / "unpacked" / vnc.ARCHIVE
    kinds = {
        "images": published.image["train/stack1"],
        "masks": published.labels["train/stack1"],
        "unlabelled": published.image["unlabelled/stack2"],
    }
    for kind, stack in kinds.items():
        (packed / kind).mkdir(parents=True)
        for z, section in enumerate(stack):
            Image.fromarray(section).save(packed / kind / f"{z:02d}.png")
    again = converted("vnc", vnc.convert, tmp_path / "packed")
    for kind in ("image", "labels"):
        first, second = getattr(published, kind), getattr(again, kind)
        assert [*first] == [*second]
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])


def test_a_section_that_one_structure_lacks_is_named(converted, make_fake):
    folder = make_fake("vnc")
    converted("vnc", vnc.convert, folder)
    unpacked = folder / "unpacked" / vnc.ARCHIVE
    (unpacked / "groundtruth-drosophila-vnc-master/stack1/synapses/07.png").unlink()
    with pytest.raises(DataError, match="synapses: section 7 is missing"):
        converted("vnc", vnc.convert, folder)


def test_something_else_is_refused(converted, tmp_path):
    (tmp_path / "unpacked" / vnc.ARCHIVE).mkdir(parents=True)
    with pytest.raises(DataError, match="holds no stack1"):
        converted("vnc", vnc.convert, tmp_path)
