"""Results to share: a trial that ran, and trials that are made up."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.records import Tuned
from emseg_bench.benchmark.contracts.reporting import Trial
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.files.store import Store, TrialFolder, to_json, write_whole
from emseg_bench.benchmark.files.validation import plain
from emseg_bench.benchmark.trials.kept_files import hash_files
from emseg_bench.benchmark.trials.records import load_record, write_record
from emseg_bench.benchmark.trials.trial import run_trial
from emseg_bench.testing.sample_trials import sample_board

Change = Callable[[Trial], Trial]


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Where the trial of `ran` is kept, for it is run for the first test alone."""
    return tmp_path_factory.mktemp("ran") / "trial"


@pytest.fixture
def ran(make_job, runtime, once):
    """A trial of the toy model that ran in the results folder ``results``."""
    job = make_job(store="results")
    if once.exists():
        shutil.copytree(once, job.folder, dirs_exist_ok=True)
    else:
        run_trial(job, runtime, lambda _event: None)
        shutil.copytree(job.folder, once)
    return TrialFolder(job.folder)


@pytest.fixture
def made_up(tmp_path):
    """Write made-up trials into a results folder of a name: four that are complete, one that failed."""

    def make(name: str, change: Change = lambda trial: trial) -> Store:
        store = Store(tmp_path / name)
        for trial in sample_board(tmp_path, "x").trials:
            write(store, change(trial))
        return store

    return make


def tuned(trial: Trial) -> Trial:
    """The trial as one of a model that the study ``s`` has tuned."""
    found = Tuned(study="s", trials=3, setting={"recipe.learning_rate": 0.01}, base="smoke")
    spec = replace(trial.record.spec, model=replace(trial.record.spec.model, tuned=found))
    return replace(trial, record=replace(trial.record, spec=spec, fingerprint=fingerprint(spec)))


def write_studies(store: Store, state: str = "{}") -> None:
    """Write the study ``s``, and one that no trial names."""
    for name in ("s", "other"):
        write_whole(store.study(name).spec, "{}")
        write_whole(store.study(name).state, state)


def write(store: Store, trial: Trial) -> None:
    folder = store.trial(trial.record.fingerprint)
    (folder.path / "predictions").mkdir(parents=True)
    write_whole(folder.spec, to_json(plain(trial.record.spec)))
    if trial.record.status == "complete":
        cases = trial.cases.astype({"case": "str", "class_name": "str", "metric": "str"})
        cases.astype({"group": object}).to_parquet(folder.cases, index=False)
        trial.curve.to_parquet(folder.curve, index=False)
        folder.weights.write_bytes(b"weights")
    (folder.predictions / "a.png").write_bytes(b"labels")
    folder.log.write_text("at /home/somebody")
    rewrite(folder, replace(trial.record, files={}))


def rewrite(folder: TrialFolder, record=None) -> None:
    """Write a record anew with hashes of the files as they are now, as whoever tampers with care would."""
    record = record or load_record(folder)
    folder.record.unlink(missing_ok=True)
    write_record(folder, replace(record, files=hash_files(folder)))


def fingerprints(store: Store) -> set[str]:
    return {folder.path.name for folder in store.trials()}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"lock", "log.txt", "events.jsonl"}
    }
