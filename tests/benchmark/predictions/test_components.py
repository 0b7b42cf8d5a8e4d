"""Objects of a label map are the same whatever its slabs; work is read back as it was written."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.evaluation.working import RawArray, Work
from emseg_bench.benchmark.predictions.asked import Asked, Box, check_asked, read_roi
from emseg_bench.benchmark.predictions.components import Objects
from emseg_bench.benchmark.predictions.writing import about
from skimage.measure import label

LABELS = (np.random.default_rng(3).random((23, 30, 28)) < 0.12).astype(np.uint8)
LABELS[:, 10:13, 4] = 2
LABELS[:, 20:23, 4:9] = 1


@pytest.mark.parametrize("slices", [1, 5, 100])
def test_objects_are_those_of_the_whole_volume(tmp_path, monkeypatch, slices):
    monkeypatch.setattr(about, "SLAB_BYTES", slices * LABELS[0].size)
    found = Objects(LABELS, 0, RawArray(tmp_path / "parts", LABELS.shape, np.uint32))
    numbers = np.concatenate([found[z : z + 4] for z in range(0, 23, 4)])
    expected = label(LABELS, connectivity=3)
    pairs = np.unique(np.stack([numbers.ravel(), expected.ravel()]), axis=1)
    assert pairs.shape[1] == len(np.unique(pairs[0])) == len(np.unique(pairs[1]))
    assert sorted(np.unique(numbers)) == list(range(len(found.sizes) + 1))
    assert found.sizes.tolist() == np.bincount(numbers.ravel())[1:].tolist()
    assert all((LABELS[numbers == place + 1] == value).all() for place, value in enumerate(found.values))
    first = [int(np.flatnonzero(numbers.ravel() == number)[0]) for number in (1, 2, 3)]
    assert first == sorted(first)


def test_a_map_without_objects_has_none():
    found = Objects(np.zeros((2, 5, 5), np.uint8), 0, np.empty((2, 5, 5), np.uint32))
    assert found.sizes.tolist() == []
    assert not found[0:2].any()


def test_work_is_gone_on_with_under_the_same_key_alone(tmp_path):
    work = Work(tmp_path / "w", lambda: "a")
    array = work.array("labels", (5, 2, 3), np.uint16)
    array[2:4] = np.full((2, 2, 3), 7)
    work.note("z-2-4")
    again = Work(tmp_path / "w", lambda: "a")
    assert again.is_done("z-2-4")
    assert again.array("labels", (5, 2, 3), np.uint16)[0:5].sum((1, 2)).tolist() == [0, 0, 42, 42, 0]
    assert not Work(tmp_path / "w", lambda: "b").is_done("z-2-4")


def test_parts_that_are_asked_for():
    asked = Asked(roi=read_roi("10:60,:512,256:"))
    assert asked.box("v.tif", (100, 600, 700)) == Box((10, 0, 256), (50, 512, 444))
    assert Asked().box("i.png", (5, 6)) == Box((0, 0), (5, 6))
    with pytest.raises(
        UsageError, match=r"--roi 10:60,0:512,256:200 is not within v\.tif, which is 0:60,0:600"
    ):
        asked.box("v.tif", (60, 600, 200))
    with pytest.raises(UsageError, match=r"has 3 ranges, and i\.png has 2 axes"):
        asked.box("i.png", (600, 600))
    for wrong in ("1:2", "a:b,c:d", "1:2,3:4,5:6,7:8", "-1:2,0:3"):
        with pytest.raises(UsageError, match="expected z0:z1,y0:y1,x0:x1"):
            read_roi(wrong)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked(uncertainty="disagreement"), "name several with --seeds all"),
        (Asked(probabilities="float16"), "Fiji opens no TIFF of 16-bit floats"),
        (Asked(format="png"), "is for label maps of images alone"),
    ],
)
def test_what_cannot_be_made_is_told(asked, message):
    with pytest.raises(UsageError, match=message):
        check_asked(asked, members=1, axes="stack", volumes=True)
