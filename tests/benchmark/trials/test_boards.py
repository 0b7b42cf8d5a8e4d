"""Boards: what stands in one table, what a newer trial replaces, and what damage is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from shutil import copytree

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.records import TrialSpec
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.trials.board_order import ask_for
from emseg_bench.benchmark.trials.boards import load_boards
from emseg_bench.benchmark.trials.records import failed_record, load_record, write_record
from emseg_bench.benchmark.trials.trial import run_trial
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.naming import names_of, row_of
from emseg_bench.reports.origins import libraries


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


@pytest.fixture
def add(make_job, runtime, store, tmp_path):
    """Put copies of one real trial into the store, each with something changed in its specification."""
    job = make_job(folder="original")
    original = run_trial(job, runtime, lambda event: None)

    def put(
        fingerprint: str, finished: str = "2026-01-01T00:00:00+00:00", record=(), **changes
    ) -> TrialFolder:
        folder = store.trial(fingerprint)
        copytree(job.folder, folder.path)
        spec = replace(original.spec, **changes)
        changed = replace(original, fingerprint=fingerprint, finished=finished, spec=spec, **dict(record))
        write_record(folder, changed)
        return folder

    put.spec = original.spec
    put.job = job
    return put


def test_seeds_share_a_board_and_recipes_do_not(add, store):
    add("a" * 64, seed=0)
    add("b" * 64, seed=1)
    add("c" * 64, finished="2026-01-02T00:00:00+00:00", recipe=replace(add.spec.recipe, iterations=99))
    longer, board = load_boards(store).boards
    assert [trial.record.spec.seed for trial in board.trials] == [0, 1]
    assert (
        longer.title
        == "toy-data · quick, iterations=99, batch_size=2, crop=32, validations=2 · fp32 · emseg-v1"
    )
    assert board.primary.name == "iou"
    assert len({longer.slug, board.slug}) == 2
    assert set(board.trials[0].cases["metric"]) >= {"iou", "tp"}
    assert not board.trials[0].curve.empty


def test_other_data_of_the_same_name_stands_apart(add, store):
    add("a" * 64)
    add("b" * 64, dataset=replace(add.spec.dataset, manifest_sha256="feed" * 16))
    titles = [board.title for board in load_boards(store).boards]
    assert len(set(titles)) == 2
    assert all("(data " in title for title in titles)


def test_boards_stand_as_the_last_run_asked_for_them(add, store):
    def on(name: str, day: int) -> TrialSpec:
        data = replace(add.spec.dataset, label=name, manifest_sha256=sha256(name.encode()).hexdigest())
        add(sha256(name.encode()).hexdigest(), f"2026-01-0{day}T00:00:00+00:00", dataset=data)
        return replace(add.spec, dataset=data)

    def order() -> list[str]:
        return [board.title.partition(" ")[0] for board in load_boards(store).boards]

    ants, bees, cats = (on(name, day) for day, name in enumerate(("ants", "bees", "cats"), start=1))
    assert order() == ["cats", "bees", "ants"], "nobody asked: the newest first"
    ask_for(store, [bees, replace(bees, seed=5), ants])
    assert order() == ["bees", "ants", "cats"]
    ask_for(store, [cats])
    assert order() == ["cats", "bees", "ants"]
    store.boards.write_bytes(b"\xff no note\n" + b"7" * 65)
    assert order() == ["cats", "bees", "ants"], "what is no note says nothing"


def test_a_newer_trial_replaces_an_older_one(add, store):
    add("a" * 64, finished="2026-01-01T00:00:00+00:00", engine_sha256="old")
    add("b" * 64, finished="2026-01-02T00:00:00+00:00", engine_sha256="new")
    (board,) = load_boards(store).boards
    assert [trial.record.fingerprint[0] for trial in board.trials] == ["b"]
    assert board.superseded == 1


def fail(add, store, finished: str) -> None:
    job = replace(add.job, fingerprint="f" * 64)
    write_record(store.trial("f" * 64), replace(failed_record(job, "", "broke"), finished=finished))


def test_a_newer_failure_stands_beside_the_result_that_it_could_not_replace(add, store):
    add("a" * 64, finished="2026-01-01T00:00:00+00:00")
    add("b" * 64, finished="2026-01-02T00:00:00+00:00", engine_sha256="new")
    fail(add, store, "2027-01-01T00:00:00+00:00")
    (board,) = load_boards(store).boards
    assert sorted(trial.record.fingerprint[0] for trial in board.trials) == ["b", "f"]
    assert board.superseded == 1


def test_a_result_replaces_an_older_failure(add, store):
    add("a" * 64, finished="2027-01-01T00:00:00+00:00")
    fail(add, store, "2026-01-01T00:00:00+00:00")
    (board,) = load_boards(store).boards
    assert [trial.record.fingerprint[0] for trial in board.trials] == ["a"]
    assert board.superseded == 1


def test_failed_trials_have_empty_tables(add, store):
    fail(add, store, "2026-01-01T00:00:00+00:00")
    (board,) = load_boards(store).boards
    (trial,) = board.trials
    assert trial.cases.empty
    assert trial.curve.empty
    assert load_record(store.trial("f" * 64)).reason == "broke"


def test_a_damaged_trial_costs_itself_only(add, store):
    add("a" * 64)
    folder = add("b" * 64, seed=1)
    folder.cases.write_bytes(b"not a table")
    stored = load_boards(store)
    assert [trial.record.spec.seed for board in stored.boards for trial in board.trials] == [0]
    (left_out,) = stored.left_out
    assert left_out.trial == "b" * 64
    assert "cases.parquet (changed) is not what the trial wrote" in left_out.reason


def edit(folder):
    """Set every IoU to 0.99, as somebody might."""
    table = pd.read_parquet(folder.cases)
    table.loc[table["metric"] == "iou", "value"] = 0.99
    table.to_parquet(folder.cases, index=False)


def test_edited_scores_are_not_believed(add, store):
    add("a" * 64)
    edit(add("b" * 64, seed=1))
    stored = load_boards(store)
    assert [trial.record.spec.seed for trial in stored.boards[0].trials] == [0]
    assert (
        "so its scores are not believed. Remove the trial's folder and run again" in stored.left_out[0].reason
    )


def test_other_files_that_changed_are_named(add, store):
    folder = add("a" * 64)
    folder.environment.write_text("{}")
    folder.weights.unlink()
    folder.log.write_text("a log grows")
    stored = load_boards(store)
    assert stored.left_out == ()
    (remark,) = stored.boards[0].remarks
    assert "environment.json (changed), weights.safetensors (missing)" in remark
    assert remark in leaderboard(stored.boards[0]).remarks


def test_an_edited_record_is_not_believed(add, store):
    folder = add("a" * 64)
    folder.record.write_text(folder.record.read_text().replace('"seed": 0', '"seed": 5'))
    assert "it was changed after the trial wrote it" in load_boards(store).left_out[0].reason


def test_records_of_before_there_were_hashes_are_reported(add, store):
    folder = add("a" * 64)
    content = json.loads(folder.record.read_text())
    for key in ("files", "checksum", "libraries"):
        del content[key]
    folder.record.write_text(json.dumps(content))
    edit(folder)
    stored = load_boards(store)
    assert stored.left_out == ()
    assert leaderboard(stored.boards[0]).rows[0].score.mean.mean == pytest.approx(0.99)
    (trial,) = stored.boards[0].trials
    assert libraries(trial)["torch"] == version("torch")  # from its environment


def test_other_code_is_told(add, store):
    versions = {"torch": "2.6.0", "numpy": "2.0"}
    add("a" * 64, record={"libraries": versions}, engine_sha256="1" * 64)
    add("b" * 64, record={"libraries": {**versions, "torch": "2.7.1"}}, engine_sha256="1" * 64, seed=1)
    (board,) = load_boards(store).boards
    told = " ".join(leaderboard(board).remarks)
    name = board.trials[0].record.spec.model.label
    assert (
        f"different versions of torch: 2.6.0 ({name}) and 2.7.1 ({name}); seeds of one row differ in" in told
    )
    assert "numpy" not in told


def test_seeds_that_other_code_made_are_another_row(add, store):
    add("a" * 64, engine_sha256="1" * 64)
    add("b" * 64, engine_sha256="2" * 64, seed=1)
    (board,) = load_boards(store).boards
    table = leaderboard(board)
    assert [row.score.mean.seeds for row in table.rows] == [1, 1]
    states = {trial.record.spec.engine_sha256[:6]: names_of(board)[row_of(trial)] for trial in board.trials}
    first, second = states["111111"], states["222222"]
    assert re.fullmatch(r"toy@scratch \(run by code [0-9a-f]{6}\)", first)
    assert first != second
    told = " ".join(table.remarks)
    assert "2 states of emseg-bench's training and evaluation code" in told
    assert all(f"{state} ({name})" in told for state, name in states.items())


def of_model(add, **changes):
    return replace(add.spec.model, **changes)


def test_other_weights_of_one_label_replace_nothing(add, store):
    label = "toy@file:weights.safetensors"
    add(
        "a" * 64,
        model=of_model(add, label=label, weights_path="/A/weights.safetensors", weights_sha256="1" * 64),
    )
    add(
        "b" * 64,
        model=of_model(add, label=label, weights_path="/B/weights.safetensors", weights_sha256="2" * 64),
    )
    (board,) = load_boards(store).boards
    assert len(board.trials) == 2
    assert board.superseded == 0


def test_an_option_written_out_is_the_same_model(add, store):
    add("a" * 64, finished="2026-01-01T00:00:00+00:00")
    add("b" * 64, finished="2026-01-02T00:00:00+00:00", model=of_model(add, label="toy[width=8]@scratch"))
    (board,) = load_boards(store).boards
    assert [trial.record.fingerprint[0] for trial in board.trials] == ["b"]
    assert board.superseded == 1


def test_the_name_of_a_preset_makes_no_board(add, store):
    add("a" * 64, seed=0)
    add("b" * 64, seed=1, recipe=replace(add.spec.recipe, name="mine"))
    (board,) = load_boards(store).boards
    assert len(board.trials) == 2


def test_another_metric_of_one_name_makes_a_board(add, store):
    first, *others = add.spec.metrics
    add("a" * 64, seed=0)
    add("b" * 64, seed=1, metrics=(replace(first, options={"tolerance": 2}), *others))
    foreign = replace(first.provider, distribution="emseg-other")
    add("c" * 64, seed=2, metrics=(replace(first, provider=foreign), *others))
    assert len(load_boards(store).boards) == 3
