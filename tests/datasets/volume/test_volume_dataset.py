"""``volume:``: from files to cases, whichever way they are stored, described and divided."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import replace

import h5py
import numpy as np
import pytest
import SimpleITK
import tifffile
import zarr
from emseg_bench.benchmark.contracts.errors import DataError, UsageError
from emseg_bench.benchmark.experiments.opening import open_dataset
from emseg_bench.benchmark.images.volumes.opening import open_volume
from emseg_bench.benchmark.plugins.asked import complete_options
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.plugins.references import parse_dataset
from emseg_bench.benchmark.trials.checked_dataset import check_sides
from emseg_bench.datasets.collection.instances import to_semantic
from emseg_bench.datasets.drafting import drafting
from emseg_bench.datasets.volume import facts, measure
from emseg_bench.datasets.volume.factory import open_volumes

SHAPE = (12, 20, 24)
SPLITS = ("train", "val", "test")


def picture(seed=0, dtype="uint8", shape=SHAPE):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(3, 2, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


def classes(seed=0, number=2, shape=SHAPE):
    labels = np.random.default_rng(100 + seed).integers(0, number, shape, dtype=np.uint8)
    labels[:, 0, :number] = range(number)
    return labels


@pytest.fixture
def pair(tmp_path):
    """Return a function that writes an image and its labels, and gives their paths."""

    def write(image=None, labels=None, name="cells"):
        image = picture() if image is None else image
        labels = classes() if labels is None else labels
        places = tmp_path / f"{name}.tif", tmp_path / f"{name}_labels.tif"
        for place, values in zip(places, (image, labels), strict=True):
            tifffile.imwrite(place, values, photometric="minisblack")
        return places

    return write


@pytest.fixture
def described(tmp_path, pair):
    """Return a function that writes three volumes and a ``dataset.yaml``, and gives the folder."""

    def write(text, number=3):
        for place in range(number):
            pair(picture(place), classes(place), f"v{place}")
        (tmp_path / "dataset.yaml").write_text(text, encoding="utf-8")
        return str(tmp_path)

    return write


def listing(*extra, keys=""):
    entries = [f"{{image: v{k}.tif, labels: v{k}_labels.tif{more}}}" for k, more in enumerate(extra)]
    return f"volumes: [{', '.join(entries)}]\n{keys}"


def sections(dataset, split):
    return [case.id.removeprefix(f"{split}/") for case in dataset.manifest.split(split)]


def test_blocks_along_z_with_a_gap(pair, cache):
    image, labels = pair()
    dataset = open_volumes(str(image), cache, labels=str(labels))
    assert {split: sections(dataset, split) for split in SPLITS} == {
        "train": [f"cells/{z:04d}" for z in range(6)],
        "val": ["cells/0007", "cells/0008"],
        "test": ["cells/0010", "cells/0011"],
    }
    assert dataset.manifest.split_rule == (
        "contiguous blocks along z, 1 sections left out between them: cells: train 0-5, val 7-8, test 10-11; "
        "order 0"
    )
    case = dataset.manifest.split("val")[1]
    assert (case.group, case.section, case.depth, case.height, case.width) == ("cells", 8, None, 20, 24)
    assert dataset.manifest.class_names == ("background", "class1")
    trained = picture()[:6] / 255
    assert dataset.manifest.mean == pytest.approx((trained.mean(),))
    assert dataset.manifest.std == pytest.approx((trained.std(),))


def as_hdf5(path, image, labels):
    with h5py.File(path / "a.h5", "w") as file:
        file["raw"], file["labels"] = image, labels
        file["raw"].attrs["resolution"] = [30, 8, 8]
    return f"{path}/a.h5:/raw", ":/labels"


def as_zarr(path, image, labels):
    for name, values in (("raw", image), ("labels", labels)):
        zarr.create_array(path / "a.zarr", name=name, shape=SHAPE, dtype=values.dtype, chunks=(4, 8, 8))[
            ...
        ] = values
    return f"{path}/a.zarr/raw", f"{path}/a.zarr/labels"


def as_nrrd(path, image, labels):
    for name, values in (("raw", image), ("labels", labels)):
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(path / f"{name}.nrrd"), name == "raw")
    return str(path / "raw.nrrd"), "labels.nrrd"


def as_tiff(path, image, labels):
    tifffile.imwrite(path / "a.tif", image, compression="zlib", photometric="minisblack")
    tifffile.imwrite(path / "b.tif", labels, photometric="minisblack")
    return str(path / "a.tif"), str(path / "b.tif")


@pytest.mark.parametrize("write", [as_hdf5, as_zarr, as_nrrd, as_tiff])
@pytest.mark.parametrize("scored", ["slices", "volumes"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_samples_are_what_was_stored(tmp_path, cache, write, scored, dtype):
    image, labels = picture(dtype=dtype), classes(number=3)
    where, labels_at = write(tmp_path, image, labels)
    dataset = open_volumes(where, cache, labels=labels_at, scored=scored)
    again = pickle.loads(pickle.dumps(dataset))  # noqa: S301 - what goes to workers that are spawned
    pixels = image if dtype == "uint8" else image.astype(np.float32) / np.float32(65535)
    for case in dataset.manifest.cases:
        box = slice(case.section, case.section + (case.depth or 1))
        sample = again.read(case)
        expected = pixels[box] if case.depth else pixels[case.section]
        np.testing.assert_array_equal(sample.image, expected[None])
        np.testing.assert_array_equal(sample.labels, labels[box] if case.depth else labels[case.section])
        assert sample.image.dtype == pixels.dtype
        assert sample.labels.dtype == np.uint8
        assert (case.depth is not None) == (scored == "volumes" and case.split != "train")
    assert [case.depth for case in dataset.manifest.split("test")] == (
        [2] if scored == "volumes" else [None] * 2
    )


def test_the_same_values_in_another_format_are_the_same_cases(tmp_path, cache):
    hashes = []
    for write in (as_tiff, as_hdf5):
        where, labels_at = write(tmp_path, picture(), classes())
        manifest = open_volumes(where, cache, labels=labels_at, gap=1).manifest
        hashes.append([case.sha256 for case in manifest.cases])
    assert hashes[0] == hashes[1]


def test_uint8_is_read_as_a_view_of_the_file(pair, cache):
    image, labels = pair()
    dataset = open_volumes(str(image), cache, labels=str(labels), scored="volumes")
    sample = dataset.read(dataset.manifest.split("test")[0])
    assert not sample.image.flags.writeable
    assert not sample.labels.flags.writeable
    assert not (cache / "datasets" / "volume" / "prepared").exists()


@pytest.mark.parametrize("chunks", [(4, 8, 8), (1, 20, 24)])
def test_chunks_of_several_sections_are_copied_once(tmp_path, cache, chunks, monkeypatch):
    """Reading a section would decode all sections of its chunks."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, values in (("raw", picture()), ("labels", classes())):
            file.create_dataset(name, data=values, chunks=chunks, compression="gzip")
    where = f"{tmp_path}/a.h5:/raw"
    dataset = open_volumes(where, cache, labels=":/labels")
    assert not (cache / "datasets" / "volume" / "prepared").exists()
    case = dataset.manifest.cases[3]
    sample = dataset.read(case)
    np.testing.assert_array_equal(sample.image[0], picture()[3])
    assert sample.image.flags.writeable == sample.labels.flags.writeable == (chunks[0] == 1)
    copies = list((cache / "datasets" / "volume" / "prepared").glob("*-stored.npy"))
    assert len(copies) == (0 if chunks[0] == 1 else 2)
    monkeypatch.setattr("emseg_bench.datasets.collection.prepared._write", pytest.fail)
    np.testing.assert_array_equal(
        open_volumes(where, cache, labels=":/labels").read(case).labels, classes()[3]
    )


def test_the_copy_of_a_changed_volume_takes_the_place_of_the_old(tmp_path, cache):
    where = f"{tmp_path}/a.h5:/raw"
    for change in range(3):
        with h5py.File(tmp_path / "new.h5", "w") as file:
            file.create_dataset("raw", data=picture() ^ change, chunks=(4, 8, 8), compression="gzip")
            file.create_dataset("labels", data=classes(), chunks=(4, 8, 8), compression="gzip")
        (tmp_path / "new.h5").replace(tmp_path / "a.h5")
        dataset = open_volumes(where, cache, labels=":/labels")
        np.testing.assert_array_equal(dataset.read(dataset.manifest.cases[3]).image[0], picture()[3] ^ change)
    assert len(list((cache / "datasets" / "volume" / "prepared").glob("*.npy"))) == 2


def test_slabs_are_whole_chunks_where_they_are_small(tmp_path):
    path = tmp_path / "a.zarr"
    zarr.create_array(path, shape=(100, 32, 32), dtype="uint8", chunks=(16, 32, 32))
    volume = open_volume(path, tmp_path)
    assert volume.chunk_depth == 16
    assert [volume.slab(1024 * sections) for sections in (1, 3, 5, 16, 40, 1000)] == [1, 3, 16, 16, 32, 992]


@pytest.mark.parametrize("dtype", ["int16", "float32", "int8"])
def test_other_values_are_scaled_and_the_notes_say_how(pair, cache, dtype):
    stored = picture(dtype=dtype)
    image, labels = pair(stored)
    manifest = open_volumes(str(image), cache, labels=str(labels)).manifest
    low, high = np.percentile(stored[:6].astype(float), (0.1, 99.9))
    how = (
        "for they lie on 256 equal steps: 8 bits"
        if dtype == "int8"
        else "the 0.1 and 99.9 percentiles of training sections"
    )
    scaled = f"{low:.6g} becomes 0 and {high:.6g} becomes 1"
    assert manifest.notes == (f"Values ({dtype}) are scaled: {scaled}, {how}.",)
    assert (manifest.grey_range.low, manifest.grey_range.high) == pytest.approx((low, high))
    given = open_volumes(str(image), cache, labels=str(labels), range="-10..20.5", scored="volumes")
    assert given.manifest.notes[0].endswith("-10 becomes 0 and 20.5 becomes 1, as given.")
    assert {case.sha256 for case in given.manifest.cases}.isdisjoint(case.sha256 for case in manifest.cases)
    expected = np.clip((stored.astype(float) + 10) / 30.5, 0, 1)
    for case in (given.manifest.cases[2], given.manifest.split("test")[0]):
        box = slice(case.section, case.section + (case.depth or 1))
        pixels = given.read(case).image[0]
        assert pixels.dtype == np.float32
        np.testing.assert_allclose(pixels.reshape(-1, 20, 24), expected[box], atol=1e-6)
    assert given.manifest.mean == pytest.approx((expected[:6].mean(),), abs=1e-6)
    assert given.manifest.std == pytest.approx((expected[:6].std(),), abs=1e-6)


def test_values_that_are_no_numbers_are_told_with_their_place(pair, cache):
    stored = picture(dtype="float32")
    stored[3, 4, 5] = np.nan
    image, labels = pair(stored)
    with pytest.raises(DataError, match=r"cells\.tif: section 3 holds NaN"):
        open_volumes(str(image), cache, labels=str(labels))
    image, labels = pair(np.full(SHAPE, 7, np.int16))
    with pytest.raises(DataError, match=r"one and the same value nearly everywhere, 7"):
        open_volumes(str(image), cache, labels=str(labels))


def test_a_second_opening_reads_headers_alone(pair, cache, monkeypatch):
    image, labels = pair()
    first = open_volumes(str(image), cache, labels=str(labels)).manifest
    monkeypatch.setattr("emseg_bench.benchmark.images.volumes.volume.Volume.read", pytest.fail)
    assert open_volumes(str(image), cache, labels=str(labels)).manifest == first


@pytest.mark.parametrize("which", [0, 1])
def test_a_changed_file_is_looked_at_again(pair, cache, which):
    paths = pair()
    dataset = open_volumes(str(paths[0]), cache, labels=str(paths[1]))
    changed = [picture(), classes()]
    changed[which][4, 7, 7] ^= 1
    pair(*changed)
    os.utime(paths[which], ns=(1, 1))
    second = open_volumes(str(paths[0]), cache, labels=str(paths[1])).manifest
    both = zip(dataset.manifest.cases, second.cases, strict=True)
    assert [one.id for one, two in both if one.sha256 != two.sha256] == ["train/cells/0004"]
    with pytest.raises(DataError, match=r"has changed since the dataset was opened. Run again"):
        dataset.read(dataset.manifest.cases[0])


def test_a_reading_that_was_killed_goes_on_where_it_was(pair, cache, monkeypatch):
    image, labels = pair()
    monkeypatch.setattr(facts, "SLAB_BYTES", 1)
    monkeypatch.setattr(facts, "SAVE_SECONDS", 0)
    look, seen = measure._look_at_image, []

    def watched(source, scale, section, place):
        seen.append(place)
        if len(seen) == 6:
            raise KeyboardInterrupt
        return look(source, scale, section, place)

    monkeypatch.setattr(measure, "_look_at_image", watched)
    with pytest.raises(KeyboardInterrupt):
        open_volumes(str(image), cache, labels=str(labels))
    manifest = open_volumes(str(image), cache, labels=str(labels)).manifest
    assert seen == [0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11]
    assert manifest == open_volumes(str(image), cache / "other", labels=str(labels)).manifest


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": 1}'])
def test_damaged_memory_is_made_again(pair, cache, text):
    image, labels = pair()
    first = open_volumes(str(image), cache, labels=str(labels)).manifest
    stores = list((cache / "datasets" / "volume").glob("*.json"))
    for store in stores:
        store.write_text(text)
    assert open_volumes(str(image), cache, labels=str(labels)).manifest == first
    assert all(json.loads(store.read_text())["found"] for store in stores)


def test_label_values_ignored_and_named(pair, cache):
    stored = np.choose(classes(number=3), [0, 255, 7]).astype(np.uint8)
    image, labels = pair(labels=stored)
    ways = {"classes": "0:background+255:mito", "ignore_value": 7}
    dataset = open_volumes(str(image), cache, labels=str(labels), **ways)
    assert dataset.manifest.class_names == ("background", "mito")
    assert dataset.manifest.ignore_value == 255
    sample = dataset.read(dataset.manifest.cases[3])
    np.testing.assert_array_equal(sample.labels, np.choose(classes(number=3), [0, 1, 255])[3])
    with pytest.raises(DataError, match=r"Write the option classes=0:background\+7:class1\+255:class2, with"):
        open_volumes(str(image), cache, labels=str(labels))
    with pytest.raises(DataError, match=r"does not name: 7"):
        open_volumes(str(image), cache, labels=str(labels), classes="0:background+255:mito")


def test_numbers_of_objects(pair, cache):
    objects = np.zeros(SHAPE, np.uint16)
    objects[:, 2:9, 2:9], objects[:, 9:15, 2:9], objects[:, 5:12, 15:] = 700, 8, 65535
    image, labels = pair(labels=objects)
    with pytest.raises(DataError, match=r"hold the values 0, 8, 700"):
        open_volumes(str(image), cache, labels=str(labels))
    for mode, names in (("binary", 2), ("boundary", 3)):
        dataset = open_volumes(str(image), cache, labels=str(labels), instances=mode, scored="volumes")
        assert dataset.manifest.class_names == ("background", "object", "boundary")[:names]
        case = dataset.manifest.split("test")[0]
        np.testing.assert_array_equal(dataset.read(case).labels, to_semantic(objects, mode)[10:])
    named = open_volumes(str(image), cache, labels=str(labels), instances="boundary", classes="out+cell+rim",
                         ignore_value=8)  # fmt: skip
    assert named.manifest.class_names == ("out", "cell", "rim")
    assert named.read(named.manifest.cases[0]).labels[12, 5] == 255
    with pytest.raises(DataError, match=r"of numbers of objects 2 labels are made"):
        open_volumes(str(image), cache, labels=str(labels), instances="binary", classes="a+b+c")
    many = np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.uint16)
    image, labels = pair(labels=many // 8 % 50)
    with pytest.raises(DataError, match=r"50 different values: these look like numbers.*instances=boundary"):
        open_volumes(str(image), cache, labels=str(labels))
    image, labels = pair(labels=many.astype(np.uint32) + 60000 * 2)
    with pytest.raises(DataError, match=r"section 0 holds 120479, and 480 values; .*instances=boundary"):
        open_volumes(str(image), cache, labels=str(labels))


@pytest.mark.parametrize("scored", ["slices", "volumes"])
@pytest.mark.parametrize(
    ("kind", "compression"), [("uint8", None), ("uint32", "zlib"), ("int32", None), ("float32", "zlib")]
)
def test_true_objects_keep_their_numbers(pair, cache, kind, compression, scored):
    objects = np.zeros(SHAPE, kind)
    objects[:, 2:9, 2:9], objects[:, 9:15, 2:9] = 200, 8
    image, labels = pair(labels=objects)
    tifffile.imwrite(labels, objects, photometric="minisblack", compression=compression)
    dataset = open_volumes(str(image), cache, labels=str(labels), instances="binary", scored=scored)
    assert dataset.manifest.has_instances
    for case in dataset.manifest.cases:
        sample = dataset.read(case)
        stop = case.section + (case.depth or 1)
        expected = objects[case.section : stop] if case.depth else objects[case.section]
        np.testing.assert_array_equal(sample.instances, expected)
        assert sample.instances.dtype.kind in "ui"
        check_sides(case, sample, dataset.manifest)


def test_classes_know_no_objects(pair, cache):
    image, labels = pair()
    dataset = open_volumes(str(image), cache, labels=str(labels))
    assert not dataset.manifest.has_instances
    assert dataset.read(dataset.manifest.cases[0]).instances is None


def test_labels_must_be_whole_numbers(pair, cache):
    image, labels = pair(labels=classes().astype(np.float32))
    whole = open_volumes(str(image), cache, labels=str(labels))
    np.testing.assert_array_equal(whole.read(whole.manifest.cases[1]).labels, classes()[1])
    image, labels = pair(labels=picture(dtype="float32"))
    with pytest.raises(DataError, match=r"section 0 holds [0-9.]+ at \(0, 0\), of type float32"):
        open_volumes(str(image), cache, labels=str(labels))
    image, labels = pair(labels=classes().astype(np.int8) - 1)
    with pytest.raises(DataError, match=r"Say what -1 is: ignore_value: -1"):
        open_volumes(str(image), cache, labels=str(labels))


def test_every_section_is_tested_in_one_fold(pair, cache):
    image, labels = pair()
    tested = []
    for fold in range(4):
        options = {"folds": 4, "fold": fold, "gap": 0, "val_share": 0.1}
        dataset = open_volumes(str(image), cache, labels=str(labels), **options)
        tested += sections(dataset, "test")
        assert f"fold {fold} of 4" in dataset.manifest.split_rule
    assert tested == [f"cells/{z:04d}" for z in range(12)]
    middle = open_volumes(str(image), cache, labels=str(labels), folds=4, fold=1)
    assert "cells: train 0-1 and 10-11, val 7-8, test 3-5" in middle.manifest.split_rule


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ((", split: train", ", split: val", ", split: test"), (12, 12, 12)),
        ((", split: train", ", split: train", ", split: val"), (24, 12, 12)),
        ((", split: train", ", split: train", ", split: test"), (18, 4, 12)),
        ((", group: a", ", group: b", ", group: c"), (12, 12, 12)),
        (("", "", ""), (18, 6, 6)),
    ],
)
def test_volumes_are_divided_as_their_owner_says(described, cache, extra, expected):
    manifest = open_volumes(described(listing(*extra)), cache).manifest
    assert tuple(len(manifest.split(split)) for split in SPLITS) == expected
    noted = extra[2].endswith("val") or (extra[2].endswith("test") and extra[1].endswith("train"))
    assert any("There is no" in note for note in manifest.notes) == noted


def test_the_keys_groups_and_splits(described, cache):
    where = described(listing("", "", "", keys="groups: {a: [v0, v1], b: [v2]}"))
    with pytest.raises(DataError, match=r"2 group\(s\) cannot be divided"):
        open_volumes(where, cache)
    described(listing("", "", "", keys="splits: {train: [v0], val: ['v[12]']}"))
    manifest = open_volumes(where, cache).manifest
    assert [len(manifest.split(split)) for split in SPLITS] == [12, 24, 24]
    described(listing(", group: s", ", group: s", ", group: t", keys="splits: {train: [v0, v1], test: [v2]}"))
    manifest = open_volumes(where, cache).manifest
    assert {case.group for case in manifest.cases} == {"s", "t"}
    numbers = [case.section for case in manifest.split("train")]
    assert numbers == [*range(9), *range(1_000_000, 1_000_009)]


def test_a_group_in_two_splits_is_noted(described, cache):
    where = described(
        listing(", group: a, split: train", ", group: a, split: val", ", group: b, split: test")
    )
    notes = open_volumes(where, cache).manifest.notes
    assert notes == ("The group a is in the splits train and val: scores may be optimistic.",)
    described(listing(", group: a, split: train", ", group: b, split: train", ", group: a, split: test"))
    assert "The group a is in the splits train and test" in open_volumes(where, cache).manifest.notes[1]


def test_groups_are_folded_whole(described, cache):
    where = described(listing(", group: a", ", group: b", ", group: c"))
    tested = [
        {case.group for case in open_volumes(where, cache, folds=3, fold=fold).manifest.split("test")}
        for fold in range(3)
    ]
    assert sorted(map(sorted, tested)) == [["a"], ["b"], ["c"]]


def test_what_a_description_says_of_files(described, cache, tmp_path):
    tifffile.imwrite(tmp_path / "v0.tif", picture(0).T, photometric="minisblack")
    keys = "voxel_size_nm: [30, 8, 8]\nclasses: [background, cell]\nintensity: [0, 510]"
    where = described(listing(", axes: xyz, labels_axes: zyx", keys=keys), 1)
    tifffile.imwrite(tmp_path / "v0.tif", picture(0).T, photometric="minisblack")
    dataset = open_volumes(f"{where}/dataset.yaml", cache)
    assert dataset.manifest.voxel_size_nm == (30, 8, 8)
    assert dataset.manifest.class_names == ("background", "cell")
    assert "2 sections left out" in dataset.manifest.split_rule
    pixels = dataset.read(dataset.manifest.cases[1]).image[0]
    np.testing.assert_allclose(pixels, picture(0)[1] / 510, atol=1e-6)
    assert open_volumes(where, cache, voxel_size="100x8x8").manifest.voxel_size_nm == (100, 8, 8)
    with pytest.raises(UsageError, match=r"option axes does nothing here: every volume of .* says its own"):
        open_volumes(where, cache, axes="xyz")
    with pytest.raises(UsageError, match=r"option labels does nothing here"):
        open_volumes(where, cache, labels="v0_labels.tif")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("classes: [a, b]", r"lists no volumes; write, for example, volumes:"),
        ("volume: true\n" + listing(""), r"volume would do nothing here; it is for folder:"),
        (listing("", ", split: test"), r"v0 have no split and v1 do; say all or none"),
        (listing(", split: test", ", split: val"), r"no volume has the split train, only val v1, test v0"),
        (listing(", split: train", ", split: train"), r"all volumes have the split train"),
        (listing(", group: a", "", keys="groups: {a: [v0], b: [v1]}"), r"groups are named twice"),
        (listing(", split: val", "", keys="splits: {train: ['*']}"), r"splits are named twice"),
        (listing(", name: x", ", name: x"), r"several volumes are called x"),
        (listing("", keys="voxel_size_nm: [8, 8]"), r"voxel_size_nm of v0 has 2 numbers"),
        (listing(", voxel_size_nm: 8", ", voxel_size_nm: 9"), r"volumes have different voxel sizes"),
        (listing("", keys="intensity: [5, 5]"), r"expected LOW < HIGH"),
        (listing(", level: 1"), r"option level is for OME-Zarr"),
        (listing(", split: tain"), r"volumes\.0\.split: .*'train', 'val' or 'test'"),
        ("volumes: []", r"volumes: .*at least 1"),
        ("instances: bound", r"instances: .*'boundary'"),
    ],
)
def test_wrong_descriptions_are_told(described, cache, text, told):
    with pytest.raises((DataError, UsageError), match=told):
        open_volumes(described(text), cache)


def test_volumes_that_do_not_fit(pair, cache, tmp_path, described):
    image, labels = pair(labels=classes().transpose(1, 0, 2))
    with pytest.raises(DataError, match=r"12 x 20 x 24 and .* is 20 x 12 x 24 .*Are the axes right"):
        open_volumes(str(image), cache, labels=str(labels))
    image, labels = pair(picture(shape=(9, 8, 8)), classes(shape=(9, 8, 8)))
    with pytest.raises(DataError, match=r"sections need 16 px or more"):
        open_volumes(str(image), cache, labels=str(labels))
    where = described(listing("", ""))
    tifffile.imwrite(tmp_path / "v1.tif", picture(dtype="uint16"), photometric="minisblack")
    with pytest.raises(DataError, match=r"values of different types, uint8 in .*v0.tif, uint16 in"):
        open_volumes(where, cache)
    assert open_volumes(where, cache, range="0..65535").manifest.channels == 1
    image, labels = pair(labels=np.zeros(SHAPE, np.uint8))
    with pytest.raises(DataError, match=r"no mask in .*cells.tif holds any foreground"):
        open_volumes(str(image), cache, labels=str(labels))
    late = np.zeros(SHAPE, np.uint8)
    late[11] = 1
    image, labels = pair(labels=late)
    with pytest.raises(DataError, match=r"no training section holds any foreground \(class1\)"):
        open_volumes(str(image), cache, labels=str(labels))
    notes = open_volumes(str(image), cache, labels=str(labels), order=5).manifest.notes
    assert "The test split holds no voxel of class1." in notes


def test_copies_of_training_sections_are_noted(pair, cache):
    stored = picture()
    stored[11] = stored[0]
    image, labels = pair(stored)
    assert open_volumes(str(image), cache, labels=str(labels)).manifest.notes == (
        "The train split holds copies of 1 image of the test split (cells/0000 and cells/0011): scores are "
        "optimistic.",
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_sections_nearly_identical_to_training_sections_are_noted(pair, cache, dtype):
    stored = picture() // 2
    stored[11] = stored[0] + 40
    image, labels = pair(stored.astype(dtype))
    dataset = open_volumes(
        str(image), cache, labels=str(labels), **{"range": "0..255"} if dtype == "float32" else {}
    )
    assert (
        "The train split holds images nearly identical to 1 image of the test split (cells/0000 and "
        "cells/0011): scores may be optimistic."
    ) in dataset.manifest.notes


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"voxel_size": "8x8"}, "got voxel_size=8x8, expected nm"),
        ({"voxel_size": "0"}, "got voxel_size=0"),
        ({"range": "3"}, "got range=3, expected LOW..HIGH"),
        ({"range": "3..1"}, "expected LOW < HIGH"),
        ({"classes": "0:a+b"}, "got classes=0:a"),
        ({"classes": "a+"}, r"got classes=a\+"),
        ({"classes": "background+cell", "ignore_value": 1}, "a class and ignored at once"),
        ({"level": 1}, "level is for OME-Zarr"),
        ({"axes": "cyx"}, "with 12 channels"),
        ({"fold": 1}, "option fold does nothing here"),
        ({"folds": 3, "order": 1}, "option order does nothing here: sections are cut into folds"),
        ({"folds": 1}, "got fold=0 of folds=1"),
        ({"folds": 13}, "12 sections cannot be cut into 13 folds"),
        ({"gap": 9}, "12 sections cannot be divided"),
        ({"labels": "auto"}, r"needs labels: 'volume\[labels=FILE\]:"),
        ({"labels": "nowhere.tif"}, "nowhere.tif is not there"),
    ],
)
def test_wrong_options_are_told(pair, cache, options, told):
    image, labels = pair()
    with pytest.raises((DataError, UsageError), match=told):
        open_volumes(str(image), cache, **{"labels": str(labels), **options})


def test_places_that_are_none(tmp_path, cache):
    with pytest.raises(UsageError, match=r"volume needs a path"):
        open_volumes(None, cache)
    with pytest.raises(DataError, match=r"is a folder without dataset.yaml.*data init"):
        open_volumes(str(tmp_path), cache)
    with pytest.raises(DataError, match=r"dataset.yaml cannot be read: there is no such file"):
        open_volumes(f"{tmp_path}/dataset.yaml", cache)


def test_an_unwritable_cache(pair, cache):
    cache.touch()
    image, labels = pair()
    with pytest.raises(DataError, match=r"cannot be written to"):
        open_volumes(str(image), cache, labels=str(labels))


def test_real_volumes_of_neurons(real_data, cache):
    """gala_fibsem_mini: its boundaries are those that we make of its numbers, and unassigned voxels."""
    root = real_data("gala_fibsem_mini") / "train"
    whole = tifffile.imread(root / "instances.tif")
    dataset = open_volumes(str(root / "image.tif"), cache, labels="instances.tif", instances="boundary")
    given = open_volumes(str(root / "image.tif"), cache, labels="boundaries.tif", scored="volumes")
    assert given.manifest.class_names == ("background", "class1")
    assert [case.depth for case in given.manifest.split("test")] == [10]
    assert (whole == 0).mean() == pytest.approx(0.067, abs=5e-4)
    for case in dataset.manifest.cases[:3]:
        ours = dataset.read(case).labels
        theirs = tifffile.imread(root / "boundaries.tif", key=case.section)
        assert ((ours == 1) & (theirs == 1)).sum() == 0


@pytest.mark.parametrize("options", ["voxel_size=50", "voxel_size=30x8x8", "range=0..255,axes=zyx"])
def test_options_are_read_from_references_and_again_from_plans(pair, cache, options):
    catalogue = load_plugins().catalogue
    image, labels = pair()
    reference = parse_dataset(f"volume[labels={labels.name},classes=0:background+1:cell,{options}]:{image}")
    offer = catalogue.find(catalogue.datasets, "volume")
    first = open_dataset(reference, offer, cache).manifest
    planned = replace(reference, options=complete_options(offer.card, reference.options))
    assert open_dataset(planned, offer, cache).manifest == first


def test_images_in_formats_of_volumes_are_described_and_divided_as_images(tmp_path):
    """As nnU-Net keeps them: a NIfTI file of one section for each image."""
    kept = {}
    for place in range(8):
        image, labels = picture(place, shape=(20, 24)), classes(place, shape=(1, 20, 24))[0]
        kept[f"tr_{place:03d}_0000"] = image, labels
        for name, values in (("imagesTr/tr_{:03d}_0000", image), ("labelsTr/tr_{:03d}", labels)):
            path = tmp_path / "cells" / f"{name.format(place)}.nii.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            SimpleITK.WriteImage(
                SimpleITK.GetImageFromArray(values[None] if place % 2 else values), str(path)
            )
    found = drafting.draft(tmp_path / "cells", tmp_path / "cache")
    assert "images are divided in their order, in contiguous blocks" in found.decided[-1]
    drafting.write(found, overwrite=False)
    dataset = open_volumes(str(tmp_path / "cells"), tmp_path / "cache")
    assert dataset.manifest.split_rule.startswith(
        "8 images in their order, cut into contiguous blocks: train 4 (tr_000_0000 to tr_003_0000), val 2"
    )
    assert len(dataset.manifest.cases) == 8
    for case in dataset.manifest.cases:
        sample = dataset.read(case)
        image, labels = kept[case.group]
        assert case.depth is None
        assert np.array_equal(sample.image, image[None])
        assert np.array_equal(sample.labels, labels)
    folds = [
        {
            case.group
            for case in open_volumes(
                str(tmp_path / "cells"), tmp_path / "cache", folds=4, fold=k
            ).manifest.cases
            if case.split == "test"
        }
        for k in range(4)
    ]
    assert sorted(name for fold in folds for name in fold) == sorted(kept)


def test_two_images_are_too_few(tmp_path):
    for place in range(2):
        np.save(tmp_path / f"v{place}.npy", picture(place, shape=(1, 20, 24)))
        np.save(tmp_path / f"v{place}_labels.npy", classes(place, shape=(1, 20, 24)))
    drafting.write(drafting.draft(tmp_path, tmp_path / "cache"), overwrite=False)
    with pytest.raises(DataError, match="2 sections cannot be divided into"):
        open_volumes(str(tmp_path), tmp_path / "cache")
