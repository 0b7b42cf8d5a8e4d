"""How published volumes become splits, cases and samples, whatever the adapter."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import Manifest
from emseg_bench.benchmark.contracts.errors import DataError, UnknownNameError, UsageError
from emseg_bench.datasets.collection.dataset import CollectionDataset
from emseg_bench.datasets.collection.division import Division
from emseg_bench.datasets.fetching.store import DataStore
from emseg_bench.datasets.published.adapter import Published, Unlabelled
from emseg_bench.datasets.published.cutting import whole
from emseg_bench.datasets.published.options import OfficialOptions, SingleOptions
from emseg_bench.datasets.published.rules import Rules
from emseg_bench.datasets.published.splitting import OfficialSplits, SingleSplits
from hypothesis import given, settings
from hypothesis import strategies as st

CLASSES = ("background", "a", "b")
RULES = Rules(class_names=CLASSES, voxel_size_nm=(25, 4, 4))
GAP = 2  # sections in 50 nm


def grey(seed: int, depth: int, bits: int = 8) -> np.ndarray:
    kind = np.uint8 if bits == 8 else np.uint16
    return np.random.default_rng(seed).integers(0, 2**bits, (depth, 20, 24), kind)


def mask(seed: int, depth: int, classes: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes, (depth, 20, 24))


@pytest.fixture
def store(tmp_path: Path) -> DataStore:
    return DataStore(tmp_path)


def put(
    store: DataStore, *volumes: tuple[str, str, int], groups: dict[str, str] | None = None, **more
) -> None:
    """Write volumes of (part, name, depth)."""
    with store.new_arrays("x") as writer:
        for seed, (part, name, depth) in enumerate(volumes):
            image = grey(seed, depth, more.get("bits", 8))
            writer.add(part, name, image, mask(seed, depth), group=(groups or {}).get(name))


def options(type_: type, **changed: object) -> dict[str, object]:
    return {field: getattr(type_(**changed), field) for field in type_.__dataclass_fields__}


def official(store: DataStore, rules: Rules = RULES, others=None, **changed: object) -> CollectionDataset:
    factory = Published("x", rules, OfficialSplits(others or {}), 1)
    return factory(None, store.cache, **options(OfficialOptions, **changed))


def single(store: DataStore, rules: Rules = RULES, **changed: object) -> CollectionDataset:
    return Published("x", rules, SingleSplits(), 1)(None, store.cache, **options(SingleOptions, **changed))


def sections(manifest: Manifest) -> dict[str, list[int | None]]:
    return {split: [case.section for case in manifest.split(split)] for split in ("train", "val", "test")}


# -------------------------------------------------------------------------------------- as published
def test_the_end_of_each_training_volume_validates_after_a_gap(store):
    put(store, ("train", "a", 20), ("train", "b", 10), ("test", "c", 4))
    manifest = official(store).manifest
    ids = [case.id for case in manifest.split("val")]
    assert ids == ["val/a-z0016", "val/a-z0017", "val/a-z0018", "val/a-z0019", "val/b-z0008", "val/b-z0009"]
    assert [case.section for case in manifest.split("train")] == [*range(14), *range(6)]
    assert {case.group for case in manifest.split("test")} == {"test/c"}
    assert f"gap {GAP}" in manifest.split_rule
    assert sections(official(store, gap=0).manifest)["train"] == [*range(16), *range(8)]


def test_a_published_val_part_is_used_and_options_do_nothing(store):
    put(store, ("train", "a", 3), ("val", "a", 2), ("test", "a", 2))
    manifest = official(store).manifest
    assert Counter(case.split for case in manifest.cases) == {"train": 3, "val": 2, "test": 2}
    assert manifest.split("val")[0].id == "val/val-a-z0000"
    for name, value in (("val_share", 0.3), ("gap", 1)):
        with pytest.raises(
            UsageError, match=f"the option {name} does nothing here: a val part was published"
        ):
            official(store, **{name: value})


def test_groups_of_training_images_stay_whole(store):
    images = [("train", f"i{k}", 1) for k in range(10)]
    put(store, *images, ("test", "t", 1), groups={f"i{k}": f"mouse{k // 2}" for k in range(10)})
    manifest = official(store).manifest
    assert {case.group for case in manifest.split("val")} == {"mouse4"}
    assert [case.section for case in manifest.split("train")] == [None] * 8
    with pytest.raises(UsageError, match="gap does nothing here"):
        official(store, gap=3)


def test_training_images_of_one_group_are_cut_with_a_gap(store):
    names = [f"i{k}" for k in range(10)]
    put(store, *(("train", name, 1) for name in names), ("test", "t", 1), groups=dict.fromkeys(names, "cell"))
    manifest = official(store).manifest
    assert [case.id for case in manifest.split("val")] == ["val/i8", "val/i9"]
    assert len(manifest.split("train")) == 6


def test_a_named_split_of_published_work_is_asked_for_by_name(store):
    put(store, ("train", "a", 4), ("test", "b", 4))

    def swapped(volumes, _options, _rules):
        first, second = (tuple(whole(volume).slices()) for volume in volumes)
        pieces = {"train": second, "val": first, "test": first}
        placed = tuple((split, piece) for split, own in pieces.items() for piece in own)
        return Division(placed=placed, rule="swapped", notes=("hm",))

    manifest = official(store, others={"swapped-2021": swapped}, split="swapped-2021").manifest
    assert manifest.split("train")[0].id == "train/b-z0000"
    assert manifest.split_rule == "swapped"
    assert "hm" in manifest.notes
    with pytest.raises(UnknownNameError, match="did you mean 'swapped-2021'"):
        official(store, others={"swapped-2021": swapped}, split="swaped-2021")


def test_without_a_test_part_there_is_nothing_official(store):
    put(store, ("train", "a", 4))
    with pytest.raises(DataError, match="no train or no test part"):
        official(store)


# -------------------------------------------------------------------------------------- in one piece
@settings(max_examples=25)
@given(
    depth=st.integers(20, 40),
    order=st.integers(0, 5),
    gap=st.integers(0, 2),
    folds=st.sampled_from([0, 2, 3]),
)
def test_blocks_of_one_volume_are_apart_and_complete(depth, order, gap, folds, tmp_path_factory):
    store = DataStore(tmp_path_factory.mktemp("store"))
    put(store, ("train", "a", depth), ("unlabelled", "b", 3))
    changed = {"folds": folds, "fold": order % folds} if folds else {"order": order}
    found = sections(single(store, gap=gap, **changed).manifest)
    split_of = {z: split for split, places in found.items() for z in places}
    assert len(split_of) == sum(map(len, found.values()))
    assert set(split_of) <= set(range(depth))
    for z, split in split_of.items():
        assert {split_of.get(z + step, split) for step in range(1, gap + 1)} == {split} or gap == 0


def test_three_groups_are_divided_whole(store):
    names = "abcde"
    put(store, *(("train", name, 2) for name in names))
    found = single(store).manifest
    assert {case.group for case in found.split("test")} == {"train/e"}
    assert len(found.split("train")) == 6
    over = Counter(
        case.group for fold in range(5) for case in single(store, folds=5, fold=fold).manifest.split("test")
    )
    assert over == {f"train/{name}": 2 for name in names}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"fold": 1}, "fold does nothing here"),
        ({"folds": 3, "test_share": 0.3}, "test_share does nothing here: the folds decide"),
        ({"folds": 3, "order": 1}, "order does nothing here"),
        ({"folds": 3, "fold": 3}, "got fold=3 of folds=3"),
        ({"folds": 1}, "folds=1"),
    ],
)
def test_options_that_do_nothing_are_refused(changed, words, store):
    put(store, ("train", "a", 20))
    with pytest.raises(UsageError, match=words):
        single(store, **changed)


# ------------------------------------------------------------------------------------- cases and pixels
@pytest.mark.parametrize("bits", [8, 16])
def test_pixels_come_as_they_were_stored(bits, store):
    put(store, ("train", "a", 20), ("test", "b", 4), bits=bits)
    dataset = official(
        store, Rules(class_names=CLASSES, voxel_size_nm=None, train_axes=(0, 1, 2), scored="volumes")
    )
    image, labels = grey(0, 20, bits), mask(0, 20)
    expected = image if bits == 8 else image.astype(np.float32) / np.float32(65535)
    cases = {case.id: case for case in dataset.manifest.cases}
    for place, cut in (("z0003", np.s_[3]), ("y0007", np.s_[:15, 7]), ("x0023", np.s_[:15, :, 23])):
        case = cases[f"train/a-{place}"]
        sample = dataset.read(case)
        assert np.array_equal(sample.image, expected[cut][None])
        assert np.array_equal(sample.labels, labels[cut])
        assert (case.height, case.width) == labels[cut].shape
        assert case.section == (3 if place == "z0003" else None)
    (volume,) = dataset.manifest.split("test")
    assert (volume.id, volume.depth, volume.height, volume.width) == ("test/b", 4, 20, 24)
    assert dataset.read(volume).image.shape == (1, 4, 20, 24)
    assert len(dataset.manifest.split("train")) == 15 + 20 + 24


def test_true_objects_are_cut_as_their_labels_are(store):
    numbers = np.random.default_rng(1).integers(0, 2**32, (20, 20, 24))
    with store.new_arrays("x") as writer:
        for part, name in (("train", "a"), ("test", "b")):
            writer.add(part, name, grey(0, 20), numbers % 3, instances=numbers)
    rules = Rules(class_names=CLASSES, voxel_size_nm=None, train_axes=(0, 1, 2), scored="volumes")
    dataset = official(store, rules)
    assert dataset.manifest.has_instances
    cases = {case.id: case for case in dataset.manifest.cases}
    for place, cut in (("z0003", np.s_[3]), ("y0007", np.s_[:15, 7]), ("x0023", np.s_[:15, :, 23])):
        sample = dataset.read(cases[f"train/a-{place}"])
        assert np.array_equal(sample.instances, numbers[cut])
        assert sample.instances.base is not None, "a view of what is on the disk"
    assert np.array_equal(dataset.read(cases["test/b"]).instances, numbers)


def test_true_objects_of_some_volumes_alone_are_left_out(store):
    with store.new_arrays("x") as writer:
        writer.add("train", "a", grey(0, 20), mask(0, 20))
        writer.add("test", "b", grey(1, 3), mask(1, 3), instances=mask(1, 3))
    dataset = official(store)
    assert not dataset.manifest.has_instances
    assert dataset.read(dataset.manifest.split("test")[0]).instances is None


def test_mean_and_spread_are_of_the_training_sections(store):
    put(store, ("train", "a", 20), ("test", "b", 4))
    manifest = official(store).manifest
    trained = grey(0, 20)[:14] / 255
    assert manifest.mean == pytest.approx((trained.mean(),), abs=1e-12)
    assert manifest.std == pytest.approx((trained.std(),), abs=1e-12)


def test_a_block_that_is_tested_as_a_volume_says_where_it_lies(store):
    put(store, ("train", "a", 20))
    dataset = single(store, Rules(class_names=CLASSES, voxel_size_nm=(25, 4, 4), scored="volumes"))
    (case,) = dataset.manifest.split("test")
    assert (case.id, case.depth) == ("test/a-z0016-0019", 4)
    assert np.array_equal(dataset.read(case).labels, mask(0, 20)[16:])


def test_sections_of_two_volumes_of_a_group_are_no_neighbours(store):
    put(store, ("train", "a", 4), ("test", "b", 4), groups={"a": "mouse", "b": "mouse"})
    manifest = official(store).manifest
    assert {case.group for case in manifest.cases} == {"mouse"}
    assert len({case.section for case in manifest.cases}) == len(manifest.cases)
    assert manifest.split("test")[0].section > 1000


def test_other_pixels_or_places_are_other_cases(store):
    put(store, ("train", "a", 20), ("test", "b", 4))
    hashes = [case.sha256 for case in official(store).manifest.cases]
    assert len(set(hashes)) == len(hashes)


def test_notes_tell_what_is_absent_and_what_leaks(store):
    with store.new_arrays("x") as writer:
        writer.add("train", "a", grey(0, 20), np.minimum(mask(0, 20), 1))
        writer.add("test", "b", grey(0, 20)[3:7], mask(1, 4))
    notes = official(store).manifest.notes
    assert "The train split holds no pixel of b." in notes
    (leak,) = (note for note in notes if "copies" in note)
    assert leak.startswith("The train split holds copies of 4 images of the test split (a-z0003 and b-z0000;")


@pytest.mark.parametrize(
    ("labels", "words"),
    [(mask(0, 20, classes=5), r"holds the label\(s\) 3, 4, expected 0 to 2"), (None, "has no labels")],
)
def test_labels_that_are_no_class_are_refused(labels, words, store):
    with store.new_arrays("x") as writer:
        writer.add("train", "a", grey(0, 20), labels)
        writer.add("test", "b", grey(1, 4), mask(1, 4))
    with pytest.raises(DataError, match=words):
        official(store)


def test_images_that_cannot_be_normalised_are_refused(store):
    with store.new_arrays("x") as writer:
        writer.add("train", "a", np.full((20, 20, 24), 9, np.uint8), mask(0, 20))
        writer.add("test", "b", grey(1, 4), mask(1, 4))
    with pytest.raises(DataError, match="one and the same value"):
        official(store)
    with store.new_arrays("x") as writer:
        writer.add("train", "a", grey(0, 20), mask(0, 20))
        writer.add("test", "b", grey(1, 4, 16), mask(1, 4))
    with pytest.raises(DataError, match="8-bit and 16-bit"):
        official(store)


def test_a_file_that_went_is_told_when_it_is_read(store):
    put(store, ("train", "a", 20), ("test", "b", 4))
    dataset = official(store)
    (store.arrays("x") / "test/b.image.npy").write_bytes(b"")
    with pytest.raises(DataError, match=r"b\.image\.npy cannot be read"):
        dataset.read(dataset.manifest.split("test")[0])


def test_images_without_labels_say_what_they_are_for():
    with pytest.raises(DataError, match="emseg-bench pretrain --images cem500k"):
        Unlabelled("cem500k")(None, Path())
