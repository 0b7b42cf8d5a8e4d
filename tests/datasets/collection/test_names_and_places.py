"""How files of images and masks may be called and lie, and that none is passed over without a word."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest
import SimpleITK
import tifffile
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.files.hashing import manifest_sha256
from emseg_bench.benchmark.predictions.pairs import find_pairs, pairing_notes, with_objects
from emseg_bench.datasets.description import read_description
from emseg_bench.datasets.drafting.drafting import draft, try_out, write
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.folder.layout import find_layout
from emseg_bench.datasets.volume.factory import open_volumes
from PIL import Image

SIDES = (24, 32)


def picture(number):
    return np.random.default_rng(number).integers(0, 256, SIDES, dtype=np.uint8)


def mask(number):
    return (np.random.default_rng(100 + number).random(SIDES) < 0.3).astype(np.uint8)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        Image.fromarray(pixels).save(path)
    else:
        tifffile.imwrite(path, pixels, photometric="minisblack")


def write_pairs(root, image, label, numbers=range(6)):
    for number in numbers:
        save(root / image.format(number), picture(number))
        save(root / label.format(number), mask(number))


def pairs_read(root, cache):
    """Return how often each drawn image is read with its own mask, and with that of another."""
    dataset = open_folder(str(root), cache)
    right = wrong = 0
    for case in dataset.manifest.cases:
        sample = dataset.read(case)
        number = next(k for k in range(40) if np.array_equal(sample.image[0], picture(k)))
        own = np.array_equal(sample.labels, mask(number))
        right, wrong = right + own, wrong + (not own)
    return right, wrong


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images/img_{0:03}.png", "masks/img_{0:03}_mask.png"),
        ("images/{0}.png", "masks/{0:03}.tif"),
        ("img/s{0}.png", "label/s{0}.png"),
        ("raw/Image{0}.tif", "gt/Label{0}.tif"),
        ("imagesTr/tr_{0:03}_0000.png", "labelsTr/tr_{0:03}.png"),
        ("img_{0}.tif", "img_{0}_masks.tif"),
        ("{0}.png", "{0}-labels.png"),
        ("a{0}.png", "seg_a{0}.png"),
        ("images/m{0}/s.png", "masks/m{0}/s.png"),
        ("images/{0}.png", "masks/m/{0}_mask.png"),
    ],
)
def test_every_mask_finds_its_own_image(tmp_path, cache, image, label):
    write_pairs(tmp_path, image, label)
    assert pairs_read(tmp_path, cache) == (6, 0)
    found = draft(tmp_path, cache)
    assert found.kind == "folder"
    write(found, overwrite=False)
    manifest = try_out(found, cache)
    assert len(manifest.cases) == 6 or read_description(found.place).volume


def test_pairs_of_other_names_are_told_and_equal_ones_are_not(tmp_path, cache):
    write_pairs(tmp_path / "a", "images/{0}.png", "masks/{0}_mask.png")
    notes = open_folder(str(tmp_path / "a"), cache).manifest.notes
    assert any("masks/0_mask.png belongs to images/0.png" in note for note in notes)
    write_pairs(tmp_path / "b", "images/{0}.png", "masks/{0}.png")
    assert not any("paired" in note for note in open_folder(str(tmp_path / "b"), cache).manifest.notes)


def test_nnunet_s_test_folders_test(tmp_path, cache):
    write_pairs(tmp_path, "imagesTr/a_{0}_0000.png", "labelsTr/a_{0}.png")
    write_pairs(tmp_path, "imagesTs/a_{0}_0000.png", "labelsTs/a_{0}.png", range(10, 12))
    manifest = open_folder(str(tmp_path), cache).manifest
    assert [case.id for case in manifest.split("test")] == ["test/a_10", "test/a_11"]
    shutil.rmtree(tmp_path / "labelsTs")
    assert "imagesTs/" in open_folder(str(tmp_path), cache).manifest.unread[0]


def test_folders_within_folders_are_read(tmp_path, cache):
    write_pairs(tmp_path, "images/m1/s{0}.png", "masks/m1/s{0}.png", range(4))
    write_pairs(tmp_path, "images/s{0}.png", "masks/s{0}.png", range(4, 8))
    assert pairs_read(tmp_path, cache) == (8, 0)
    names = {pair.stem for pair in find_layout(tmp_path).pairs()}
    assert names == {*(f"m1/s{k}" for k in range(4)), *(f"s{k}" for k in range(4, 8))}
    (tmp_path / "dataset.yaml").write_text("groups: {one: ['m1/*'], rest: ['s[45]'], more: ['s[67]']}")
    assert {case.group for case in open_folder(str(tmp_path), cache).manifest.cases} == {
        "one",
        "rest",
        "more",
    }


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "b.JPEG", "c.h5", "d.zarr", "e.bmp", "f.npz", "g.mrc", "h.nii.gz", "i.czi", "sub/j.dm4"],
)
def test_images_of_other_formats_among_png_are_refused(make_folder, cache, name):
    root = make_folder(6)
    path = root / "images" / name
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if name.endswith(".zarr") else path.touch()
    with pytest.raises(DataError, match="holds files that are not read: " + name.replace(".", r"\.")):
        open_folder(str(root), cache)


def test_other_files_are_named_and_litter_is_not(make_folder, cache):
    root = make_folder(6)
    before = manifest_sha256(open_folder(str(root), cache).manifest)
    for name in (
        "images/.DS_Store",
        "masks/Thumbs.db",
        "images/._00.png",
        ".git/x",
        "__MACOSX/y",
        "desktop.ini",
    ):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).touch()
    assert open_folder(str(root), cache).manifest.unread == ()
    for name in ("images/notes.txt", "masks/table.csv", "more/z.png", "extra.png", "README"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).touch()
    manifest = open_folder(str(root), cache).manifest
    assert manifest.unread == (
        f"Not read in {root}: 5 entries, images/notes.txt, masks/table.csv, README, extra.png, more/.",
    )
    assert manifest_sha256(manifest) == before


def test_splits_name_what_lies_beside_them(tmp_path, cache):
    for part, start in (("train", 0), ("val", 6), ("test", 12)):
        write_pairs(tmp_path / part, "images/{0}.png", "masks/{0}.png", range(start, start + 4))
    write_pairs(tmp_path / "holdout", "images/{0}.png", "masks/{0}.png", range(2))
    (tmp_path / "val/old").mkdir()
    (note,) = open_folder(str(tmp_path), cache).manifest.unread
    assert note.endswith("2 entries, holdout/, val/old/.")


def test_a_folder_that_is_something_else_is_told_what(tmp_path, cache):
    for name in ("a", "b"):
        write_pairs(tmp_path / "all" / name, "images/{0}.png", "masks/{0}.png")
    with pytest.raises(DataError, match=r"Each of a/, b/ is a dataset: write folder:\S*/all/a"):
        open_folder(str(tmp_path / "all"), cache)
    with pytest.raises(DataError, match=r"holds 2 datasets, a/, b/: describe each .* data init \S*/all/a"):
        draft(tmp_path / "all", cache)
    save(tmp_path / "vol/cells.tif", np.zeros((4, *SIDES), np.uint8))
    with pytest.raises(DataError, match=r"If cells.tif is a volume, write volume:\S*/vol, .* data init"):
        open_folder(str(tmp_path / "vol"), cache)
    with pytest.raises(DataError, match=r"a volume is written volume\[labels=FILE\]"):
        open_folder(str(tmp_path / "vol/cells.tif"), cache)
    with pytest.raises(DataError, match=r"does not exist; did you mean \S*/vol\?"):
        open_folder(str(tmp_path / "Vol"), cache)
    with pytest.raises(DataError, match=r"is not there; did you mean \S*/vol\?"):
        draft(tmp_path / "vols", cache)


def nifti(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing((8e-6, 8e-6, 3e-5))
    SimpleITK.WriteImage(image, str(path))


def stack(number):
    return np.stack([picture(10 * number + z) for z in range(10)])


def label_stack(number):
    return np.stack([mask(10 * number + z) for z in range(10)])


@pytest.mark.parametrize(
    ("image", "label", "store"),
    [
        ("imagesTr/v_{0:03}_0000.nii.gz", "labelsTr/v_{0:03}.nii.gz", nifti),
        ("vol{0}.tif", "vol{0}_seg.tif", save),
        ("vol{0}.tif", "mask_vol{0:02}.tif", save),
        ("m{0}/raw.tif", "m{0}/truth.tif", save),
        ("raw/m{0}.tif", "seg/m{0}-labels.tif", save),
    ],
)
def test_every_volume_finds_its_own_labels(tmp_path, cache, image, label, store):
    for number in range(3):
        store(tmp_path / image.format(number), stack(number))
        store(tmp_path / label.format(number), label_stack(number))
    found = draft(tmp_path, cache)
    write(found, overwrite=False)
    said = read_description(found.place)
    assert {(one.image, one.labels) for one in said.volumes} == {
        (image.format(k), label.format(k)) for k in range(3)
    }
    dataset = open_volumes(str(tmp_path), cache)
    for case in dataset.manifest.cases:
        sample = dataset.read(case)
        z = next(k for k in range(30) if np.array_equal(sample.image[0], picture(k)))
        np.testing.assert_array_equal(sample.labels, mask(z))


def test_one_label_file_is_never_given_to_two_volumes(tmp_path, cache):
    for number in range(3):
        save(tmp_path / f"cells{number}.tif", stack(number))
    save(tmp_path / "truth.tif", label_stack(0))
    with pytest.raises(DataError, match=r"no image with labels of its shape and place"):
        draft(tmp_path, cache)
    save(tmp_path / "cells1_labels.tif", label_stack(1))
    (tmp_path / "notes.md").touch()
    found = draft(tmp_path, cache)
    assert [line for line in found.lines if "image:" in line] == [
        "  - {image: cells1.tif, labels: cells1_labels.tif}"
    ]
    assert {
        "cells0.tif has no labels and is left out",
        "cells2.tif has no labels and is left out",
        "1 file with labels of no image that was found: truth.tif",
        "1 file not read, no volume by its name: notes.md",
    } <= set(found.to_check)


def test_two_images_that_claim_the_same_labels_get_none(tmp_path, cache):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"], file["raw_denoised"], file["labels"] = stack(0), stack(1), label_stack(0)
    with pytest.raises(
        DataError, match=r"a.h5:/labels could be the labels of a.h5:/raw, a.h5:/raw_denoised; it is"
    ):
        draft(tmp_path, cache)


def test_one_file_in_two_entries(tmp_path, cache):
    for number in range(2):
        save(tmp_path / f"a{number}.tif", stack(number))
        save(tmp_path / f"b{number}.tif", label_stack(number))

    def opened(*volumes):
        (tmp_path / "dataset.yaml").write_text("volumes:\n" + "".join(f"- {{{one}}}\n" for one in volumes))
        return open_volumes(str(tmp_path), cache).manifest

    with pytest.raises(DataError, match=r"a0 and a1 name the same labels, \S*b0.tif. Is one a slip"):
        opened("image: a0.tif, labels: b0.tif", "image: a1.tif, labels: ./b0.tif")
    with pytest.raises(DataError, match=r"x and a0 name the same image"):
        opened("image: a0.tif, labels: b0.tif, name: x", "image: a0.tif, labels: b1.tif")
    with pytest.raises(DataError, match=r"x and a0 are the same image with the same labels"):
        opened("image: a0.tif, labels: b0.tif, name: x, group: g", "image: a0.tif, labels: b0.tif, group: g")
    with pytest.raises(DataError, match=r"names \S*a0.tif as image and as labels"):
        opened("image: a0.tif, labels: a0.tif")
    same = "group: g, labels: b0.tif, image"
    groups = [f"{same}: a0.tif", f"{same}: a1.tif"]
    with pytest.raises(DataError, match="1 group"):  # accepted, but one group alone cannot be divided
        opened(*groups)


@pytest.mark.parametrize(
    ("prediction", "truth"),
    [
        ("{0}.png", "{0}.png"),
        ("img_{0}_pred.png", "img_{0}_mask.png"),
        ("m1/{0}.png", "m1/{0}_label.png"),
        ("{0}.tif", "{0:03}.png"),
    ],
)
def test_predictions_find_their_truth(tmp_path, prediction, truth):
    for number in range(12):
        save(tmp_path / "pred" / prediction.format(number), mask(number))
        save(tmp_path / "truth" / truth.format(number), mask(number))
        save(tmp_path / "ids" / truth.format(number), mask(number))
    pairs, strange = find_pairs(tmp_path / "pred", tmp_path / "truth")
    pairs = with_objects(pairs, tmp_path / "ids", tmp_path / "truth")
    assert strange == []
    assert {(pair.prediction, pair.truth, pair.objects) for pair in pairs} == {
        (tmp_path / "pred" / prediction.format(k), tmp_path / "truth" / truth.format(k),
         tmp_path / "ids" / truth.format(k))
        for k in range(12)
    }  # fmt: skip
    assert bool(pairing_notes(pairs)) == (prediction.rpartition(".")[0] != truth.rpartition(".")[0])


def test_predictions_within_the_truth_s_folder_are_no_truth(tmp_path):
    save(tmp_path / "a.png", mask(0))
    save(tmp_path / "pred/a.png", mask(1))
    pairs, _ = find_pairs(tmp_path / "pred", tmp_path)
    assert [(pair.prediction.parent.name, pair.truth.name) for pair in pairs] == [("pred", "a.png")]
    save(tmp_path / "b/a.png", mask(1))
    with pytest.raises(DataError, match=r"1 file\(s\) in \S* have no partner .*: b/a"):
        find_pairs(tmp_path / "pred", tmp_path)
