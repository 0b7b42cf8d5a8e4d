"""``data init``: what is seen, written and asked to be checked, for the ways in which data lie about."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from emseg_bench.benchmark.contracts.errors import DataError, UsageError
from emseg_bench.datasets.description import read_description
from emseg_bench.datasets.drafting.draft import name_values, word
from emseg_bench.datasets.drafting.drafting import draft, try_out, write
from emseg_bench.datasets.volume.factory import open_volumes
from PIL import Image
from scipy.ndimage import gaussian_filter

SHAPE = (10, 24, 32)


def tissue(seed=0, shape=SHAPE):
    """Draw something whose neighbouring sections look alike."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=shape), (1.5, 2, 2))
    return np.clip(128 + 400 * noise, 0, 255).astype(np.uint8)


def cells(seed=0, values=(0, 1)):
    mask = tissue(seed + 50) > 140
    mask[:, 0, 0] = True
    return np.where(mask, values[1], values[0]).astype(np.uint8)


def folder(root, part="", values=(0, 1), start=0, alike=True):
    for kind in ("images", "masks"):
        (root / part / kind).mkdir(parents=True, exist_ok=True)
    pictures = tissue() if alike else np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    for z, (image, mask) in enumerate(zip(pictures, cells(values=values), strict=True), start):
        Image.fromarray(image).save(root / part / "images" / f"z{z:02d}.png")
        Image.fromarray(mask).save(root / part / "masks" / f"z{z:02d}.png")


def stack(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, values, photometric="minisblack")


def drafted(path, cache):
    """Draft, write and try; return the draft, the description and the manifest."""
    found = draft(path, cache)
    write(found, overwrite=False)
    return found, read_description(found.place), try_out(found, cache)


def test_masks_of_0_and_255_get_names(tmp_path, cache):
    folder(tmp_path, values=(0, 255))
    found, said, manifest = drafted(tmp_path, cache)
    assert said.classes == {0: "background", 255: "class1"}
    assert said.volume is True
    assert manifest.class_names == ("background", "class1")
    assert found.reference == f"folder:{tmp_path}"
    assert "classes: the names are placeholders" in found.to_check
    assert any(
        "volume: true, since images are numbered, and neighbours look alike" in one for one in found.decided
    )


def test_numbered_images_that_do_not_look_alike_are_no_volume(tmp_path, cache):
    folder(tmp_path, alike=False)
    found, said, _ = drafted(tmp_path, cache)
    assert said.volume is False
    assert "neighbours do not look alike" in found.text


def test_divided_folders_stay_divided(tmp_path, cache):
    for part, start in (("train", 0), ("val", 10), ("test", 20)):
        folder(tmp_path, part, start=start)
    found, said, manifest = drafted(tmp_path, cache)
    assert "pairs are divided already: train 10, val 10, test 10" in found.decided
    assert said.classes == {0: "background", 1: "class1"}
    assert len(manifest.split("test")) == 10


@pytest.mark.parametrize(
    ("values", "names", "ignored"),
    [
        ([0, 1], {0: "background", 1: "class1"}, None),
        ([0, 255], {0: "background", 255: "class1"}, None),
        ([0, 1, 2, 255], {0: "background", 1: "class1", 2: "class2"}, 255),
        ([0, 128, 255], {0: "background", 128: "class1", 255: "class2"}, None),
        ([1, 2], {1: "background", 2: "class1"}, None),
    ],
)
def test_values_are_named(values, names, ignored):
    assert name_values(values) == (names, ignored)


def test_a_pixel_s_side_is_taken_from_tiff(tmp_path, cache):
    for kind, values in (("images", tissue()), ("masks", cells())):
        for z, section in enumerate(values):
            (tmp_path / kind).mkdir(exist_ok=True)
            tifffile.imwrite(tmp_path / kind / f"{z}.tif", section, imagej=True, resolution=(250, 250),
                             metadata={"unit": "um"})  # fmt: skip
    _, said, _ = drafted(tmp_path, cache)
    assert said.voxel_size_nm == (4, 4)


def read_description_of(found):
    write(found, overwrite=True)
    return read_description(found.place).instances


def test_numbers_of_objects_in_masks_are_told(tmp_path, cache):
    folder(tmp_path)
    for z in range(10):
        mask = np.arange(24 * 32).reshape(24, 32) // 8 % 50
        Image.fromarray(mask.astype(np.uint8)).save(tmp_path / "masks" / f"z{z:02d}.png")
    assert read_description_of(draft(tmp_path, cache)) == "boundary"


@pytest.mark.parametrize(
    "names", [("a.tif", "a_labels.tif"), ("em.tif", "gt.tif"), ("raw/1.tif", "seg/1.tif")]
)
def test_stacks_and_their_labels(tmp_path, cache, names):
    for name, values in zip(names, (tissue(), cells()), strict=True):
        stack(tmp_path / name, values)
    found, said, manifest = drafted(tmp_path, cache)
    assert [(one.image, one.labels) for one in said.volumes] == [names]
    assert manifest.dataset == "volume"
    assert "no split is named" in found.decided[-1]
    write(found, overwrite=True)
    with pytest.raises(UsageError, match=r"dataset.yaml is there already; --overwrite"):
        write(found, overwrite=False)


def test_stacks_divided_by_folders(tmp_path, cache):
    for number, part in enumerate(("train", "val", "test")):
        stack(tmp_path / part / "image.tif", tissue(number))
        stack(tmp_path / part / "labels.tif", cells(number))
    _, said, manifest = drafted(tmp_path, cache)
    assert {one.split: one.name for one in said.volumes} == {
        part: f"{part}-image" for part in ("train", "val", "test")
    }
    assert [len(manifest.split(split)) for split in ("train", "val", "test")] == [10, 10, 10]


def test_several_pairs_find_each_other(tmp_path, cache):
    for number in range(3):
        stack(tmp_path / f"mouse{number}.tif", tissue(number))
        stack(tmp_path / f"mouse{number}_mask.tif", cells(number))
    stack(tmp_path / "more.tif", tissue(7, (5, 24, 32)))
    found, said, _ = drafted(tmp_path, cache)
    assert [(one.image, one.labels) for one in said.volumes] == [
        (f"mouse{k}.tif", f"mouse{k}_mask.tif") for k in range(3)
    ]
    assert "more.tif has no labels and is left out" in found.to_check


def hdf5(path):
    with h5py.File(path / "a.h5", "w") as file:
        file["volumes/raw"], file["volumes/labels/mito"] = tissue(), cells(values=(0, 3))
        file["volumes/raw"].attrs["resolution"] = (30, 8, 8)
        file["table"] = np.zeros(3)
    return "a.h5:/volumes/raw", "a.h5:/volumes/labels/mito"


def zarr_folder(path):
    for name, values in (("raw", tissue()), ("labels", cells(values=(0, 3)))):
        data = zarr.create_array(path / "a.zarr", name=name, shape=SHAPE, dtype="uint8", chunks=(5, 24, 32))
        data[...] = values
        data.attrs["resolution"] = (30, 8, 8)
    return "a.zarr:/raw", "a.zarr:/labels"


@pytest.mark.parametrize("make", [hdf5, zarr_folder])
@pytest.mark.parametrize("named", ["file", "folder"])
def test_arrays_within_one_file(tmp_path, cache, make, named):
    pair = make(tmp_path)
    place = tmp_path / pair[0].partition(":")[0]
    found, said, manifest = drafted(place if named == "file" else tmp_path, cache)
    assert found.place == tmp_path / "dataset.yaml"
    assert [(one.image, one.labels) for one in said.volumes] == [pair]
    assert said.classes == {0: "background", 3: "class1"}
    assert manifest.voxel_size_nm == (30, 8, 8)
    assert "voxel size: 30 x 8 x 8 nm" in found.text


def test_labels_that_lie_another_way_round(tmp_path, cache):
    stack(tmp_path / "raw.tif", tissue())
    stack(tmp_path / "labels.tif", np.ascontiguousarray(cells().T))
    _, said, manifest = drafted(tmp_path, cache)
    (one,) = said.volumes
    assert (one.axes, one.labels_axes) == ("zyx", "xyz")
    dataset = open_volumes(str(tmp_path), cache)
    np.testing.assert_array_equal(dataset.read(manifest.cases[0]).labels, cells()[0])


def test_classes_go_before_numbers_of_objects(tmp_path, cache):
    stack(tmp_path / "raw.tif", tissue())
    objects = (np.arange(np.prod(SHAPE)).reshape(SHAPE) // 40 % 90).astype(np.uint16)
    stack(tmp_path / "instances.tif", objects)
    found, said, manifest = drafted(tmp_path, cache)
    assert said.instances == "boundary"
    assert manifest.class_names == ("background", "object", "boundary")
    found.place.unlink()
    stack(tmp_path / "masks.tif", cells())
    found, said, _ = drafted(tmp_path, cache)
    assert said.instances is None
    assert "raw.tif could have the labels instances.tif, too" in found.to_check


def test_other_values_than_8_and_16_bit_are_noted(tmp_path, cache):
    stack(tmp_path / "raw.tif", tissue().astype(np.float32))
    stack(tmp_path / "labels.tif", cells())
    found, _, manifest = drafted(tmp_path, cache)
    assert "# intensity: [0, 1000]" in found.text
    assert "Values (float32) are scaled" in manifest.notes[0]


def test_places_without_data_are_told(tmp_path, cache):
    with pytest.raises(DataError, match=r"nowhere is not there"):
        draft(tmp_path / "nowhere", cache)
    with pytest.raises(DataError, match=r"holds no volume"):
        draft(tmp_path, cache)
    stack(tmp_path / "raw.tif", tissue())
    with pytest.raises(
        DataError, match=r"no image with labels of its shape and place: raw.tif \(image, 10 x 24 x 32\)"
    ):
        draft(tmp_path, cache)


def test_words_are_quoted_where_yaml_would_misread_them():
    assert [word(text) for text in ("a_b/c.tif", "no", "c: d", "12", "a.h5:/raw", "ü.tif")] == [
        "a_b/c.tif", '"no"', '"c: d"', '"12"', '"a.h5:/raw"', '"\\u00fc.tif"',
    ]  # fmt: skip


def test_the_command_says_what_was_decided_and_what_to_check(invoke, tmp_path):
    folder(tmp_path / "cells", values=(0, 255))
    os.chdir(tmp_path)
    done = invoke("data", "init", "cells")
    assert (done.code, done.err) == (0, "")
    assert "wrote cells/dataset.yaml" in done.out
    assert "decided:\n  - 10 pairs in images/ and masks/" in done.out
    assert "train 4, val 2, test 2 images" in done.out
    assert "to check:\n  - classes: the names are placeholders" in done.out
    assert "emseg-bench run --models unet --datasets folder:cells" in done.out
    again = invoke("data", "init", "cells")
    assert again.code == 2
    assert "is there already" in again.err
    assert invoke("data", "init", "cells", "--overwrite").code == 0
    assert invoke("data", "init", "nowhere").code == 2


def test_a_description_that_does_not_work_yet_says_so(invoke, tmp_path):
    stack(tmp_path / "raw.tif", tissue(shape=(2, 24, 32)))
    stack(tmp_path / "labels.tif", cells()[:2])
    done = invoke("data", "init", tmp_path)
    assert done.code == 0
    assert "it cannot be used as it is: 2 sections cannot be divided" in done.out


@pytest.mark.parametrize("kind", ["folder", "volume"])
def test_what_was_written_can_be_run(invoke, tmp_path, kind):
    if kind == "folder":
        folder(tmp_path, values=(0, 255))
    else:
        hdf5(tmp_path)
    assert invoke("data", "init", tmp_path).code == 0
    done = invoke("run", "--models", "unet", "--datasets", f"{kind}:{tmp_path}", "--seeds", "1", "--dry-run")
    assert done.code == 0, done.err
    assert "1 trial, 0 complete already" in done.out


@pytest.mark.parametrize("kind", ["volume", "folder"])
@pytest.mark.parametrize("unannotated", [False, True])
def test_foreground_that_some_sections_write_as_255(tmp_path, cache, kind, unannotated):
    """It is one class, unless a section is 255 throughout: nobody annotated that."""
    truth = cells()
    masks = truth * np.where(np.arange(10) % 2, 255, 1)[:, None, None].astype(np.uint8)
    if unannotated:
        masks[4] = 255
    if kind == "volume":
        stack(tmp_path / "a.tif", tissue())
        stack(tmp_path / "a_labels.tif", masks)
    else:
        folder(tmp_path)
        for z, mask in enumerate(masks):
            Image.fromarray(mask).save(tmp_path / "masks" / f"z{z:02d}.png")
    found, said, manifest = drafted(tmp_path, cache)
    assert said.ignore_value == (255 if unannotated else None)
    assert (
        any("either 1 or 255, which are taken for one class" in one for one in found.decided) != unannotated
    )
    if not unannotated:
        assert manifest.class_names == ("background", "class1")
        assert said.classes == {0: "background", 1: "class1", 255: "class1"}
