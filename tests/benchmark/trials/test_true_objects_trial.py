"""Trials on data that know their true objects: from the file to the scores, the report, and scored anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from emseg_bench.benchmark.evaluation.sanity import TRUTH
from emseg_bench.benchmark.experiments.opening import reopen_dataset
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.trials.kept_labels import KeptLabels
from emseg_bench.benchmark.trials.rescoring import Wanted, plan_rescoring, rescore
from emseg_bench.benchmark.trials.trial import run_trial
from scipy import ndimage

SHAPE = (12, 48, 48)
METRICS = ("iou", "object-f1[iou=0.1]", "voi-merge")


@pytest.fixture
def cells(tmp_path):
    """A volume of four blocks that touch side by side, in grey that a network tells from the rest at once."""
    numbers = np.zeros(SHAPE, np.uint16)
    numbers[:, 8:40, 8:40] = np.kron([[5, 6], [7, 300]], np.ones((16, 16), int))
    tifffile.imwrite(tmp_path / "cells.tif", np.where(numbers, 200, 30).astype(np.uint8))
    tifffile.imwrite(tmp_path / "numbers.tif", numbers, compression="zlib")
    return f"volume[labels=numbers.tif,instances=binary,scored={{}}]:{tmp_path / 'cells.tif'}"


@pytest.fixture
def ran(make_job, runtime):
    def run(dataset, metrics):
        chosen = f"protocol.metrics={','.join(metrics)}"
        job = make_job("toy-plain", chosen, dataset=dataset, store="store")
        run_trial(job, runtime, lambda _: None)
        return job

    return run


def merged(truth, prediction, numbers):
    """VOI of merges, in bits, of class 1 by hand: over true pixels, how mixed each blob is."""
    blobs, _ = ndimage.label(prediction == 1, structure=np.ones((3,) * truth.ndim))
    blobs, true = blobs[truth == 1], numbers[truth == 1]
    bits = 0.0
    for blob in np.unique(blobs[blobs > 0]):
        _, shares = np.unique(true[blobs == blob], return_counts=True)
        bits += shares @ np.log2(shares.sum() / shares)
    return bits / len(true) if blobs.any() else np.nan


@pytest.mark.parametrize("scored", ["slices", "volumes"])
def test_scores_are_by_number_now_and_scored_anew(cells, ran, runtime, tmp_path, scored):
    job = ran(cells.format(scored), METRICS)
    folder, catalogue = TrialFolder(job.folder), load_plugins().catalogue
    assert job.spec.dataset.has_instances
    assert sum("knows true objects one by one" in note for note in job.spec.notes) == 1
    table = pd.read_parquet(folder.cases)
    dataset = reopen_dataset(job.spec.dataset, catalogue, Path(runtime.cache))
    kept = KeptLabels(folder.predictions, dataset.manifest.split("test"))
    of_class = table[(table["metric"] == "voi-merge") & (table["class_index"] == 1)]
    for number, case in enumerate(dataset.manifest.split("test")):
        sample = dataset.read(case)
        predicted = kept.read(number, sample.labels.shape)
        expected = merged(sample.labels, predicted, sample.instances)
        assert of_class["value"].iloc[number] == pytest.approx(expected, nan_ok=True)
    sanity = pd.read_parquet(folder.sanity)
    truth = sanity[(sanity["predictor"] == TRUTH) & (sanity["class_index"] == 1)].groupby("metric")["value"]
    assert truth.mean()["voi-merge"] == pytest.approx(2), "four equal blocks in one"
    assert truth.mean()["object-f1[iou=0.1]"] == pytest.approx(2 / 5)
    (item,), _ = plan_rescoring(
        Store(tmp_path / "store"), Wanted(metrics=METRICS[::-1], primary="iou"), catalogue
    )
    rescore(item, catalogue, Path(runtime.cache))
    keys = ["case", "class_index", "metric"]
    new, old = (
        frame.sort_values(keys, ignore_index=True)
        for frame in (pd.read_parquet(TrialFolder(item.job.folder).cases), table)
    )
    pd.testing.assert_frame_equal(new, old)
    assert sum("knows true objects one by one" in note for note in item.job.spec.notes) == 1


def test_without_metrics_of_objects_nothing_is_said_of_them(cells, make_job):
    job = make_job("toy-plain", dataset=cells.format("slices"))
    assert not any("true objects" in note for note in job.spec.notes)


def test_a_row_is_named_without_folders(cells, make_job, tmp_path):
    whole = cells.format("slices").replace("numbers.tif", str(tmp_path / "numbers.tif"))
    job = make_job("toy-plain", "protocol.metrics=iou", dataset=whole)
    assert job.spec.dataset.label == "volume[instances=binary,labels=numbers.tif,scored=slices]:cells.tif"
