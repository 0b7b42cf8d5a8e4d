"""The same images in 8 bits and in part of 16 train and predict alike, and score alike."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import tifffile
from emseg_bench.benchmark.trials.trial import run_trial
from scipy.ndimage import gaussian_filter

SIDE = 64


def cell_image(seed):
    """Draw dark blobs, and where they are."""
    random = np.random.default_rng(seed)
    field = gaussian_filter(random.normal(size=(SIDE, SIDE)), 4)
    labels = (field > np.quantile(field, 0.75)).astype(np.uint8)
    return (150 - 70 * labels + random.normal(0, 8, labels.shape)).clip(0, 255).astype(np.uint8), labels


def low_bits(grey, top):
    return np.random.default_rng(int(grey[0, 0])).integers(0, top, grey.shape).astype(np.uint16)


TWINS = {
    "12 bits": lambda grey: grey.astype(np.uint16) * 16,
    "12 bits with noise": lambda grey: grey.astype(np.uint16) * 16 + low_bits(grey, 16),
    "14 bits as float": lambda grey: grey.astype(np.float32) * 64,
}


@pytest.fixture
def scores(make_job, runtime, invoke, work):
    """Train on images stored in one way; give the IoU of the trial, and of what `predict` makes."""

    def run(name, stored):
        root = work / name.replace(" ", "_").replace(",", "")
        for part in ("images", "masks"):
            (root / part).mkdir(parents=True)
        for seed in range(10):
            grey, labels = cell_image(seed)
            for part, values in (("images", stored(grey)), ("masks", labels)):
                tifffile.imwrite(root / part / f"s{seed}.tif", values, photometric="minisblack")
        settings = ("recipe.iterations=40", "recipe.learning_rate=0.02")
        job = make_job("toy", *settings, dataset=f"folder:{root}", folder=root.name + "_trial")
        record = run_trial(job, runtime, lambda event: None)
        assert record.status == "complete", record.reason
        table = pd.read_parquet(job.folder / "cases.parquet")
        trained = table[(table["metric"] == "iou") & (table["class_index"] == 1)]["value"].mean()
        for case in set(table["case"]):
            for part in ("images", "masks"):
                path = root / f"test_{part}" / f"{case.rpartition('/')[2]}.tif"
                path.parent.mkdir(exist_ok=True)
                shutil.copy(root / part / path.name, path)
        maps = root / "maps"
        weights = job.folder / "weights.safetensors"
        done = invoke("predict", root / "test_images", "--weights", weights, "--out", maps)
        assert done.code == 0, done.err
        done = invoke("score", "--pred", maps, "--truth", root / "test_masks", "--json")
        return trained, json.loads(done.out)["means"]["iou"]

    return run


def test_images_score_alike_however_their_bits_are_stored(scores):
    trained, predicted = scores("8 bits", lambda grey: grey)
    assert trained > 0.6
    assert predicted == pytest.approx(trained, abs=0.01)
    for name, stored in TWINS.items():
        assert scores(name, stored) == pytest.approx((trained, trained), abs=0.01), name
