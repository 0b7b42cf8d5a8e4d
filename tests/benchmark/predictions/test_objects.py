"""Objects of a label map are the same whatever its slabs; work is read back as it was written."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.evaluation import cards_decoders
from emseg_bench.benchmark.evaluation.working import RawArray, Work
from emseg_bench.benchmark.predictions import decoding
from emseg_bench.benchmark.predictions.asked import Asked, Box, check_asked, read_roi
from emseg_bench.benchmark.predictions.decoding import decoded, find_decoder
from emseg_bench.benchmark.predictions.objects import Objects
from emseg_bench.benchmark.predictions.writing import about
from skimage.measure import label

LABELS = (np.random.default_rng(3).random((23, 30, 28)) < 0.12).astype(np.uint8)
LABELS[:, 10:13, 4] = 2
LABELS[:, 20:23, 4:9] = 1


def about_labels(image=False, voxel_size_nm=None):
    return about.About(
        kind="labels",
        made_from="",
        words="",
        classes=((0, "background"), (1, "a"), (2, "b")),
        image=image,
        voxel_size_nm=voxel_size_nm,
        start=(0, 0) if image else (0, 0, 0),
        origin_nm=None,
    )


def objects(decoder, labels, store=None, **more):
    store = np.empty(labels.shape, np.uint32) if store is None else store
    return Objects(decoded(find_decoder(decoder), {"labels": labels}, about_labels(**more)), store)


@pytest.mark.parametrize(
    ("slices", "expected"), [(1, "d2f8f04be99e0b7e"), (5, "77aa85b4b478a7d0"), (100, "123b61397a42c38c")]
)
def test_components_are_numbered_as_before_there_were_decoders(monkeypatch, slices, expected):
    """The hashes are of the version that knew nothing but components."""
    monkeypatch.setattr(about, "SLAB_BYTES", slices * LABELS[0].size)
    found = objects("components", LABELS)
    told = found[0:23].tobytes() + found.values.tobytes() + found.sizes.tobytes()
    assert hashlib.sha256(told).hexdigest()[:16] == expected


def discs(*middles, radius=15, sides=(60, 90)):
    places = np.moveaxis(np.indices(sides), 0, -1)
    near = [((places - middle) ** 2).sum(-1) <= radius**2 for middle in middles]
    return np.any(near, axis=0).astype(np.uint8)


def test_touching_discs_are_parted_by_watershed_alone():
    labels = discs((30, 30), (30, 56))
    labels[:8, :8] = 2
    joined = objects("components", labels[None], image=True)
    assert joined.values.tolist() == [1, 2]
    parted = objects("watershed", labels[None], image=True)
    assert parted.values.tolist() == [1, 1, 2]
    assert parted.sizes.sum() == (labels > 0).sum()
    numbers = parted[0:1][0]
    assert numbers[30, 30] == 1
    assert numbers[30, 56] == 2
    assert (numbers[:, :43][labels[:, :43] == 1] == 1).all(), "the border is where the discs meet"
    far = objects("watershed[min_distance_px=30]", labels[None], image=True)
    assert far.values.tolist() == [1, 2]
    large = objects("watershed[min_size_px=65]", labels[None], image=True)
    assert large.values.tolist() == [1, 1]
    assert not large[0:1][0, :8, :8].any()


def test_what_lies_apart_keeps_its_own_marker_however_near():
    labels = discs((10, 10), (10, 18), radius=3, sides=(20, 28))
    assert objects("components", labels[None], image=True).values.tolist() == [1, 1]
    assert objects("watershed[min_distance_px=50]", labels[None], image=True).values.tolist() == [1, 1]


def test_distances_are_in_nm_where_slices_are_thick():
    """Two balls that touch along z, in voxels of 4 x 1 x 1."""
    z, y, x = np.indices((19, 31, 31))
    near = [((4 * (z - middle)) ** 2 + (y - 15) ** 2 + (x - 15) ** 2) <= 14**2 for middle in (6, 12)]
    labels = np.any(near, axis=0).astype(np.uint8)
    sized = objects("watershed[min_distance_px=20]", labels, voxel_size_nm=(40, 10, 10))
    assert sized.values.tolist() == [1, 1]
    assert (sized[0:9] <= 1).all()
    assert objects("watershed[min_distance_px=20]", labels).values.tolist() == [1]


def test_what_needs_too_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr(decoding, "free_bytes", lambda: 100 * decoding.MIB)
    image = SimpleNamespace(source="v.tif", voxel_size_nm=None)
    classes = ((0, "background"), (1, "a"))
    (card,) = (card for card in cards_decoders.CARDS if card.name == "watershed")
    side = 100 * decoding.MIB // (card.bytes_per_voxel + 1)
    decoding.check_decodable(find_decoder("watershed"), image, (1, 1, side), classes)
    decoding.check_decodable(find_decoder("components"), image, (100, 1, side), classes)
    with pytest.raises(UsageError, match="for which it needs 200 MiB of memory, and 100 MiB are free"):
        decoding.check_decodable(find_decoder("watershed"), image, (2, 1, side + 1), classes)


def test_numbers_may_be_any(monkeypatch):
    """Gaps, and numbers beyond all arrays, become 1, 2, ... in their order."""
    labels = np.array([[[1, 1, 0, 2, 2, 1]]], np.uint8)
    found = np.array([[7, 7, 0, 2**60, 2**60, 3]])
    parts = decoding.decode_piece(
        find_decoder("components"), lambda _: found, labels, None, about_labels(image=True)
    )
    assert parts.numbers.tolist() == [[[2, 2, 0, 3, 3, 1]]]
    assert (parts.values.tolist(), parts.sizes.tolist()) == ([1, 1, 2], [1, 2, 2])


@pytest.mark.parametrize("slices", [1, 5, 100])
def test_objects_are_those_of_the_whole_volume(tmp_path, monkeypatch, slices):
    monkeypatch.setattr(about, "SLAB_BYTES", slices * LABELS[0].size)
    found = objects("components", LABELS, RawArray(tmp_path / "parts", LABELS.shape, np.uint32))
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
    found = objects("components", np.zeros((2, 5, 5), np.uint8))
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
