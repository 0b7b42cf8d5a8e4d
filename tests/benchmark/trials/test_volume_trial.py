"""Trials whose test cases are volumes, from the plan to the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from emseg_bench.benchmark.contracts.errors import TrialError, UsageError
from emseg_bench.benchmark.contracts.running import Job
from emseg_bench.benchmark.experiments.experiment import build_experiment, describe
from emseg_bench.benchmark.experiments.opening import reopen_dataset
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.trials.boards import load_boards
from emseg_bench.benchmark.trials.kept_labels import KeptLabels
from emseg_bench.benchmark.trials.records import load_record
from emseg_bench.benchmark.trials.rescoring import Wanted, plan_rescoring, rescore
from emseg_bench.benchmark.trials.trial import run_trial
from emseg_bench.reports.leaderboard import leaderboard
from PIL import Image

SHAPE = (6, 48, 48)


@pytest.fixture
def ran(make_job, runtime, tmp_path):
    """Run a trial of the toy model; gives its job and its folder."""

    def run(dataset: str, protocol: str = "emseg-v1") -> tuple[Job, TrialFolder]:
        job = make_job("toy-plain", dataset=dataset, protocol=protocol, store="store")
        told: list[tuple[int, int]] = []
        run_trial(job, runtime, lambda event: told.append((event.done, event.total)))
        run.told = told
        return job, TrialFolder(job.folder)

    return run


def read_all(job: Job, runtime):
    """The test volumes' true and predicted labels."""
    dataset = reopen_dataset(job.spec.dataset, load_plugins().catalogue, Path(runtime.cache))
    cases = dataset.manifest.split("test")
    kept = KeptLabels(TrialFolder(job.folder).predictions, cases)
    truths = [dataset.read(case).labels for case in cases]
    return truths, [kept.read(number, SHAPE) for number in range(len(cases))]


def values(table: pd.DataFrame, metric: str, index: int) -> list[float]:
    return table[(table["metric"] == metric) & (table["class_index"] == index)]["value"].tolist()


def test_a_volume_is_one_case_scored_from_all_its_slices(ran, runtime):
    job, folder = ran("toy-volumes")
    table = pd.read_parquet(folder.cases)
    assert table["case"].unique().tolist() == ["c", "d"]
    assert set(zip(table["depth"], table["height"], table["width"], strict=True)) == {SHAPE}
    truths, predictions = read_all(job, runtime)
    pairs = list(zip(truths, predictions, strict=True))
    assert values(table, "tp", 1) == [((t == 1) & (p == 1)).sum() for t, p in pairs]
    assert values(table, "fp", 1) == [((t == 0) & (p == 1)).sum() for t, p in pairs]
    unions = [((t == 1) | (p == 1)).sum() for t, p in pairs]
    hits = [((t == 1) & (p == 1)).sum() for t, p in pairs]
    assert values(table, "iou", 1) == pytest.approx(np.divide(hits, unions))
    assert load_record(folder).axes == "stack"
    assert pd.read_parquet(folder.reliability).empty, "of volumes labels alone are kept"
    assert ran.told[-3:-1].count((48, 48)) == 1, "two volumes of six slices of four windows"


def test_the_middle_slice_is_kept_as_picture(ran, runtime):
    job, folder = ran("toy-volumes")
    index = json.loads((folder.previews / "previews.json").read_text())
    assert [(entry["case"], entry["section"]) for entry in index] == [("c", 3), ("d", 3)]
    truths, predictions = read_all(job, runtime)
    for number in range(2):
        for name, labels in (("truth", truths), ("prediction", predictions)):
            picture = np.asarray(Image.open(folder.previews / f"{number:02}_{name}.png"))
            assert np.array_equal(picture, labels[number][3])


def test_classes_that_are_not_scored_and_pixels_without_truth_leave_no_trace(ran, runtime):
    job, folder = ran("toy-partly")
    table = pd.read_parquet(folder.cases)
    assert set(table["class_index"]) == {2}
    truths, predictions = read_all(job, runtime)
    hits = [((t == 2) & (p == 2)).sum() for t, p in zip(truths, predictions, strict=True)]
    false = [((t == 1) & (p == 2)).sum() for t, p in zip(truths, predictions, strict=True)]
    assert values(table, "tp", 2) == hits
    assert values(table, "fp", 2) == false, "what is predicted where the truth is 0 does not count"
    sanity = pd.read_parquet(folder.sanity)
    assert set(sanity["class_index"]) == {2}
    assert sum(values(sanity[sanity["predictor"] == "all shell"], "recall", 2)) == 2
    record = load_record(folder)
    assert (record.scored_classes, record.mask_by_truth, record.axes) == ((2,), True, "orthoplane")


def test_rescored_from_the_kept_volumes(ran, tmp_path):
    _, folder = ran("toy-partly")
    catalogue, cache = load_plugins().catalogue, tmp_path / "cache"
    wanted = Wanted(metrics=("dice", "hd95", "iou"), primary="iou")
    (item,), _ = plan_rescoring(Store(tmp_path / "store"), wanted, catalogue)
    rescore(item, catalogue, cache)
    old, new = (pd.read_parquet(TrialFolder(path).cases) for path in (folder.path, item.job.folder))
    for metric in ("iou", "dice", "tp", "tn"):
        assert values(old, metric, 2) == values(new, metric, 2)
    assert all(np.isfinite(values(new, "hd95", 2)))


def planned(protocol: str, cache: Path, *settings: str):
    """Plan volumes and images; gives the protocols that they are scored by."""
    asked = {"models": ["toy"], "datasets": ["toy-volumes", "toy-data"], "protocol": protocol}
    experiment = build_experiment(None, asked, settings)
    plan = make_plan(experiment, load_plugins().catalogue, device="cpu", cache=cache)
    return [spec.protocol for spec in plan.trials.values()]


def test_a_published_protocol_scores_volumes_by_its_own_rule(toy, tmp_path):
    volumes, images = planned("cem500k-2021", tmp_path)
    assert (volumes.metrics, volumes.primary, volumes.skips_undefined) == (("iou", "iou-eps"), "iou", False)
    assert (images.metrics, images.primary, images.skips_undefined) == (("iou-eps", "iou"), "iou-eps", True)
    assert describe(volumes) == describe(images) == "cem500k-2021"
    chosen, _ = planned("cem500k-2021", tmp_path, "protocol.metrics=[dice]", "protocol.primary=dice")
    assert (chosen.metrics, chosen.skips_undefined) == (("dice",), False)


def test_our_protocol_scores_volumes_as_it_scores_images(toy, tmp_path):
    volumes, images = planned("emseg-v1", tmp_path)
    assert volumes == images


@pytest.mark.parametrize(
    ("protocol", "settings", "message"),
    [
        (
            "emseg-v1",
            ("protocol.metrics=[iou,ece]",),
            "ece needs probabilities, and toy-volumes is scored in",
        ),
        ("retina-2025-perez", (), "published for images only"),
    ],
)
def test_what_volumes_cannot_have_is_refused_before_anything_runs(toy, tmp_path, protocol, settings, message):
    with pytest.raises(UsageError, match=message):
        planned(protocol, tmp_path, *settings)


def test_reports_read_tables_of_before_volumes(ran, tmp_path):
    _, folder = ran("toy-data")
    for path in (folder.cases, folder.sanity):
        pd.read_parquet(path).drop(columns="depth").to_parquet(path, index=False)
    record = json.loads(folder.record.read_text())  # nor did records of that time hold hashes
    folder.record.write_text(json.dumps({**record, "files": {}, "checksum": ""}))
    (board,) = load_boards(Store(tmp_path / "store")).boards
    assert set(board.trials[0].cases["depth"]) == set(board.sanity["depth"]) == {1}
    assert list(board.trials[0].cases) == [name for name in board.sanity if name != "predictor"]


@pytest.mark.parametrize(
    ("dataset", "place"),
    [
        ("toy-data", r"case 'val-4': .*nan in channel 0 at row"),
        ("toy-volumes", r"case 'b': .*at slice 0 along z"),
    ],
)
def test_a_logit_that_is_no_number_ends_the_trial_with_its_place(make_job, runtime, dataset, place):
    with pytest.raises(TrialError, match=place):
        run_trial(make_job("toy-nan-tested", dataset=dataset), runtime, lambda event: None)


def test_score_gives_what_the_run_reports(ran, runtime, invoke, work, tmp_path):
    """The published rule for volumes is one, for trials and for label maps from anywhere."""
    job, _ = ran("toy-volumes", protocol="cem500k-2021")
    truths, predictions = read_all(job, runtime)
    for folder, volumes in (("t", truths), ("p", predictions)):
        (work / folder).mkdir()
        for number, labels in enumerate(volumes):
            tifffile.imwrite(work / folder / f"{number}.tif", labels, photometric="minisblack")
    told = json.loads(
        invoke("score", "--pred", "p", "--truth", "t", "--protocol", "cem500k-2021", "--json").out
    )
    (board,) = load_boards(Store(tmp_path / "store")).boards
    (row,) = leaderboard(board).rows
    assert board.primary.name == "iou"
    assert told["means"]["iou"] == pytest.approx(row.score.mean.mean)
