"""All Mitochondria is cut into patches from five stores, with labels made the same."""

from __future__ import annotations

import re

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DataUnavailableError, UnknownNameError, UsageError
from emseg_bench.datasets.fetching.store import DataStore
from emseg_bench.datasets.published import all_mito, all_mito_splits


@pytest.mark.parametrize(
    ("side", "starts"),
    [
        (202, [0]),
        (256, [0]),
        (257, [0, 1]),
        (1000, [0, 248, 496, 744]),
        (1024, [0, 256, 512, 768]),
        (1463, [0, 242, 483, 725, 966, 1207]),
    ],
)
def test_patches_by_hand(side, starts):
    assert all_mito.patch_starts(side, 256) == starts


def test_patches_as_published():
    for side in range(257, 3000):
        number = -(-side // 256)
        shifts = np.linspace(0, number * 256 - side, number, dtype=np.uint8)
        assert all_mito.patch_starts(side, 256) == (np.arange(0, side, 256) - shifts).tolist()


def test_patches_cover_a_section():
    section = np.arange(60 * 50).reshape(60, 50)
    patches = all_mito.cut_patches(section, 32)
    assert {patch.shape for patch in patches} == {(32, 32)}
    assert set(np.concatenate([patch.ravel() for patch in patches])) == {*range(60 * 50)}
    assert [int(patch[0, 0]) for patch in patches] == [0, 18, 28 * 50, 28 * 50 + 18]


@pytest.fixture(scope="module", autouse=True)
def small_patches():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(all_mito, "PATCH", 32)
        yield


def by_benchmark(dataset, split: str) -> dict[str, list]:
    found = {name: [] for name in all_mito.SOURCES}
    for case in dataset.manifest.split(split):
        name = next(name for name in found if case.id.startswith(f"{split}/{name}-"))
        found[name].append(case)
    return found


def stems(cases) -> set[str]:
    """Return the sections that patches are from."""
    return {re.match(r"(?:train|val)/(.+?-[zyx]\d{4})", case.id)[1] for case in cases}


def labels_of(dataset, cases) -> set[int]:
    return {int(value) for case in cases for value in np.unique(dataset.read(case).labels)}


def test_names_agree():
    assert tuple(all_mito.SOURCES) == all_mito_splits.BENCHMARKS == all_mito.ALL_MITO.derived_from


def test_default_division(published):
    dataset = published(all_mito)
    train, val = by_benchmark(dataset, "train"), by_benchmark(dataset, "val")
    # of five images one validates; of 12 sections two, behind a gap of 2; of 16 three, behind a gap of 10
    assert stems(train["perez-mito"]) == {f"perez-mito-{k}-z0000" for k in ("003", "012", "101", "102")}
    assert stems(val["perez-mito"]) == {"perez-mito-999-z0000"}
    assert stems(train["kasthuri-pp"]) == {f"kasthuri-pp-train-z{z:04}" for z in range(8)}
    assert stems(val["kasthuri-pp"]) == {f"kasthuri-pp-train-z{z:04}" for z in (10, 11)}
    assert stems(train["lucchi-pp"]) == {f"lucchi-pp-train-z{z:04}" for z in range(3)}
    assert stems(val["lucchi-pp"]) == {f"lucchi-pp-train-z{z:04}" for z in (13, 14, 15)}
    # of UroCell's four blocks the last validates
    assert {stem[:18] for stem in stems(val["urocell"])} == {"urocell-fib1-4-3-0"}
    assert {stem[:20] for stem in stems(train["urocell"])} == {
        f"urocell-fib1-{block}-{axis}" for block in ("1-0-3", "3-2-1", "3-3-0") for axis in "zyx"
    }


def test_published_division(published):
    dataset = published(all_mito, split="cem500k-2021")
    train, val = by_benchmark(dataset, "train"), by_benchmark(dataset, "val")
    assert stems(train["guay"]) == {f"guay-train-z{z:04}" for z in range(5)}
    assert stems(val["guay"]) == {"guay-train-z0005"}
    assert len(stems(train["urocell"])) == 3 * (31 + 87 + 63) + (31 + 33 + 63)
    assert len(stems(val["urocell"])) == 4 * 3
    assert [len(stems(train[name])) for name in ("perez-mito", "kasthuri-pp", "lucchi-pp")] == [5, 12, 16]
    assert not val["perez-mito"] + val["kasthuri-pp"] + val["lucchi-pp"]
    assert 255 not in {value for cases in train.values() for value in labels_of(dataset, cases)}


def test_training_patches_have_tissue_and_labels_of_one_kind(published, load_fake):
    dataset = published(all_mito)
    train = by_benchmark(dataset, "train")
    assert labels_of(dataset, train["perez-mito"]) == labels_of(dataset, train["lucchi-pp"]) == {0, 1}
    assert labels_of(dataset, train["kasthuri-pp"]) == labels_of(dataset, train["guay"]) == {0, 1, 255}
    case = next(case for case in train["guay"] if case.id == "train/guay-train-z0000-z0000")
    truth = load_fake("guay").labels("train")[0, :32, :32]
    np.testing.assert_array_equal(
        dataset.read(case).labels, np.select([truth == 2, truth == 0], [1, 255], default=0)
    )
    shares = [np.mean(dataset.read(case).image > 0) for case in dataset.manifest.split("train")]
    assert min(shares) >= 0.05
    assert min(shares) < 1


@pytest.mark.parametrize("split", ["official", "cem500k-2021"])
def test_test_cases_are_images_and_volumes(published, load_fake, split):
    dataset = published(all_mito, split=split)
    test = by_benchmark(dataset, "test")
    assert {name: [case.depth for case in cases] for name, cases in test.items()} == {
        "perez-mito": [None] * 3,
        "kasthuri-pp": [None] * 11,
        "lucchi-pp": [None] * 16,
        "guay": [7],
        "urocell": [32],
    }
    truth = load_fake("guay").labels("test")
    np.testing.assert_array_equal(
        dataset.read(test["guay"][0]).labels, np.select([truth == 2, truth == 0], [1, 255], default=0)
    )
    padding = 255 if split == "official" else 0
    assert (dataset.read(test["kasthuri-pp"][0]).labels[:7] == padding).all()


def test_a_benchmark_that_is_not_here_is_named(converted, cache):
    class Nothing:
        def dataset(self, name):
            return DataStore(cache).open_arrays(name)

    with pytest.raises(DataUnavailableError, match="data fetch perez-mito"):
        all_mito.convert(Nothing(), None)


def test_options_that_do_nothing_are_refused():
    with pytest.raises(UsageError, match="the option gap does nothing here: split=cem500k-2021"):
        all_mito_splits.SPLITS((), {"split": "cem500k-2021", "gap": 3}, all_mito.RULES)
    with pytest.raises(UnknownNameError, match="known: cem500k-2021, official"):
        all_mito_splits.SPLITS((), {"split": "mine"}, all_mito.RULES)
