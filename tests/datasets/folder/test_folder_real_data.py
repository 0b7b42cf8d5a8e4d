"""Real EM as labs have it; the figures are those of the data packs' own descriptions."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.datasets.folder.dataset import open_folder
from PIL import Image


def shares(dataset, split: str) -> np.ndarray:
    cases = dataset.manifest.split(split)
    number = len(dataset.manifest.class_names)
    return np.mean(
        [
            np.bincount(dataset.read(case).labels.ravel(), minlength=number) / case.height / case.width
            for case in cases
        ],
        axis=0,
    )


def test_mitochondria_in_brain(real_data, cache):
    """cdeep3m_mito: divided into train and val; a folder of unlabelled images beside them."""
    root = real_data("cdeep3m_mito")
    dataset = open_folder(str(root), cache)
    manifest = dataset.manifest
    assert [len(manifest.split(split)) for split in ("train", "val", "test")] == [20, 10, 10]
    assert manifest.split("val")[0].id == "val/050"
    assert manifest.class_names == ("background", "class1")
    assert (manifest.channels, manifest.num_logits) == (1, 1)
    assert shares(dataset, "train")[1] == pytest.approx(0.0879, abs=5e-5)
    assert shares(dataset, "val")[1] == pytest.approx(0.0755, abs=5e-5)
    assert "val split serves as test split" in manifest.notes[0]
    case = manifest.split("train")[3]
    raw = np.array(Image.open(root / "train" / "images" / "013.png"))
    np.testing.assert_array_equal(dataset.read(case).image[0], raw)


def test_nerve_cord(real_data, cache):
    """vnc: one undivided stack of four classes; other folders beside images/ and masks/."""
    dataset = open_folder(str(real_data("vnc")), cache, split_seed=0)
    manifest = dataset.manifest
    assert [len(manifest.split(split)) for split in ("train", "val", "test")] == [12, 4, 4]
    assert manifest.class_names == ("background", "class1", "class2", "class3")
    parts = [shares(dataset, split) for split in ("train", "val", "test")]
    assert np.average(parts, axis=0, weights=[12, 4, 4]) == pytest.approx(
        [0.741, 0.054, 0.006, 0.200], abs=6e-4
    )
    assert manifest.mean[0] == pytest.approx(0.50445, abs=0.005)
    assert manifest.std[0] == pytest.approx(0.21444, abs=0.005)
    assert any("numbered consecutively" in note for note in manifest.notes)


def test_patches_of_many_sizes(real_data, cache):
    """cem_examples: eight pairs, not square, not of one size."""
    dataset = open_folder(str(real_data("cem_examples")), cache)
    sizes = {case.id.split("/")[1]: (case.height, case.width) for case in dataset.manifest.cases}
    assert sizes["mitochondria1"] == (138, 224)
    assert sizes["nuclei"] == (130, 224)
    assert len(sizes) == 8
    for case in dataset.manifest.cases:
        sample = dataset.read(case)
        assert sample.image.shape == (1, case.height, case.width)
        assert sample.labels.shape == (case.height, case.width)
    assert not any("numbered" in note for note in dataset.manifest.notes)
