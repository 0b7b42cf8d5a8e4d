"""Choosing metrics: references with options, what they need, and how they get into trials and scores."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.errors import UnknownNameError, UsageError
from emseg_bench.benchmark.contracts.records import TrialSpec
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.making_metrics import make_metrics
from emseg_bench.benchmark.experiments.metric_planning import plan_metric
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.plugins.references import parse_metric
from PIL import Image

MODELS = {"models": ["unet"], "datasets": ["synthetic-em[size=64,train=2,val=1,test=1]"]}


@pytest.fixture(scope="module")
def catalogue():
    return load_plugins().catalogue


def protocol(*settings):
    return build_experiment(None, MODELS, settings).protocol


def test_options_are_typed_and_completed(catalogue):
    spec = plan_metric(" nsd[tolerance_nm = 5] ", catalogue)
    assert (spec.name, dict(spec.options)) == ("nsd[tolerance_nm=5]", {"tolerance_nm": 5.0})
    assert dict(plan_metric("nsd", catalogue).options) == {"tolerance_nm": 20.0}
    assert dict(plan_metric("iou", catalogue).options) == {}


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("nsd[tolerance_nm=-1]", UsageError, "tolerance_nm: got -1; input should be greater than 0"),
        ("nsd[tolerance=5]", UsageError, "did you mean 'tolerance_nm'"),
        ("nsd[5]", UsageError, "expected OPTION=VALUE"),
        ("nsd@5", UsageError, "as a metric, expected NAME or"),
        ("iou[a=1]", UsageError, "iou takes no options"),
        ("hd59", UnknownNameError, "did you mean 'hd95'"),
    ],
)
def test_wrong_references_say_what_is_expected(catalogue, text, error, match):
    with pytest.raises(error, match=match):
        plan_metric(text, catalogue)


def test_a_reference_reads_what_it_writes():
    assert str(parse_metric("nsd[tolerance_nm=5]")) == "nsd[tolerance_nm=5]"
    assert str(parse_metric(" iou ")) == "iou"


@pytest.mark.parametrize(
    "setting",
    [
        "protocol.metrics=iou,nsd[tolerance_nm=5]",
        'protocol.metrics=[iou, "nsd[tolerance_nm=5]"]',
        'protocol.metrics=[iou, " nsd[tolerance_nm = 5]", iou]',
    ],
)
def test_metrics_are_set_as_a_list_or_with_commas(setting):
    assert protocol(setting).metrics == ("iou", "nsd[tolerance_nm=5]")


def test_primary_may_have_options():
    chosen = protocol("protocol.metrics=nsd[tolerance_nm=5],iou", "protocol.primary=nsd[tolerance_nm = 5]")
    assert chosen.primary == "nsd[tolerance_nm=5]"


def test_brackets_without_quotes_in_a_list_are_explained():
    with pytest.raises(UsageError, match="quote what holds brackets"):
        protocol("protocol.metrics=[iou, nsd[tolerance_nm=5]]")


def plan(tmp_path, catalogue, *settings, **options):
    experiment = build_experiment(None, {**MODELS, **options}, settings)
    return make_plan(experiment, catalogue, device="cpu", cache=tmp_path)


def spec_of(tmp_path, catalogue, metrics) -> TrialSpec:
    (spec,) = plan(tmp_path, catalogue, f"protocol.metrics={metrics}").trials.values()
    return spec


def test_options_get_into_the_trial_and_its_fingerprint(tmp_path, catalogue):
    strict, loose = (spec_of(tmp_path, catalogue, f"iou,nsd[tolerance_nm={nm}]") for nm in (5, 50))
    assert fingerprint(strict) != fingerprint(loose)
    made = make_metrics(strict.metrics, catalogue)
    assert list(made) == ["iou", "nsd[tolerance_nm=5]"]


def test_unknown_voxel_size_stops_the_planning(tmp_path, catalogue):
    for kind in ("images", "masks"):
        (tmp_path / "cells" / kind).mkdir(parents=True)
        for number in range(6):
            image = np.full((32, 32), number, np.uint8) if kind == "images" else np.eye(32, dtype=np.uint8)
            Image.fromarray(image).save(tmp_path / "cells" / kind / f"{number}.png")
    folder = {"datasets": [f"folder:{tmp_path}/cells"]}
    assert plan(tmp_path, catalogue, "protocol.metrics=iou,boundary-iou", **folder).trials
    with pytest.raises(UsageError, match=r"hd95 measures in nm, and the voxel size of folder:cells"):
        plan(tmp_path, catalogue, "protocol.metrics=iou,hd95", **folder)


# ------------------------------------------------------------------------------ scores of label maps
@pytest.fixture
def volumes(work):
    truth = np.zeros((4, 5, 5), np.uint8)
    truth[0, 2, 2] = 1
    for folder, moved in (("t", 0), ("p", 2)):
        (work / folder).mkdir()
        tifffile.imwrite(work / folder / "a.tif", np.roll(truth, moved, axis=0), photometric="minisblack")
    return ["--pred", work / "p", "--truth", work / "t"]


def test_volumes_are_scored_in_three_dimensions(invoke, volumes):
    done = invoke("score", *volumes, "--metrics", "hd95,object-f1", "--voxel-size", "50,8,8", "--json")
    told = json.loads(done.out)
    assert told["primary"] == "iou"
    assert told["means"]["hd95"] == 100
    assert told["means"]["object-f1"] == 0
    assert "hd95 in nm: lower is better" in told["notes"]


def test_scores_of_a_missed_class_are_the_diagonal(invoke, work, volumes):
    tifffile.imwrite(work / "p/a.tif", np.zeros((4, 5, 5), np.uint8), photometric="minisblack")
    done = invoke("score", *volumes, "--metrics", "hd95", "--voxel-size", "50,8,8", "--json")
    assert json.loads(done.out)["means"]["hd95"] == pytest.approx(math.hypot(200, 40, 40))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metrics", "hd95"], "say the voxel's 3 sides in nm with --voxel-size 50,8,8"),
        (["--metrics", "hd95", "--voxel-size", "8,8"], "say the voxel's 3 sides"),
        (["--metrics", "hd95", "--voxel-size", "8,0,8"], "expected two or three lengths in nm"),
        (["--metrics", "hd95", "--voxel-size", "8"], "expected two or three lengths in nm"),
        (["--metrics", "ece"], "label maps have none"),
        (["--metrics", "iou,,dice"], "empty item"),
        (["--metrics", "hd59"], "did you mean 'hd95'"),
    ],
)
def test_wrong_choices_are_refused(invoke, volumes, arguments, message):
    done = invoke("score", *volumes, *arguments)
    assert done.code == 2
    assert message in " ".join(done.err.split())
