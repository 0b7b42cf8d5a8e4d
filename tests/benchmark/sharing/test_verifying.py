"""Verifying: whatever was changed is found, however carefully, and what cannot be checked is said."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from emseg_bench.benchmark.files.cache import cache_folder
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.sharing import verifying
from emseg_bench.benchmark.sharing.verifying import verify_trial
from emseg_bench.benchmark.trials.left_behind import write_left_behind
from emseg_bench.benchmark.trials.records import load_record

from .conftest import rewrite


def verified(folder, *, with_scores=True):
    store = Store(folder.path.parents[1])
    return verify_trial(folder, store, load_plugins().catalogue, cache_folder(), with_scores=with_scores)


def test_a_trial_as_it_was_written(ran):
    found = verified(ran)
    assert (found.faults, found.unchecked, found.scores) == ((), (), "equal")
    assert found.name == "toy@scratch on toy-data, seed 0"
    assert verified(ran, with_scores=False).scores == "not checked"


def test_a_score_that_was_changed_with_all_its_hashes_is_found_by_the_label_maps(ran):
    cases = pd.read_parquet(ran.cases)
    row = cases.index[cases["metric"] == "iou"][1]
    cases.loc[row, "value"] = 0.987654
    cases.to_parquet(ran.cases, index=False)
    rewrite(ran)
    found = verified(ran)
    assert found.scores == "differ"
    (fault,) = found.faults
    assert fault.startswith(f"1 score differs: iou of class 1 in {cases['case'][row]} is 0.987654 here and ")
    assert verified(ran, with_scores=False).faults == ()  # nothing but the label maps tells


def test_a_score_that_today_s_code_works_out_otherwise_is_no_fault(ran, monkeypatch):
    cases = pd.read_parquet(ran.cases)
    cases.loc[cases["metric"] == "iou", "value"] = 0.5
    cases.to_parquet(ran.cases, index=False)
    rewrite(ran)
    plan = verifying.plan_metric
    monkeypatch.setattr(verifying, "plan_metric", lambda *told: replace(plan(*told), version=99))
    found = verified(ran)
    assert (found.faults, found.scores) == ((), "not checked")
    assert "iou: version 1 then, 99 now" in found.unchecked[0]


@pytest.mark.parametrize(
    "name",
    [
        *("trial.json", "curve.parquet", "weights.safetensors", "environment.json"),
        *("sanity.parquet", "reliability.parquet"),
    ],
)
def test_every_file_that_was_changed_is_named(ran, name):
    (ran.path / name).write_bytes((ran.path / name).read_bytes() + b" ")
    faults = " ".join(verified(ran, with_scores=False).faults)
    assert name in faults


def test_label_maps_that_are_missing_or_new_are_named(ran):
    first, *_ = sorted(ran.predictions.glob("*.png"))
    first.rename(first.with_name("other.png"))
    assert verified(ran).faults == (
        f"predictions/{first.name} (missing)",
        "predictions/other.png (not of the trial)",
    )


def test_settings_that_were_changed_with_the_checksum_make_another_name(ran):
    record = load_record(ran)
    slower = replace(record.spec, recipe=replace(record.spec.recipe, learning_rate=0.5))
    rewrite(ran, replace(record, spec=slower))
    (fault, *_) = verified(ran, with_scores=False).faults
    assert "its settings make the trial" in fault


def test_a_record_that_was_edited(ran):
    ran.record.write_text(ran.record.read_text().replace('"toy@scratch"', '"best@scratch"'))
    (fault,) = verified(ran).faults
    assert "was changed after the trial wrote it" in fault


def test_label_maps_that_a_bundle_left_out_are_no_fault(ran):
    names = [f"predictions/{path.name}" for path in ran.predictions.iterdir()]
    for path in [*ran.predictions.iterdir()]:
        path.unlink()
    ran.predictions.rmdir()
    write_left_behind(ran, names)
    found = verified(ran)
    assert found.faults == ()
    assert found.unchecked == (
        f"{len(names)} files that the bundle left out",
        "its scores: its label maps were left out of the bundle that it comes from.",
    )


def test_scores_cannot_be_left_behind(ran):
    ran.cases.unlink()
    ran.left_behind.write_text('["cases.parquet"]')
    (fault,) = verified(ran).faults
    assert "names cases.parquet, expected a list of label maps and weights" in fault


def test_data_that_is_not_here_is_said(ran, monkeypatch):
    def gone(*_told):
        raise verifying.EmsegError("the data is elsewhere")

    monkeypatch.setattr(verifying, "kept_scores", gone)
    found = verified(ran)
    assert (found.faults, found.unchecked) == ((), ("its scores: the data is elsewhere",))


def test_what_an_older_version_wrote_is_not_called_wrong(ran):
    data = json.loads(ran.record.read_text())
    del data["files"], data["checksum"], data["spec"]["threads"]
    ran.record.write_text(json.dumps(data))
    found = verified(ran, with_scores=False)
    assert found.faults == ()
    assert found.unchecked == (
        "whether its settings make its name: an older version wrote it",
        "its files: an older version wrote it, which kept no hashes",
        "its record: an older version wrote it, which kept no checksum",
    )


def test_the_command(ran, invoke):
    place = ran.path.parents[1]
    done = invoke("verify", place)
    assert done.code == 0, done.err
    assert "1 trial: 1 as written, 0 not; of 1 the scores were worked out again and are the same" in done.out
    ran.curve.write_bytes(b"")
    done = invoke("verify", place, "--json")
    assert done.code == 1
    assert "curve.parquet" in json.loads(done.out)["trials"][0]["faults"][0]
    assert invoke("verify", "nowhere").code == 2
    assert invoke("verify", place.parent).code == 2
