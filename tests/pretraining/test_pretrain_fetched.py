"""``--images NAME``: a folder of that name, or else what was fetched of the dataset of that name."""

from __future__ import annotations

from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import DataUnavailableError, UsageError
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.datasets.fetching.store import DataStore
from emseg_bench.pretraining.engine.fetched import folder_of


@pytest.fixture
def folder(tmp_path):
    datasets = load_plugins().catalogue.datasets
    return lambda name: folder_of(Path(name), datasets, DataStore(tmp_path / "cache"))


def test_a_folder_is_itself(folder, work):
    (work / "cem500k").mkdir()
    assert folder("cem500k") == Path("cem500k")
    assert folder(work) == work


def test_what_is_no_dataset_is_left_to_whoever_opens_it(folder):
    assert folder("no/such/folder") == Path("no/such/folder")


def test_a_dataset_that_is_not_here(folder, work):
    with pytest.raises(DataUnavailableError, match=r"run 'emseg-bench data fetch cem1\.5m'"):
        folder("cem1.5m")


@pytest.mark.parametrize("name", ["vnc", "synthetic-em", "folder"])
def test_a_dataset_with_labels(folder, work, name):
    with pytest.raises(UsageError, match=r"not for pre-training; expected .* one of cem1\.5m, cem500k"):
        folder(name)


def test_half_of_it_is_not_taken_for_all(folder, work, tmp_path):
    store = DataStore(tmp_path / "cache")
    store.files("cem500k").mkdir(parents=True)
    (store.files("cem500k") / "cem500k.zip").touch()
    with pytest.raises(DataUnavailableError, match="not on this machine"):
        folder("cem500k")
    store.unpacked("cem500k", "cem500k.zip").mkdir()
    assert folder("cem500k") == store.files("cem500k")
