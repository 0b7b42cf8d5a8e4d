"""``emseg-bench rescore``: the same scores as a run gives, without a model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.trials.records import load_record
from emseg_bench.benchmark.trials.rescoring import Wanted, changed_metrics, plan_rescoring

QUICK = ("--set", "recipe.iterations=6", "--set", "recipe.batch_size=2", "--set", "recipe.crop=32")
OTHER = "[dice, iou-matched, iou]"


@pytest.fixture
def ran(toy, work, invoke):
    """A trial of the toy model; gives its folder."""

    def run(*arguments):
        done = invoke(
            *("run", "--models", "toy", "--datasets", "toy-data", "--device", "cpu", "--precision", "fp32"),
            *(*QUICK, "--json", *arguments),
        )
        assert done.code == 0, done.err
        return Path(json.loads(done.out)["trials"][0]["folder"])

    return run


def cases(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(TrialFolder(folder).cases)


@pytest.mark.slow
def test_scores_are_those_of_a_run_with_these_metrics(ran, invoke):
    source = ran()
    told = json.loads(invoke("rescore", "--metrics", "dice,iou-matched,iou", "--json").out)
    (trial,) = told["trials"]
    assert trial["state"] == "scored"
    assert trial["rescored_from"] == source.name
    anew = Path("results/trials") / trial["fingerprint"]
    direct = ran("--set", f"protocol.metrics={OTHER}", "--out", "direct")
    pd.testing.assert_frame_equal(cases(anew), cases(direct))
    assert direct.name == anew.name  # it is the very trial that such a run would be
    record = load_record(TrialFolder(anew))
    assert record.rescored_from == source.name
    assert record.profile == load_record(TrialFolder(source)).profile
    for name in ("weights.safetensors", "curve.parquet", "reliability.parquet", "environment.json"):
        assert (anew / name).read_bytes() == (source / name).read_bytes()


@pytest.mark.slow
def test_what_was_scored_anew_is_reported_and_not_scored_again(ran, invoke):
    ran()
    done = invoke("rescore", "--metrics", " dice", "--primary", "dice ")  # one spelling, however written
    assert done.code == 0, done.err
    assert "scored" in done.out
    report = Path("results/report/leaderboard.md").read_text()
    assert "metrics=dice, primary=dice" in report
    assert report.count("scored anew from the label maps that an earlier run kept") == 1
    record = next(Path("results/trials").glob("*/record.json"))
    before = {path: path.stat().st_mtime_ns for path in record.parent.parent.glob("*/record.json")}
    again = json.loads(invoke("rescore", "--metrics", "dice", "--json").out)
    assert [trial["state"] for trial in again["trials"]] == ["scored"]
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.slow
def test_a_plan_changes_nothing(ran, invoke):
    ran()
    done = invoke("rescore", "--metrics", "dice", "--dry-run")
    assert "to score" in done.out
    assert len(list(Path("results/trials").iterdir())) == 1
    assert "as it is" in invoke("rescore", "--dry-run").out


@pytest.mark.slow
def test_what_cannot_be_scored_is_told_and_the_rest_goes_on(ran, invoke):
    source = ran("--seeds", "2")
    for path in (source / "predictions").iterdir():
        path.write_bytes(path.read_bytes()[:40])
    done = invoke("rescore", "--metrics", "dice")
    assert done.code == 1
    assert "missing or damaged" in done.out
    assert "Traceback" not in done.err
    assert sum(path.exists() for path in Path("results/trials").glob("*/record.json")) == 3
    for path in (source / "predictions").iterdir():
        path.unlink()
    (source / "predictions").rmdir()
    assert "it kept no label maps" in invoke("rescore", "--metrics", "dice").out


@pytest.mark.slow
def test_other_versions_of_a_metric_are_seen(ran):
    ran()
    catalogue = load_plugins().catalogue
    offer = catalogue.metrics.offers["iou"]
    catalogue.metrics.offers["iou"] = replace(offer, card=replace(offer.card, version=2))
    (item,), _ = plan_rescoring(Store(Path("results")), Wanted(), catalogue)
    assert item.job.fingerprint != item.record.fingerprint
    assert not item.is_done
    changes = list(changed_metrics(item.record.spec.metrics, item.job.spec.metrics))
    assert changes == ["iou: version 1 then, 2 now"]


@pytest.mark.slow
def test_wrong_input_is_refused_before_anything_is_scored(ran, invoke):
    ran()
    for arguments, message in (
        (("--metrics", "nope"), "no metric is called 'nope'"),
        (("--metrics", "dice", "--primary", "iou"), "expected one of --metrics"),
        (("--primary", "hd"), "expected one of the metrics"),
        (("elsewhere",), "no complete trial in elsewhere"),
    ):
        done = invoke("rescore", *arguments)
        assert done.code == 2
        assert message in done.err
    assert len(list(Path("results/trials").iterdir())) == 1


@pytest.mark.slow
def test_metrics_of_probabilities_need_a_run(ran):
    ran()
    catalogue = load_plugins().catalogue
    offer = catalogue.metrics.offers["iou"]
    catalogue.metrics.offers["iou"] = replace(offer, card=replace(offer.card, needs=("probabilities",)))
    with pytest.raises(UsageError, match="needs probabilities, and trials keep label maps alone"):
        plan_rescoring(Store(Path("results")), Wanted(metrics=("iou",)), catalogue)
