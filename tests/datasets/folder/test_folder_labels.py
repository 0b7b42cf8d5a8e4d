"""From values in masks to classes, with and without dataset.yaml."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.collection.labels import map_labels
from emseg_bench.datasets.description import Description
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.volume.factory import open_volumes
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image


@pytest.fixture
def described(make_folder, cache, tmp_path):
    """Return a function that opens a folder whose masks hold the given values, with a dataset.yaml."""

    def open_described(yaml: str, values: tuple[int, ...] = (0, 1), **options):
        root = make_folder(5)
        kind = np.uint8 if max(values) < 256 else np.uint16
        for number, path in enumerate(sorted((root / "masks").iterdir())):
            mask = np.random.default_rng(number).choice(np.array(values, kind), (24, 32))
            mask.flat[: len(values)] = values
            Image.fromarray(mask).save(path)
        (root / "dataset.yaml").write_text(yaml, encoding="utf-8")
        return open_folder(str(root), cache, **options)

    return open_described


def raw_masks(dataset, tmp_path) -> list[np.ndarray]:
    stems = [case.id.split("/")[1] for case in dataset.manifest.cases]
    return [np.array(Image.open(tmp_path / "cells" / "masks" / f"{stem}.png")) for stem in stems]


def test_names_by_label(described):
    manifest = described("classes: [background, nucleus, vesicle]", (0, 1, 2)).manifest
    assert manifest.class_names == ("background", "nucleus", "vesicle")
    assert manifest.ignore_value is None


def test_a_named_class_that_no_mask_holds_is_noted(described):
    manifest = described("classes: [background, nucleus, vesicle]", (0, 1)).manifest
    assert manifest.class_names == ("background", "nucleus", "vesicle")
    assert "The train split holds no pixel of vesicle." in manifest.notes


def test_binary_masks_of_255_with_a_mapping(described, tmp_path):
    dataset = described("classes: {0: background, 255: mitochondria}", (0, 255))
    assert dataset.manifest.class_names == ("background", "mitochondria")
    assert dataset.manifest.num_logits == 1
    for case, raw in zip(dataset.manifest.cases, raw_masks(dataset, tmp_path), strict=True):
        np.testing.assert_array_equal(dataset.read(case).labels, raw // 255)


def test_values_may_share_a_name_and_background_comes_first(described, tmp_path):
    yaml = "classes: {0: membrane, 32: membrane, 191: mitochondria, 255: background}"
    dataset = described(yaml, (0, 32, 191, 255))
    assert dataset.manifest.class_names == ("background", "membrane", "mitochondria")
    label_of = {0: 1, 32: 1, 191: 2, 255: 0}
    for case, raw in zip(dataset.manifest.cases, raw_masks(dataset, tmp_path), strict=True):
        np.testing.assert_array_equal(dataset.read(case).labels, np.vectorize(label_of.get)(raw))


def test_ignored_pixels_become_255(described, tmp_path):
    dataset = described("ignore_value: 9", (0, 1, 9))
    assert dataset.manifest.class_names == ("background", "class1")
    assert dataset.manifest.ignore_value == 255
    for case, raw in zip(dataset.manifest.cases, raw_masks(dataset, tmp_path), strict=True):
        np.testing.assert_array_equal(dataset.read(case).labels, np.where(raw == 9, 255, raw))


def test_16_bit_values_can_be_mapped(described):
    dataset = described("classes: {0: background, 1000: cell}\nignore_value: 65535", (0, 1000, 65535))
    labels = dataset.read(dataset.manifest.cases[0]).labels
    assert labels.dtype == np.uint8
    assert set(np.unique(labels)) == {0, 1, 255}


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [("8", (8.0, 8.0)), ("[4.6, 4.6]", (4.6, 4.6)), ("[40, 5.9, 5.9]", (40.0, 5.9, 5.9))],
)
def test_voxel_size(described, yaml, expected):
    assert described(f"voxel_size_nm: {yaml}").manifest.voxel_size_nm == expected


def test_an_empty_description_says_nothing(described):
    assert described("# later\n").manifest.class_names == ("background", "class1")


def test_slices_of_a_volume_are_one_group(described):
    assert {case.group for case in described("volume: true").manifest.cases} == {"volume"}


@pytest.mark.parametrize(("yaml", "noted"), [("", True), ("volume: true", False), ("volume: false", False)])
def test_numbered_images_are_noted_until_the_owner_says_what_they_are(described, yaml, noted):
    manifest = described(yaml, test_share=0.4, gap=0).manifest
    assert any("numbered consecutively" in note for note in manifest.notes) == noted
    assert {case.group for case in manifest.cases} == ({"volume"} if yaml.endswith("true") else {None})


def test_volumes_are_told_apart_by_their_names(make_folder, cache):
    root = make_folder(6)
    for number, stem in enumerate(["cell1_z1", "cell1_z2", "cell1_z3", "cell2_z1", "cell2_z2", "lone"]):
        for kind in ("images", "masks"):
            (root / kind / f"{number:02d}.png").rename(root / kind / f"{stem}.png")
    (root / "dataset.yaml").write_text("volume: yes", encoding="utf-8")
    manifest = open_folder(str(root), cache, gap=0).manifest
    assert [case.group for case in manifest.cases] == ["cell1_z"] * 3 + ["cell2_z"] * 2 + ["lone"]
    assert [case.section for case in manifest.cases] == [1, 2, 3, 1, 2, None]


def test_other_classes_of_the_same_files_are_other_cases(described):
    values = (0, 1, 2, 3)
    one = described("classes: {0: background, 1: a, 2: a, 3: b}", values).manifest
    two = described("classes: {0: background, 1: a, 2: b, 3: b}", values).manifest
    assert one.class_names == two.class_names
    assert {case.sha256 for case in one.cases}.isdisjoint(case.sha256 for case in two.cases)


@given(
    st.dictionaries(
        st.integers(0, 65535), st.sampled_from(["background", "a", "b", "c"]), min_size=2, max_size=9
    ),
    st.none() | st.integers(0, 65535),
)
def test_every_mapping_keeps_values_and_names_together(tmp_path_factory, names, ignored):
    names.pop(ignored, None)
    root = tmp_path_factory.getbasetemp()
    description = Description(classes=names, ignore_value=ignored)
    if len(set(names.values())) < 2 or not ("background" in names.values() or 0 in names):
        with pytest.raises(DataError, match=r"dataset\.yaml"):
            map_labels(root, description, {"m": names})
        return
    mapped = map_labels(root, description, {"m": names})
    values = np.array([list(names)])
    labels = mapped.apply(values)
    assert [mapped.class_names[label] for label in labels[0]] == list(names.values())
    assert mapped.class_names[0] == ("background" if "background" in names.values() else names[0])
    if ignored is not None:
        assert mapped.apply(np.array([[ignored]])) == 255 == mapped.ignore_value


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "clases: [background, cell]",
            r"unknown key 'clases'; did you mean 'classes'\? Known: classes, ignore_value",
        ),
        ("unit: nm", r"unknown key 'unit'; Known: "),
        ("- a\n- b", "must be a mapping of keys to values; for example: classes:"),
        ("classes: [a, b", "is not valid YAML: .*line"),
        ("classes: background", "classes: Input should be a valid dictionary, got 'background'"),
        ("classes: [background, 7]", r"classes\.1: Input should be a valid string, got 7"),
        ("classes: [background, '']", r"classes\.1: .*at least 1"),
        ("classes: {a: background, 1: b}", r"classes\.a: .*valid integer"),
        ("classes: {-3000000000: background, 1: b}", r"classes\.-3000000000: .*greater than or equal to"),
        ("classes: [background]", r"classes has 1 names \(background\)"),
        ("classes: {1: a, 2: b}", "no class is called 'background' and none has the value 0"),
        ("ignore_value: 5000000000", "ignore_value: .*less than or equal to 4294967295"),
        (
            "classes: [background, cell]\nignore_value: 1",
            "the value 1 is the class 'cell' and ignore_value at once",
        ),
        ("voxel_size_nm: 0", r"voxel_size_nm\.0: .*greater than 0"),
        ("voxel_size_nm: [1, 2, 3, 4]", "voxel_size_nm: .*at most 3"),
        ("voxel_size_nm: fine", "voxel_size_nm: .*got 'fine'"),
        ("volume: 7", "volume: .*boolean"),
    ],
)
def test_a_wrong_description_is_explained(described, yaml, message):
    with pytest.raises(DataError, match=rf"(?s)dataset\.yaml.*{message}"):
        described(yaml)


def test_a_changed_description_is_read_again(make_folder, cache):
    root = make_folder()
    for name in ("nucleus", "vesicle"):
        (root / "dataset.yaml").write_text(f"classes: [background, {name}]", encoding="utf-8")
        assert open_folder(str(root), cache).manifest.class_names == ("background", name)
    (root / "dataset.yaml").unlink()
    assert open_folder(str(root), cache).manifest.class_names == ("background", "class1")


def test_a_description_of_another_name_is_not_passed_over(make_folder, cache):
    root = make_folder()
    for name in ("dataset.yml", "Dataset.YAML"):
        (root / name).write_text("classes: [background, cell]", encoding="utf-8")
        with pytest.raises(DataError, match=rf"{name} is not read; rename it to dataset\.yaml"):
            open_folder(str(root), cache)
        (root / name).unlink()


def test_a_description_that_leads_nowhere_is_not_passed_over(make_folder, cache):
    root = make_folder()
    (root / "dataset.yaml").symlink_to("moved.yaml")
    with pytest.raises(DataError, match=r"dataset\.yaml cannot be read: it is a link to nothing"):
        open_folder(str(root), cache)
    with pytest.raises(DataError, match=r"dataset\.yaml cannot be read: it is a link to nothing"):
        open_volumes(str(root), cache)
