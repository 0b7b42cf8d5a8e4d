"""What values labels may have, in whatever file; and numbers of objects, told from classes."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.images.label_values import count_pieces, whole_labels
from emseg_bench.benchmark.predictions.label_maps import read_label_map
from emseg_bench.datasets.collection.objects import look_like_objects
from emseg_bench.datasets.description import read_description
from emseg_bench.datasets.drafting.drafting import draft, write
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.volume.factory import open_volumes
from scipy import ndimage

SHAPE = (9, 40, 48)


def blobs(seed, shape=SHAPE, share=0.2):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), [2.5] * len(shape))
    return noise > np.quantile(noise, 1 - share)


def grey(mask, seed=0):
    return (150 - 60 * mask + np.random.default_rng(seed).normal(0, 9, mask.shape)).astype(np.uint8)


def folder(root, masks):
    for number, mask in enumerate(masks):
        for kind, values in (("images", grey(mask != mask.min(), number)), ("masks", mask)):
            (root / kind).mkdir(exist_ok=True)
            tifffile.imwrite(root / kind / f"{number}.tif", values, photometric="minisblack")
    return str(root)


def volume(root, labels):
    for name, values in (("a.tif", grey(labels != labels.min())), ("a_labels.tif", labels)):
        tifffile.imwrite(root / name, values, photometric="minisblack")
    return str(root / "a.tif"), str(root / "a_labels.tif")


def classes(seed=0, shape=SHAPE):
    mask = np.zeros(shape, np.int16)
    mask[blobs(seed, shape)] = 1
    mask[..., :3, :] = 2
    return mask


KINDS = ["bool", "uint8", "int8", "int16", "uint32", "int64", "float16", "float32", "float64"]


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_of_every_type_are_labels_everywhere(tmp_path, cache, kind):
    labels = (classes() > 0).astype(kind) if kind == "bool" else classes().astype(kind)
    expected = labels.astype(np.uint8)
    stored = labels.astype(np.uint8) if kind == "bool" else labels
    for place in ("f", "v"):
        (tmp_path / place).mkdir()
    dataset = open_folder(folder(tmp_path / "f", stored), cache)
    for case in dataset.manifest.cases:
        np.testing.assert_array_equal(dataset.read(case).labels, expected[int(case.id.rpartition("/")[2])])
    image, place = volume(tmp_path / "v", stored)
    opened = open_volumes(image, cache, labels=place)
    for case in opened.manifest.cases:
        np.testing.assert_array_equal(opened.read(case).labels, expected[int(case.id.rpartition("/")[2])])
    np.testing.assert_array_equal(read_label_map(tmp_path / "v/a_labels.tif"), expected)
    np.testing.assert_array_equal(read_label_map(tmp_path / "f/masks/0.tif"), expected[0])


@pytest.mark.parametrize("wrong", [0.5, np.nan, np.inf, 2.0**60])
def test_what_is_no_label_is_shown_with_its_place(tmp_path, cache, wrong):
    labels = classes().astype(np.float32)
    labels[0, 7, 9] = wrong
    told = r"of type float32; labels are whole numbers"
    with pytest.raises(DataError, match=r"at \(7, 9\), " + told):
        open_folder(folder(tmp_path, labels), cache)
    image, place = volume(tmp_path, labels)
    with pytest.raises(DataError, match=r"section 0 holds \S+ at \(7, 9\), " + told):
        open_volumes(image, cache, labels=place)
    with pytest.raises(DataError, match=r"at \(0, 7, 9\), " + told):
        read_label_map(tmp_path / "a_labels.tif")


def test_other_types_are_no_labels():
    with pytest.raises(DataError, match="x holds complex64 values"):
        whole_labels(np.zeros((2, 2), np.complex64), "x")


@pytest.mark.parametrize(
    ("none", "kind"), [(-1, "int16"), (255, "uint8"), (65535, "uint16"), (2**32 - 1, "uint32")]
)
def test_any_value_may_be_ignored_or_be_background(tmp_path, cache, none, kind):
    labels = classes().astype(kind)
    labels[:, 20:24] = none
    expected = np.where(labels == labels.dtype.type(none), 255, labels).astype(np.uint8)
    for place in ("f", "v"):
        (tmp_path / place).mkdir()
    dataset = open_folder(folder(tmp_path / "f", labels), cache, ignore_value=none)
    image, place = volume(tmp_path / "v", labels)
    opened = open_volumes(image, cache, labels=place, ignore_value=none)
    for one in (dataset, opened):
        assert one.manifest.ignore_value == 255
        for case in one.manifest.cases:
            np.testing.assert_array_equal(one.read(case).labels, expected[int(case.id.rpartition("/")[2])])
    (tmp_path / "f/dataset.yaml").write_text(f"background: {none}\nclasses: {{0: a, 1: b, 2: c}}\n")
    named = open_folder(str(tmp_path / "f"), cache)
    assert named.manifest.class_names == ("background", "a", "b", "c")
    shifted = np.where(expected == 255, 0, expected + 1)
    for case in named.manifest.cases:
        np.testing.assert_array_equal(named.read(case).labels, shifted[int(case.id.rpartition("/")[2])])


def numbered(seeds):
    return [ndimage.label(blobs(seed, SHAPE[1:]))[0].astype(np.uint16) for seed in seeds]


def test_numbers_of_objects_in_a_folder_are_asked_about_and_read(tmp_path, cache):
    masks = numbered(range(8))
    with pytest.raises(DataError, match=r"look like numbers of single objects.* instances: boundary into"):
        open_folder(folder(tmp_path, masks), cache)
    assert open_folder(str(tmp_path), cache, instances="none").manifest.class_names[1] == "class1"
    binary = open_folder(str(tmp_path), cache, instances="binary")
    assert binary.manifest.class_names == ("background", "object")
    assert binary.manifest.has_instances
    for case in binary.manifest.cases:
        sample = binary.read(case)
        mask = masks[int(case.id.rpartition("/")[2])]
        np.testing.assert_array_equal(sample.labels, mask > 0)
        np.testing.assert_array_equal(sample.instances, mask)
    found = draft(tmp_path, cache)
    write(found, overwrite=False)
    assert read_description(found.place).instances == "boundary"
    assert open_folder(str(tmp_path), cache).manifest.class_names == ("background", "object", "boundary")


def test_numbers_of_objects_from_0_with_minus_one_around_them(tmp_path, cache):
    objects = ndimage.label(blobs(3))[0].astype(np.int32) - 1
    image, labels = volume(tmp_path, objects)
    with pytest.raises(DataError, match=r"numbers of single objects.* instances=boundary,background=-1"):
        open_volumes(image, cache, labels=labels)
    found = draft(tmp_path, cache)
    write(found, overwrite=False)
    said = read_description(found.place)
    assert (said.instances, said.background) == ("boundary", -1)
    opened = open_volumes(str(tmp_path), cache, instances="binary")
    for case in opened.manifest.cases:
        sample = opened.read(case)
        z = int(case.id.rpartition("/")[2])
        np.testing.assert_array_equal(sample.labels, objects[z] >= 0)
        pairs = set(zip(sample.instances.ravel().tolist(), objects[z].ravel().tolist(), strict=True))
        assert len(pairs) == len(np.unique(objects[z]))
        assert all((one == 0) == (other == -1) for one, other in pairs)


@pytest.mark.parametrize("seed", range(4))
def test_classes_are_no_objects(tmp_path, cache, seed):
    noise = np.random.default_rng(seed)
    many = [np.where(blobs(k, SHAPE[1:], 0.3), noise.integers(1, 4), 0).astype(np.uint8) for k in range(8)]
    layered = [classes(seed + k, SHAPE[1:]) for k in range(8)]
    assert not look_like_objects([count_pieces(mask) for mask in layered], {0}, sections=False)
    assert not look_like_objects([count_pieces(mask) for mask in classes(seed)], {0}, sections=True)
    assert not look_like_objects([count_pieces(mask) for mask in many if mask.any()], {0}, sections=False)


def test_pieces_are_counted_with_diagonals():
    labels = np.array([[-1, -1, 3, 0], [-1, 3, -1, 0], [7, 0, 3, 3]])
    assert count_pieces(labels) == {-1: 1, 0: 2, 3: 1, 7: 1}
