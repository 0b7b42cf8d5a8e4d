"""Subjects are told by names, kept whole, and said where they stand in two splits."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
import tifffile
import yaml
from emseg_bench.benchmark.contracts.data import SPLITS, Case, Manifest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.collection.splits import choose_groups, fold_groups
from emseg_bench.datasets.drafting.drafting import draft, try_out, write
from emseg_bench.datasets.fetching.subjects import (
    expression_for,
    folder_expression,
    folders_of,
    subject_notes,
    subjects_of,
)
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.volume.factory import open_volumes
from PIL import Image


def image(seed):
    return np.random.default_rng(seed).integers(0, 255, (32, 32), dtype=np.uint8)


def write_pairs(root, names, part=""):
    for kind in ("images", "masks"):
        (root / part / kind).mkdir(parents=True, exist_ok=True)
    for name in names:
        seed = sum(map(ord, name)) * 31 + len(name)
        mask = np.zeros((32, 32), np.uint8)
        mask[8:20, 4:30] = 1
        Image.fromarray(image(seed)).save(root / part / "images" / f"{name}.png")
        Image.fromarray(mask).save(root / part / "masks" / f"{name}.png")
    return root


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("sub-rat3_ses-1_slice2", "sub-rat3"),
        ("sub-01_T2", "sub-01"),
        ("animal3_a", "animal3"),
        ("Animal3_a", "animal3"),
        ("mouse_2-x", "mouse_2"),
        ("subject12", "subject12"),
        ("patient_007_b", "patient_007"),
        ("em_donorA_4", "donora"),
        ("donor-B", "donor-b"),
        ("rat3", "rat3"),
        ("sub-01/ses-2/a", "sub-01"),
        ("mouse2b_01", "mouse2b"),
        ("mouse_brain_01", None),
        ("subvolume_1", None),
        ("strata3_1", None),
        ("operator3", None),
        ("animal", None),
        ("cell_07", None),
        ("z0012", None),
    ],
)
def test_subjects_of_names(name, subject):
    assert subjects_of([name]) == ({} if subject is None else {name: subject})


def test_names_of_which_some_tell_no_subject_are_left_alone():
    assert subjects_of(["rat1_a", "rat2_a", "cell_1"]) == {}
    assert subjects_of([]) == {}
    assert expression_for([]) is None


NAMES = [f"sub-rat{rat}_ses-1_slice{k}" for rat in range(1, 6) for k in range(4)]


def test_images_of_one_subject_stay_together(tmp_path, cache):
    manifest = open_folder(str(write_pairs(tmp_path / "rats", NAMES)), cache).manifest
    of = {split: {case.group for case in manifest.split(split)} for split in SPLITS}
    assert [len(of[split]) for split in SPLITS] == [3, 1, 1]
    assert set().union(*of.values()) == {f"sub-rat{rat}" for rat in range(1, 6)}
    assert "20 images in 5 groups, divided whole" in manifest.split_rule
    assert any("20 images belong to 5 subjects by their names (sub-rat1, " in note for note in manifest.notes)
    assert list(subject_notes(manifest)) == []


def test_each_image_may_be_its_own_group(tmp_path, cache):
    root = write_pairs(tmp_path / "rats", NAMES)
    (root / "dataset.yaml").write_text("groups: '(.+)'\n")
    manifest = open_folder(str(root), cache).manifest
    assert [len(manifest.split(split)) for split in SPLITS] == [12, 4, 4]


@pytest.mark.parametrize(
    "names", [[f"rat{rat}_{k}" for rat in rats for k in "abc"] for rats in ([2, 3], [2])]
)
def test_two_subjects_or_fewer_are_cut_into_blocks_and_told(tmp_path, cache, names):
    manifest = open_folder(str(write_pairs(tmp_path / "rats", names)), cache).manifest
    assert "contiguous blocks" in manifest.split_rule
    (note,) = subject_notes(manifest)
    assert note.startswith("1 of ")
    assert "stand in several splits (rat" in note


def test_names_without_subjects_are_divided_as_before(tmp_path, cache):
    names = [f"cell_{k:02d}" for k in range(10)]
    manifest = open_folder(str(write_pairs(tmp_path / "cells", names)), cache).manifest
    assert [case.id for case in manifest.split("val")] == ["val/cell_06", "val/cell_07"]
    assert {case.group for case in manifest.cases} == {None}
    each = [f"rat{k}" for k in range(10)]
    manifest = open_folder(str(write_pairs(tmp_path / "rats", each)), cache).manifest
    assert [case.id for case in manifest.split("val")] == ["val/rat6", "val/rat7"]


def test_subjects_in_folders_that_their_owner_divided(tmp_path, cache, invoke, monkeypatch):
    root = tmp_path / "rats"
    for part, rats in (("train", (1, 2)), ("val", (3,)), ("test", (2, 4))):
        write_pairs(root, [f"rat{rat}_{part}{k}" for rat in rats for k in range(3)], part)
    manifest = open_folder(str(root), cache).manifest
    (note,) = subject_notes(manifest)
    assert note.startswith(
        "1 of 4 subjects stand in several splits (rat2 in train and test): scores say little"
    )
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(cache))
    for command in (("data", "inspect"), ("data", "verify")):
        assert "rat2 in train and test" in " ".join(invoke(*command, f"folder:{root}").out.split())
    done = invoke("run", "--models", "unet", "--datasets", f"folder:{root}", "--recipe", "smoke", "--dry-run")
    assert "rat2 in train and test" in " ".join((done.out + done.err).split())


def test_subjects_in_named_splits(tmp_path, cache):
    root = write_pairs(tmp_path / "rats", [f"mouse_{m}-{k}" for m in (1, 2, 3) for k in range(3)])
    (root / "dataset.yaml").write_text(
        "splits: {train: ['mouse_1*', 'mouse_2-0'], val: ['mouse_2-[12]'], test: ['mouse_3*']}\n"
    )
    (note,) = subject_notes(open_folder(str(root), cache).manifest)
    assert "1 of 3 subjects stand in several splits (mouse_2 in train and val)" in note


def test_a_val_split_that_serves_as_test_is_no_subject_in_two(tmp_path, cache):
    root = tmp_path / "rats"
    write_pairs(root, ["rat1_a", "rat1_b", "rat2_a"], "train")
    write_pairs(root, ["rat3_a", "rat3_b"], "val")
    assert list(subject_notes(open_folder(str(root), cache).manifest)) == []


def test_init_writes_subjects_down(tmp_path, cache):
    root = write_pairs(tmp_path / "rats", NAMES)
    before = open_folder(str(root), cache).manifest
    found = draft(root, cache)
    (line,) = (line for line in found.lines if line.startswith("groups:"))
    assert "# subjects by their names: sub-rat1, sub-rat2, sub-rat3 and 2 more" in line
    assert yaml.safe_load(line) == {"groups": "(?:^|[^A-Za-z0-9])(sub-[A-Za-z0-9]+)"}
    assert "groups: 5 subjects, which are never divided" in found.decided
    write(found, overwrite=False)
    after = try_out(found, cache)
    assert [(case.id, case.group) for case in after.cases] == [(case.id, case.group) for case in before.cases]


def test_init_does_not_write_what_cannot_be_divided(tmp_path, cache):
    root = write_pairs(tmp_path / "rats", [f"rat{rat}_{k}" for rat in (1, 2) for k in range(4)])
    found = draft(root, cache)
    (line,) = (line for line in found.lines if "groups:" in line)
    assert line.startswith("# groups: ")
    assert "fewer than three cannot be divided whole" in line
    write(found, overwrite=False)
    assert len(try_out(found, cache).cases) == 8


# --------------------------------------------------------------------------------------------- volumes
def write_volumes(root, files, depth=6):
    mask = np.zeros((depth, 32, 32), np.uint8)
    mask[:, 8:20, 4:30] = 1
    for number, file in enumerate(files):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        stack = np.stack([image(100 * number + z) for z in range(depth)])
        tifffile.imwrite(root / file, stack, photometric="minisblack")
        tifffile.imwrite(root / file.replace(".tif", "_labels.tif"), mask, photometric="minisblack")
    entries = ", ".join(f"{{image: {file}, labels: {file.replace('.tif', '_labels.tif')}, name: v{number}}}"
                        for number, file in enumerate(files))  # fmt: skip
    (root / "dataset.yaml").write_text(f"volumes: [{entries}]\nvoxel_size_nm: 30\n")
    return root


@pytest.mark.parametrize("pattern", ["mouse{}.tif", "sub-0{}/em.tif"])
def test_volumes_of_three_subjects_are_divided_whole(tmp_path, cache, pattern):
    root = write_volumes(tmp_path / "volumes", [pattern.format(k) for k in (1, 2, 3)])
    manifest = open_volumes(str(root), cache).manifest
    of = {split: {case.group for case in manifest.split(split)} for split in SPLITS}
    assert [len(of[split]) for split in SPLITS] == [1, 1, 1]
    assert len(set().union(*of.values())) == 3
    assert "3 groups, divided whole" in manifest.split_rule


def test_two_volumes_of_one_subject_in_two_splits(tmp_path, cache):
    root = write_volumes(tmp_path / "volumes", ["rat1_a.tif", "rat1_b.tif", "rat2_a.tif"])
    text = (root / "dataset.yaml").read_text()
    for name, split in (("v0", "train"), ("v1", "test"), ("v2", "val")):
        text = text.replace(f"name: {name}", f"name: {name}, split: {split}")
    (root / "dataset.yaml").write_text(text)
    manifest = open_volumes(str(root), cache).manifest
    assert "The group rat1 is in the splits train and test: scores may be optimistic." in manifest.notes


def test_init_writes_subjects_of_volumes_down(tmp_path, cache):
    root = write_volumes(tmp_path / "volumes", [f"rat{k}/em.tif" for k in (1, 2, 3)])
    (root / "dataset.yaml").unlink()
    found = draft(root, cache)
    entries = yaml.safe_load(found.text)["volumes"]
    assert [entry["group"] for entry in entries] == ["rat1", "rat2", "rat3"]


# ----------------------------------------------------------------------------------------------- folds
def test_folds_hold_about_as_many_images_each():
    sizes = {"a": 12, "b": 9, "c": 5, "d": 4, "e": 3, "f": 3}
    groups = [group for group, number in sizes.items() for _ in range(number)]
    tested = [fold_groups(groups, 3, fold, val_share=0.2)["test"] for fold in range(3)]
    assert sorted(group for own in tested for group in own) == sorted(sizes)
    assert sorted(sum(sizes[group] for group in own) for own in tested) == [12, 12, 12]
    assert tested == [fold_groups(groups[::-1], 3, fold, val_share=0.2)["test"] for fold in range(3)]
    numbers = [*sizes.values()]
    for fold, own in enumerate(tested):
        assert fold_groups([*sizes], 3, fold, val_share=0.2, sizes=numbers)["test"] == own


def test_groups_of_one_size_are_dealt_out_as_before():
    names = [f"g{k}" for k in range(7)]
    tested = [set(choose_groups(names, {"val": 0.2}, folds=3, fold=fold)["test"]) for fold in range(3)]
    assert tested == [{"g2", "g3"}, {"g4", "g5"}, {"g0", "g1", "g6"}]


def test_folds_of_a_folder_never_divide_a_subject(tmp_path, cache):
    names = [f"patient_{p}_{k}" for p, number in enumerate((8, 4, 4, 2, 2, 4)) for k in range(number)]
    root = write_pairs(tmp_path / "patients", names)
    tested: Counter[str] = Counter()
    for fold in range(3):
        manifest = open_folder(str(root), cache, folds=3, fold=fold).manifest
        assert list(subject_notes(manifest)) == []
        assert len(manifest.split("test")) == 8
        tested.update(case.id for case in manifest.split("test"))
    assert len(tested) == len(names)
    with pytest.raises(DataError, match="too few for 7 folds"):
        open_folder(str(root), cache, folds=7)


def test_many_subjects_are_counted():
    cases = tuple(
        Case(id=f"{split}/rat{rat}_{split}", split=split, height=9, width=9, sha256=f"{split}{rat}")
        for split in SPLITS
        for rat in range(1, 6)
    )
    manifest = Manifest(
        dataset="d", class_names=("a", "b"), channels=1, mean=(0,), std=(1,), cases=cases, split_rule="r"
    )
    (note,) = subject_notes(manifest)
    assert note.startswith("5 of 5 subjects stand in several splits (rat1 in train and val and test; rat2 ")
    assert "; and 2 more)" in note


@pytest.mark.parametrize(
    ("names", "expression", "folders"),
    [
        (["m1/a", "m1/b", "m2/a"], "^([^/]+)/", ["m1", "m1", "m2"]),
        (["raw/m1/d1/a", "raw/m2/a"], "^(?:[^/]+/){1}([^/]+)/", ["m1", "m2"]),
        (["m1/a", "b"], None, []),
        (["m1/a", "m1/b"], None, []),
        (["a", "b"], None, []),
        ([], None, []),
    ],
)
def test_folders_that_names_differ_by(names, expression, folders):
    assert folder_expression(names) == expression
    assert [*folders_of(names).values()] == folders
    assert not expression or [re.search(expression, name)[1] for name in names] == folders


@pytest.mark.parametrize("volume", ["", "volume: true\n"])
def test_a_folder_per_animal_is_divided_whole(tmp_path, volume):
    names = [f"m{animal}/s{number}" for animal in range(4) for number in range(3)]
    for kind in ("images", "masks"):
        for animal in range(4):
            (tmp_path / kind / f"m{animal}").mkdir(parents=True)
    write_pairs(tmp_path, names)
    if volume:
        (tmp_path / "dataset.yaml").write_text(volume)
    manifest = open_folder(str(tmp_path), tmp_path / "cache").manifest
    torn = Counter(
        case.id.split("/")[1] for case in {(c.split, c.id.split("/")[1]): c for c in manifest.cases}.values()
    )
    told = any("12 images belong to 4 subjects by their names (m0, m1" in note for note in manifest.notes)
    assert told == (not volume), "slices are cut as volumes are"
    if not volume:
        assert max(torn.values()) == 1
        found = draft(tmp_path, tmp_path / "cache")
        assert any(line.startswith('groups: "^([^/]+)/"') for line in found.lines)
        write(found, overwrite=False)
        described = open_folder(str(tmp_path), tmp_path / "cache").manifest
        assert [case.id for case in described.cases] == [case.id for case in manifest.cases]
