"""Bundles: what goes in comes out, with the same report, and nothing private."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.sharing import bundling
from emseg_bench.benchmark.sharing.bundling import Choice, bundle
from emseg_bench.benchmark.sharing.unbundling import unbundle
from emseg_bench.benchmark.trials.board_order import board_order
from emseg_bench.benchmark.trials.boards import load_boards
from emseg_bench.benchmark.trials.records import load_record
from emseg_bench.cli.reporting import build_report

from .conftest import contents, fingerprints, tuned, write_studies

ALL, LEAST = Choice(labels=True, weights=True), Choice(labels=False, weights=False)


def there_and_back(store, tmp_path, choice):
    out = tmp_path / "study.zip"
    bundle(store, out, choice, load_plugins().catalogue, lambda: None)
    unbundle(out, tmp_path / "back", lambda _done, _of: None)
    return Store(tmp_path / "back")


def test_all_that_goes_in_comes_out(made_up, tmp_path):
    store = made_up("a")
    back = there_and_back(store, tmp_path, ALL)
    assert contents(back.root / "trials") == contents(store.root / "trials")
    assert {path.name for path in back.root.iterdir()} == {
        "README.txt",
        "experiment-1.yaml",  # two boards: the seeds of the sample have recipes of their own
        "experiment-2.yaml",
        "trials",
    }
    logs = {load_record(folder).status for folder in back.trials() if folder.log.exists()}
    assert logs == {"failed"}  # its end is in the report; others name people's folders and nobody needs them


def test_studies_of_tuned_models_go_along(made_up, tmp_path):
    store = made_up("a", tuned)
    write_studies(store)
    back = there_and_back(store, tmp_path, LEAST)
    assert contents(back.root / "studies") == {"s/study.json": b"{}", "s/trials.json": b"{}"}


def test_what_is_left_behind_is_told_and_no_damage(made_up, tmp_path):
    store = made_up("a")
    back = there_and_back(store, tmp_path, LEAST)
    folder = next(back.trials())
    assert json.loads(folder.left_behind.read_text()) == ["predictions/a.png", "weights.safetensors"]
    boards = load_boards(back)
    assert boards.left_out == ()
    assert [board.remarks for board in boards.boards] == [(), ()]
    with zipfile.ZipFile(tmp_path / "study.zip") as archive:
        listed = json.loads(archive.read("bundle.json"))
    assert listed["left_behind"] == ["label maps", "weights"]


def test_a_bundle_of_a_bundle_leaves_the_same_behind(made_up, tmp_path):
    back = there_and_back(made_up("a"), tmp_path, LEAST)
    (tmp_path / "study.zip").unlink()
    (tmp_path / "second").mkdir()
    again = there_and_back(back, tmp_path / "second", ALL)
    assert contents(again.root / "trials") == contents(back.root / "trials")


@pytest.mark.parametrize("choice", [ALL, LEAST])
def test_the_report_of_a_bundle_is_that_of_the_folder(made_up, tmp_path, choice):
    store = made_up("original")
    store.boards.write_text("".join(f"{digit * 64}\n" for digit in "ab"))
    back = there_and_back(store, tmp_path, choice)
    assert report(back) == report(store)
    assert board_order(back) == ["a" * 64, "b" * 64]


def report(store: Store) -> dict[str, str]:
    plugins = load_plugins()
    build_report(load_boards(store), store, plugins)
    when = re.compile(r"20\d\d-\d\d-\d\d[T ][\d:]+(\+00:00|Z| UTC)?")
    return {
        name: when.sub("WHEN", content.decode("utf-8", "replace")).replace(str(store.root), "ROOT")
        for name, content in contents(store.report).items()
    }


def test_the_same_results_make_the_same_bundle(made_up, tmp_path, monkeypatch):
    monkeypatch.setattr(bundling, "now", lambda: "2026-01-01T00:00:00+00:00")
    store, catalogue = made_up("a"), load_plugins().catalogue
    for place in ("x", "y"):
        bundle(store, tmp_path / place / "s.zip", LEAST, catalogue, lambda: None)
    assert (tmp_path / "x/s.zip").read_bytes() == (tmp_path / "y/s.zip").read_bytes()


def test_a_damaged_trial_is_left_out_and_named(made_up, tmp_path):
    store = made_up("a")
    name = min(fingerprints(store))
    store.trial(name).weights.write_bytes(b"others")
    written = bundle(store, tmp_path / "s.zip", LEAST, load_plugins().catalogue, lambda: None)
    assert (written.trials, [item.trial for item in written.left_out]) == (4, [name])


def test_nothing_is_replaced_and_nothing_half_is_left(made_up, tmp_path, monkeypatch):
    store, catalogue = made_up("a"), load_plugins().catalogue
    (tmp_path / "s.zip").write_text("mine")
    with pytest.raises(StoreError, match="is there already"):
        bundle(store, tmp_path / "s.zip", LEAST, catalogue, lambda: None)
    with pytest.raises(StoreError, match="nothing to bundle"):
        bundle(Store(tmp_path / "none"), tmp_path / "t.zip", LEAST, catalogue, lambda: None)

    def full(*_told):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundling.shutil, "copyfileobj", full)
    with pytest.raises(StoreError, match="make room"):
        bundle(store, tmp_path / "out/t.zip", LEAST, catalogue, lambda: None)
    assert [*(tmp_path / "out").iterdir()] == []


def test_the_commands_and_the_way_to_run_it_again(ran, invoke, tmp_path):
    place = ran.path.parents[1]
    done = invoke("bundle", place, "--labels", "--out", "study.zip")
    assert done.code == 0, done.err
    assert done.out.startswith("study.zip: 1 trial, without weights, ")
    verified = invoke("verify", "study.zip", "--json")
    assert (verified.code, json.loads(verified.out)["trials"][0]["scores"]) == (0, "equal")
    done = invoke("unbundle", "study.zip", "--out", "back")
    assert done.code == 0, done.err
    assert done.out.startswith("back: 1 trial, without weights, written by emseg-bench ")
    experiment = build_experiment(Path("back/experiment.yaml"), {})
    plan = make_plan(experiment, load_plugins().catalogue, device="cpu", cache=tmp_path / "cache")
    assert {*plan.trials} == {ran.path.name}
    merged = invoke("merge", "study.zip", "--out", "both", "--json")
    assert (merged.code, json.loads(merged.out)["taken"]) == (0, 1)
    assert invoke("bundle", place, "--out", "study.tar").code == 2
    assert invoke("bundle", place, "--out", "study.zip").code == 2
    assert invoke("unbundle", "study.zip", "--out", "back").code == 2


def test_scores_for_other_programs(made_up, invoke):
    store = made_up("a")
    done = invoke("report", store.root, "--cases-csv", "scores.csv", "--challenge-csv", "challenge.csv")
    assert done.code == 0, done.err
    assert (
        Path("scores.csv").read_text().startswith("board,dataset,case,group,class,model,seed,metric,value\n")
    )
    assert Path("challenge.csv").read_text().startswith("task,algorithm,case,value\n")
    for wrong in ("scores.txt", store.root / "trials" / "scores.csv"):
        assert invoke("report", store.root, "--cases-csv", wrong).code == 2
