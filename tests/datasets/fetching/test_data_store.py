"""Arrays of published datasets: written slice by slice, found again as they were, never half."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError, DataUnavailableError
from emseg_bench.benchmark.files.hashing import sha256_of_file
from emseg_bench.datasets.fetching.records import read_records
from emseg_bench.datasets.fetching.slices import LazySlices
from emseg_bench.datasets.fetching.store import DataStore
from emseg_bench.datasets.fetching.stored import SourceRecord
from emseg_bench.datasets.fetching.writer import StoreWriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (3, 20, 24), np.uint8)
LABELS = RNG.integers(0, 3, (3, 20, 24))


@st.composite
def volumes(draw):
    shape = draw(SHAPES)
    image = draw(arrays(draw(st.sampled_from(["u1", "<u2", ">u2"])), shape))
    kind = draw(st.sampled_from(["u1", "i2", "u8", "?"]))
    labels = draw(arrays(kind, shape, elements=st.booleans() if kind == "?" else st.integers(0, 100)))
    instances = draw(arrays("i8", shape, elements=st.integers(0, 2**32 - 1)))
    return image, labels, instances


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(volume=volumes())
def test_what_is_written_is_read_again_with_its_sums(volume, tmp_path_factory):
    image, labels, instances = volume
    store = DataStore(tmp_path_factory.mktemp("store"))
    with store.new_arrays("x", 3, (SourceRecord(name="a.zip", sha256="0" * 64),)) as writer:
        lazy = LazySlices(image.shape, lambda z: image[z])
        writer.add("val", "a.b-c_1", lazy, labels, instances=instances, group="mouse 1")
    opened = store.open_arrays("x", 3)
    (found,) = opened.volumes
    assert (found.part, found.name, found.group, found.shape) == ("val", "a.b-c_1", "mouse 1", image.shape)
    assert found.bits == 8 * image.itemsize
    assert np.array_equal(np.load(found.image), image)
    assert np.load(found.image).dtype == image.dtype.newbyteorder("=")
    assert np.array_equal(np.load(found.labels), labels)
    assert np.load(found.labels).dtype == np.uint8
    assert np.array_equal(np.load(found.instances), instances)
    assert np.load(found.instances).dtype == np.uint32
    for slice_, facts, mask in zip(image, found.slices, labels, strict=True):
        values = [int(value) for value in slice_.ravel()]
        assert (facts.sum, facts.squares) == (sum(values), sum(value**2 for value in values))
        assert facts.counts == {
            int(v): int(n) for v, n in zip(*np.unique(mask, return_counts=True), strict=True)
        }
    assert {name: sha256_of_file(opened.folder / name) for name in opened.sha256} == opened.sha256
    assert opened.sources == (SourceRecord(name="a.zip", sha256="0" * 64),)


def test_equal_volumes_hash_alike_and_others_do_not(tmp_path):
    writer = StoreWriter(tmp_path)
    writer.add("train", "a", IMAGE, LABELS)
    writer.add("test", "b", IMAGE, LABELS)
    writer.add("train", "c", IMAGE, LABELS[::-1])
    writer.add("unlabelled", "d", IMAGE)
    hashes = [volume.sha256 for volume in writer.volumes]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert writer.volumes[3].labels is None
    assert writer.volumes[3].slices[0].counts == {}


@pytest.mark.parametrize(
    ("name", "image", "labels", "words"),
    [
        ("a b", IMAGE, LABELS, "got 'a b' as the name of a volume"),
        ("../a", IMAGE, LABELS, "as the name of a volume"),
        ("Taken", IMAGE, LABELS, "there is a volume of that name already"),
        ("a", IMAGE[0], None, r"shape is \(20, 24\), expected \(Z, Y, X\)"),
        ("a", IMAGE[:0], None, "without a 0"),
        ("a", IMAGE, LABELS[:2], r"the labels are \(2, 20, 24\) and the image is \(3, 20, 24\)"),
        ("a", IMAGE.astype(np.float32), LABELS, "train/a, slice 0: the image holds float32"),
        ("a", IMAGE.astype(np.int16), LABELS, "the image holds int16"),
        ("a", IMAGE, LABELS.astype(float), "the labels hold float64 values"),
        ("a", IMAGE, LABELS - 1, "the labels hold values from -1 to 1, expected 0 to 255"),
        ("a", IMAGE, np.where(np.arange(3)[:, None, None] == 2, 256, LABELS), "slice 2: .* to 256"),
        ("a", LazySlices((3, 20, 24), lambda z: IMAGE[z, z:]), LABELS, r"slice 1: .* \(19, 24\)"),
        ("a", LazySlices((3, 20, 24), lambda z: IMAGE[z].astype(["u1", "u1", "u2"][z])), LABELS, "slice 2"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(name, image, labels, words, tmp_path):
    writer = StoreWriter(tmp_path)
    writer.add("train", "taken", IMAGE, LABELS)
    with pytest.raises(DataError, match=words):
        writer.add("train", name, image, labels)
    assert [volume.name for volume in writer.volumes] == ["taken"]


def test_objects_have_room_for_many_numbers(tmp_path):
    big = np.full(IMAGE.shape, 2**32, np.uint64)
    with pytest.raises(DataError, match="instances hold values from 4294967296"):
        StoreWriter(tmp_path).add("train", "a", IMAGE, LABELS, instances=big)


def test_a_conversion_that_fails_leaves_nothing_and_spares_what_was_there(tmp_path):
    store = DataStore(tmp_path)
    with store.new_arrays("x") as writer:
        writer.add("train", "a", IMAGE, LABELS)

    def interrupt(z: int) -> np.ndarray:
        if z == 2:
            raise KeyboardInterrupt
        return IMAGE[z]

    with pytest.raises(KeyboardInterrupt), store.new_arrays("x") as writer:
        writer.add("train", "other", LazySlices(IMAGE.shape, interrupt))
    assert [volume.name for volume in store.open_arrays("x").volumes] == ["a"]
    assert [path.name for path in (tmp_path / "data/x").iterdir()] == ["arrays-v1"]


def test_what_a_killed_conversion_left_is_swept_away(tmp_path):
    store = DataStore(tmp_path)
    left = tmp_path / "data/x/.arrays-v1.unfinished/train/a.image.npy"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    with pytest.raises(DataUnavailableError, match="emseg-bench data fetch x"):
        store.open_arrays("x")
    with store.new_arrays("x") as writer:
        writer.add("train", "b", IMAGE, LABELS)
    assert not left.exists()


def test_an_empty_conversion_is_none(tmp_path):
    store = DataStore(tmp_path)
    with pytest.raises(DataError, match="no image was found"), store.new_arrays("x"):
        pass
    assert not store.has_arrays("x")


def test_another_version_of_the_conversion_is_other_arrays(tmp_path):
    store = DataStore(tmp_path)
    with store.new_arrays("x", 1) as writer:
        writer.add("train", "a", IMAGE, LABELS)
    with pytest.raises(DataUnavailableError):
        store.open_arrays("x", 2)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "manifest.json").write_text("{}"), "is damaged"),
        (lambda folder: (folder / "manifest.json").write_bytes(b"\xff"), "is not valid JSON"),
        (lambda folder: _change(folder / "manifest.json", "version", 9), "has version 9, expected 1"),
        (lambda folder: _change(folder / "manifest.json", "more", 1), "is damaged"),
        (lambda folder: (folder / "train/a.labels.npy").unlink(), "a.labels.npy has gone"),
    ],
)
def test_damage_is_told_with_what_to_do(damage, words, tmp_path):
    store = DataStore(tmp_path)
    with store.new_arrays("x") as writer:
        writer.add("train", "a", IMAGE, LABELS)
    damage(store.arrays("x"))
    with pytest.raises(DataError, match=f"{words}.*run 'emseg-bench data fetch x' again"):
        store.open_arrays("x")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"version": 1', "is not valid JSON"),
        ('{"version": 9, "files": {}}', "has version 9, expected 1"),
        ('{"version": 1, "files": {"a": {"sha256": "0"}}}', "files: a: bytes: Field required"),
    ],
)
def test_damaged_records_of_files_are_told(content, words, tmp_path):
    path = tmp_path / "files.json"
    assert read_records(path) == {}
    path.write_text(content)
    with pytest.raises(DataError, match=f"{words}.*or remove it: checksums"):
        read_records(path)


def _change(path: Path, key: str, value: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
