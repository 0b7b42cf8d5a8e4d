"""How images are divided into train, val and test."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError, UsageError
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.folder.layout import natural_key
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image


def ids(dataset, split: str) -> list[str]:
    return [case.id for case in dataset.manifest.split(split)]


@given(st.lists(st.text(alphabet="ab019_", max_size=8), unique=True))
def test_natural_order_is_an_order_of_distinct_names(names):
    assert len({tuple(natural_key(name)) for name in names}) == len(names)
    keys = sorted(natural_key(name) for name in names)
    assert all(one < two for one, two in pairwise(keys))


def test_natural_order_counts():
    assert sorted(["z10", "z9", "a2", "z010", "10", "9"], key=natural_key) == [
        "9",
        "10",
        "a2",
        "z9",
        "z010",
        "z10",
    ]


def test_an_undivided_folder_is_cut_into_blocks(make_folder, cache):
    dataset = open_folder(str(make_folder(10)), cache)
    assert ids(dataset, "train") == [f"train/{k:02d}" for k in range(6)]
    assert ids(dataset, "val") == ["val/06", "val/07"]
    assert ids(dataset, "test") == ["test/08", "test/09"]
    assert dataset.manifest.split_rule == (
        "10 images in natural order of their names, cut into contiguous blocks: "
        "train 6 (00 to 05), val 2 (06 to 07), test 2 (08 to 09); split_seed 0"
    )


def test_options_change_the_blocks(make_folder, cache):
    dataset = open_folder(str(make_folder(10)), cache, val_share=0.1, test_share=0.4, split_seed=5)
    assert ids(dataset, "test") == [f"test/{k:02d}" for k in range(4)]
    assert ids(dataset, "val") == ["val/04"]
    assert "split_seed 5" in dataset.manifest.split_rule


def test_a_divided_folder_stays_as_it_is(make_folder, cache):
    for part, start in (("train", 0), ("val", 3), ("test", 5)):
        root = make_folder(2, part, start=start)
    dataset = open_folder(str(root), cache)
    assert ids(dataset, "train") == ["train/00", "train/01"]
    assert ids(dataset, "test") == ["test/05", "test/06"]
    assert dataset.manifest.split_rule == (
        "as divided in the folders train/ (2 images), val/ (2 images), test/ (2 images)"
    )


def test_without_test_split_val_serves_and_the_notes_say_so(make_folder, cache):
    make_folder(2, "train")
    dataset = open_folder(str(make_folder(2, "val", start=3)), cache)
    assert ids(dataset, "val") == ["val/03", "val/04"]
    assert ids(dataset, "test") == ["test/03", "test/04"]
    assert [case.sha256 for case in dataset.manifest.split("val")] == [
        case.sha256 for case in dataset.manifest.split("test")
    ]
    assert dataset.manifest.notes[0].startswith(
        "There is no test split: the val split serves as test split too."
    )


def test_without_val_split_a_block_of_train_validates(make_folder, cache):
    make_folder(10, "train")
    dataset = open_folder(str(make_folder(2, "test", start=20)), cache, val_share=0.3, split_seed=1)
    assert ids(dataset, "val") == ["val/00", "val/01", "val/02"]
    assert ids(dataset, "train")[0] == "train/03"
    assert ids(dataset, "test") == ["test/20", "test/21"]
    assert dataset.manifest.notes[0] == "There is no val split: 3 images of train/ validate and do not train."
    assert "val 3 (00 to 02)" in dataset.manifest.split_rule


def test_an_option_that_does_nothing_is_refused(make_folder, cache):
    make_folder(4, "train")
    root = make_folder(2, "test", start=10)
    with pytest.raises(UsageError, match=r"test_share does nothing here: .*already divided"):
        open_folder(str(root), cache, test_share=0.5)
    make_folder(2, "val", start=20)
    with pytest.raises(UsageError, match="split_seed does nothing here"):
        open_folder(str(root), cache, split_seed=2)


def test_copies_of_training_images_are_noted(make_folder, cache):
    make_folder(3, "train")
    make_folder(2, "val", start=10)
    dataset = open_folder(str(make_folder(3, "test", start=2)), cache)
    leak, _ = dataset.manifest.notes
    assert leak == (
        "The train split holds copies of 1 image of the test split (train/02 and test/02): scores are "
        "optimistic."
    )


@pytest.mark.parametrize("colour", [False, True])
def test_nearly_identical_images_are_noted(make_folder, cache, colour):
    """A brighter one, as colour too, is another file, but shows the same."""
    root = make_folder(3, "train")
    make_folder(2, "val", start=10)
    make_folder(2, "test", start=20)
    stored = np.array(Image.open(root / "train" / "images" / "01.png"))
    brighter = Image.fromarray((stored // 2 + 40).astype(np.uint8))
    if colour:
        for path in root.rglob("images/*.png"):
            Image.open(path).convert("RGB").save(path)
        brighter = Image.merge("RGB", [brighter, brighter, brighter.point(lambda value: value + 1)])
    brighter.save(root / "test" / "images" / "20.png")
    leak, _ = open_folder(str(root), cache).manifest.notes
    assert leak == (
        "The train split holds images nearly identical to 1 image of the test split (train/01 and test/20): "
        "scores may be optimistic."
    )


def name_images(root, *stems: str) -> None:
    for number, stem in enumerate(stems):
        for kind in ("images", "masks"):
            (root / kind / f"{number:02d}.png").rename(root / kind / f"{stem}.png")


def describe(root, text: str) -> str:
    (root / "dataset.yaml").write_text(text, encoding="utf-8")
    return str(root)


def test_a_gap_keeps_neighbours_apart(make_folder, cache):
    root = str(make_folder(10))
    dataset = open_folder(root, cache, gap=1)
    assert ids(dataset, "train") == [f"train/{k:02d}" for k in range(4)]
    assert ids(dataset, "val") == ["val/05", "val/06"]
    assert ids(dataset, "test") == ["test/08", "test/09"]
    assert "; 1 left out between blocks; split_seed 0" in dataset.manifest.split_rule


def test_slices_of_a_volume_have_a_gap_of_50_nm(make_folder, cache):
    root = describe(make_folder(12), "{volume: true, voxel_size_nm: [30, 8, 8]}")
    dataset = open_folder(root, cache)
    assert ids(dataset, "val")[0] == "val/06"
    assert ids(dataset, "train")[-1] == "train/03"
    assert len(open_folder(root, cache, gap=0).manifest.cases) == 12


def test_every_image_is_tested_in_one_fold(make_folder, cache):
    root = str(make_folder(9))
    datasets = [open_folder(root, cache, folds=3, fold=fold, val_share=0.1) for fold in range(3)]
    tested = [name for dataset in datasets for name in ids(dataset, "test")]
    assert tested == [f"test/{k:02d}" for k in range(9)]
    assert "fold 1 of 3" in datasets[1].manifest.split_rule
    with pytest.raises(UsageError, match=r"got fold=3 of folds=3"):
        open_folder(root, cache, folds=3, fold=3)
    with pytest.raises(UsageError, match=r"test_share does nothing here: .* is divided by folds"):
        open_folder(root, cache, folds=3, test_share=0.3)
    with pytest.raises(UsageError, match=r"fold does nothing here: .* without folds"):
        open_folder(root, cache, fold=1)


@pytest.mark.parametrize("groups", ["'^(m[0-9])_'", "{m1: [m1_*], m2: [m2_*], m3: ['m3_a', 'm3_b']}"])
def test_subjects_are_never_divided(make_folder, cache, groups):
    root = make_folder(6)
    name_images(root, "m1_a", "m1_b", "m2_a", "m2_b", "m3_a", "m3_b")
    where = describe(root, f"groups: {groups}")
    manifest = open_folder(where, cache).manifest
    by_split = {split: {case.group for case in manifest.split(split)} for split in ("train", "val", "test")}
    assert sorted(map(sorted, by_split.values())) == [["m1"], ["m2"], ["m3"]]
    assert "6 images in 3 groups, divided whole: train 2 (m" in manifest.split_rule
    others = [open_folder(where, cache, split_seed=seed).manifest.split("test") for seed in range(5)]
    assert len({case.group for cases in others for case in cases}) > 1
    tested = [
        {case.group for case in open_folder(where, cache, folds=3, fold=fold).manifest.split("test")}
        for fold in range(3)
    ]
    assert sorted(map(sorted, tested)) == [["m1"], ["m2"], ["m3"]]
    with pytest.raises(UsageError, match=r"gap does nothing here: .* has groups that are divided whole"):
        open_folder(where, cache, gap=2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("groups: '(m[0-9]+'", r"groups: .* is no regular expression"),
        ("groups: 'm[0-9]+'", r"has 0 groups in brackets, expected one"),
        ("groups: '^(q)_'", r"groups: 6 names fit nothing: 00, 01, 02 and 3 more"),
        ("groups: {a: ['0*'], b: ['05']}", r"groups: '05' fits a, b; expected one"),
        ("groups: {a: ['00']}", r"groups: 5 names fit nothing"),
        ("groups: '^(00|01)?'", r"groups: 4 names fit nothing"),
        ("groups: {a: ['00', '01', '02'], b: ['*3', '*4', '*5']}", r"2 group\(s\) cannot be divided"),
        ("splits: {train: ['0[0-3]'], test: ['04']}", r"splits: 1 name fit nothing: 05"),
        ("splits: {train: ['*'], test: ['x*']}", r"splits\.test: no name fits its patterns"),
        ("splits: {train: ['*'], prove: ['x*']}", r"splits\.prove: .*'train', 'val' or 'test'"),
        ("volumes: [{image: a.tif, labels: b.tif}]", r"volumes would do nothing here; it is for volume:"),
        (
            "volumes: [{imaeg: a.tif, labels: b.tif}]",
            r"'volumes\.0\.imaeg'; did you mean 'image'",
        ),
        ("volumes: [{image: a.tif}]", r"volumes\.0\.labels: this key is missing"),
        ("groups: 7", r"groups: .*got 7"),
    ],
)
def test_wrong_groups_and_splits_are_told(make_folder, cache, text, told):
    with pytest.raises(DataError, match=rf"(?s)dataset\.yaml.*{told}|{told}"):
        open_folder(describe(make_folder(6), text), cache)


def test_splits_can_be_named(make_folder, cache):
    root = make_folder(6)
    where = describe(root, "splits: {train: ['0[0-3]'], val: ['04'], test: ['05']}")
    dataset = open_folder(where, cache)
    assert ids(dataset, "train") == [f"train/{k:02d}" for k in range(4)]
    assert ids(dataset, "test") == ["test/05"]
    assert dataset.manifest.split_rule.startswith(
        "as divided in the splits of dataset.yaml train/ (4 images)"
    )
    with pytest.raises(UsageError, match=r"val_share does nothing here"):
        open_folder(where, cache, val_share=0.5)
    describe(root, "splits: {train: ['0[0-3]'], test: ['0[45]']}")
    assert ids(open_folder(where, cache), "val") == ["val/03"]


def test_splits_of_a_divided_folder_cannot_be_named(make_folder, cache):
    make_folder(2, "train")
    root = make_folder(2, "test", start=3)
    with pytest.raises(DataError, match=r"splits: .* is divided into train/ .* already"):
        open_folder(describe(root, "splits: {train: ['*']}"), cache)
