"""Real files of published datasets, imported as people do it; figures are those of their descriptions."""

from __future__ import annotations

import shutil
from collections import Counter

import numpy as np
import pytest
from emseg_bench.datasets.fetching.store import DataStore
from emseg_bench.datasets.published import cdeep3m_mito, vnc
from PIL import Image


@pytest.fixture
def store(tmp_path, monkeypatch) -> DataStore:
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    return DataStore(tmp_path / "cache")


def imported(invoke, store, name, folder):
    done = invoke("data", "import", name, "--archive", folder)
    assert done.code == 0, done.err
    return {f"{volume.part}/{volume.name}": volume for volume in store.open_arrays(name).volumes}


def shares(volume):
    counts = sum((Counter(facts.counts) for facts in volume.slices), Counter())
    return [counts[label] / np.prod(volume.shape) for label in sorted(counts)]


def test_nerve_cord(real_data, invoke, store):
    folder = real_data("vnc")
    volumes = imported(invoke, store, "vnc", folder)
    assert [*volumes] == ["train/stack1", "unlabelled/stack2"]
    stack = volumes["train/stack1"]
    assert stack.shape == (20, 1024, 1024)
    assert shares(stack) == pytest.approx([0.741, 0.054, 0.006, 0.200], abs=6e-4)
    assert sum(facts.sum for facts in stack.slices) / np.prod(stack.shape) / 255 == pytest.approx(
        0.50445, abs=5e-6
    )
    dataset = vnc.VNC.factory(None, store.cache)
    assert [len(dataset.manifest.split(split)) for split in ("train", "val", "test")] == [10, 4, 4]
    case = dataset.manifest.split("test")[0]
    assert case.section == 16
    np.testing.assert_array_equal(dataset.read(case).image[0], Image.open(folder / "images/16.png"))
    np.testing.assert_array_equal(dataset.read(case).labels, Image.open(folder / "masks/16.png"))
    done = invoke("data", "verify", "vnc")
    assert done.code == 0, done.out
    assert "no leaks found" in done.out


def test_mitochondria_in_brain(real_data, invoke, store):
    volumes = imported(invoke, store, "cdeep3m-mito", real_data("cdeep3m_mito"))
    assert {name: volume.shape[0] for name, volume in volumes.items()} == {
        "train/training": 20,
        "test/validation": 10,
        "unlabelled/testset": 5,
    }
    assert shares(volumes["train/training"])[1] == pytest.approx(0.0879, abs=5e-5)
    assert shares(volumes["test/validation"])[1] == pytest.approx(0.0755, abs=5e-5)
    manifest = cdeep3m_mito.CDEEP3M_MITO.factory(None, store.cache).manifest
    assert [len(manifest.split(split)) for split in ("train", "val", "test")] == [14, 4, 10]
    assert [case.section for case in manifest.split("val")] == [16, 17, 18, 19]


def test_patches_pretrain(real_data, invoke, store, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "patches"), "zip", real_data("cem_examples"), "unlabelled")
    done = invoke("data", "import", "cem500k", "--archive", archive)
    assert done.code == 0, done.err
    done = invoke("pretrain", "--images", "cem500k", "--recipe", "smoke", "--dry-run")
    assert "on 10 images" in done.out, done.err
