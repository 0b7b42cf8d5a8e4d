"""Boards: what stands in one table, what a newer trial replaces, and what damage is told."""

from __future__ import annotations

from dataclasses import replace
from shutil import copytree

import pytest
from emseg_bench.benchmark.boards import load_boards
from emseg_bench.benchmark.errors import StoreError
from emseg_bench.benchmark.records import failed_record, load_record, write_record
from emseg_bench.benchmark.store import Store, TrialFolder
from emseg_bench.benchmark.trial import run_trial


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


@pytest.fixture
def add(make_job, runtime, store, tmp_path):
    """Put copies of one real trial into the store, each with something changed in its specification."""
    job = make_job(folder="original")
    record = run_trial(job, runtime, lambda event: None)

    def put(fingerprint: str, finished: str = "2026-01-01T00:00:00+00:00", **changes) -> TrialFolder:
        folder = store.trial(fingerprint)
        copytree(job.folder, folder.path)
        spec = replace(record.spec, **changes)
        write_record(folder, replace(record, fingerprint=fingerprint, finished=finished, spec=spec))
        return folder

    put.spec = record.spec
    put.job = job
    return put


def test_seeds_share_a_board_and_recipes_do_not(add, store):
    add("a" * 64, seed=0)
    add("b" * 64, seed=1)
    add("c" * 64, finished="2026-01-02T00:00:00+00:00", recipe=replace(add.spec.recipe, iterations=99))
    longer, board = load_boards(store)
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
    titles = [board.title for board in load_boards(store)]
    assert len(set(titles)) == 2
    assert all("(data " in title for title in titles)


def test_a_newer_trial_replaces_an_older_one(add, store):
    add("a" * 64, finished="2026-01-01T00:00:00+00:00", engine_sha256="old")
    add("b" * 64, finished="2026-01-02T00:00:00+00:00", engine_sha256="new")
    (board,) = load_boards(store)
    assert [trial.record.fingerprint[0] for trial in board.trials] == ["b"]
    assert board.superseded == 1


def fail(add, store, finished: str) -> None:
    job = replace(add.job, fingerprint="f" * 64)
    write_record(store.trial("f" * 64), replace(failed_record(job, "", "broke"), finished=finished))


def test_a_newer_failure_stands_beside_the_result_that_it_could_not_replace(add, store):
    add("a" * 64, finished="2026-01-01T00:00:00+00:00")
    add("b" * 64, finished="2026-01-02T00:00:00+00:00", engine_sha256="new")
    fail(add, store, "2027-01-01T00:00:00+00:00")
    (board,) = load_boards(store)
    assert [trial.record.fingerprint[0] for trial in board.trials] == ["b", "f"]
    assert board.superseded == 1


def test_a_result_replaces_an_older_failure(add, store):
    add("a" * 64, finished="2027-01-01T00:00:00+00:00")
    fail(add, store, "2026-01-01T00:00:00+00:00")
    (board,) = load_boards(store)
    assert [trial.record.fingerprint[0] for trial in board.trials] == ["a"]
    assert board.superseded == 1


def test_failed_trials_have_empty_tables(add, store):
    write_record(store.trial("f" * 64), failed_record(add.job, "2026-01-01T00:00:00+00:00", "broke"))
    (board,) = load_boards(store)
    (trial,) = board.trials
    assert trial.cases.empty
    assert trial.curve.empty
    assert load_record(store.trial("f" * 64)).reason == "broke"


def test_damaged_table_is_told(add, store):
    folder = add("a" * 64)
    folder.cases.write_bytes(b"not a table")
    with pytest.raises(StoreError, match=r"cases.parquet is damaged .*remove the folder"):
        load_boards(store)


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
    (board,) = load_boards(store)
    assert len(board.trials) == 2
    assert board.superseded == 0


def test_an_option_written_out_is_the_same_model(add, store):
    add("a" * 64, finished="2026-01-01T00:00:00+00:00")
    add("b" * 64, finished="2026-01-02T00:00:00+00:00", model=of_model(add, label="toy[width=8]@scratch"))
    (board,) = load_boards(store)
    assert [trial.record.fingerprint[0] for trial in board.trials] == ["b"]
    assert board.superseded == 1


def test_the_name_of_a_preset_makes_no_board(add, store):
    add("a" * 64, seed=0)
    add("b" * 64, seed=1, recipe=replace(add.spec.recipe, name="mine"))
    (board,) = load_boards(store)
    assert len(board.trials) == 2


def test_another_metric_of_one_name_makes_a_board(add, store):
    first, *others = add.spec.metrics
    add("a" * 64, seed=0)
    add("b" * 64, seed=1, metrics=(replace(first, options={"tolerance": 2}), *others))
    foreign = replace(first.provider, distribution="emseg-other")
    add("c" * 64, seed=2, metrics=(replace(first, provider=foreign), *others))
    assert len(load_boards(store)) == 3
