"""MitoEM's numbered sections: which are labelled, which test, and that none may be missing."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.published import mitoem


@pytest.mark.parametrize(("letter", "seed"), [("R", 0), ("H", 1)])
def test_sections_go_by_their_numbers(converted, load_fake, letter, seed):
    written = converted("mitoem", partial(mitoem.convert, letter))
    ids = load_fake("mitoem").ids(seed)
    assert {name: len(image) for name, image in written.image.items()} == {
        "train/mito-train-v2": 10,
        "test/mito-val-v2": 6,
        "unlabelled/rest": 4,
    }
    np.testing.assert_array_equal(written.instances["test/mito-val-v2"], ids[10:16])
    np.testing.assert_array_equal(written.labels["train/mito-train-v2"], ids[:10] > 0)
    assert written.instances["train/mito-train-v2"].max() > 255
    assert "unlabelled/rest" not in written.labels


@pytest.mark.parametrize(
    ("archive", "file", "message"),
    [
        (
            "EM30-R-im.zip",
            "im/im0003.png",
            r"images: section 3 is missing \(1 in all\); expected all from 0 to 9",
        ),
        ("EM30-R-im.zip", "im/im0018.png", "images: section 18 is missing"),
        ("EM30-R-mito-train-val-v2.zip", "mito-val-v2/seg0012.tif", "mito-val-v2: section 12 is missing"),
    ],
)
def test_a_missing_section_is_named(converted, make_fake, archive, file, message):
    folder = make_fake("mitoem")
    converted("mitoem", partial(mitoem.convert, "R"), folder)
    (folder / "unpacked" / archive / file).unlink()
    with pytest.raises(DataError, match=message):
        converted("mitoem", partial(mitoem.convert, "R"), folder)
