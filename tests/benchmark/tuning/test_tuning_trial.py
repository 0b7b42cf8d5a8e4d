"""A trial that tunes: it trains and validates, and the test split stays shut."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.data import Dataset
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.trials import parts
from emseg_bench.benchmark.trials.boards import load_boards
from emseg_bench.benchmark.trials.jobs import write_job
from emseg_bench.benchmark.trials.records import load_record
from emseg_bench.benchmark.trials.trial import run_trial
from emseg_bench.benchmark.trials.verdicts import Verdict, give_verdict


@dataclass(frozen=True)
class Shut:
    """A dataset whose test split raises when it is read."""

    opened: Dataset

    @property
    def manifest(self):
        return self.opened.manifest

    def read(self, case):
        if case.split == "test":
            raise DataError(f"{case.id} is of the test split")
        return self.opened.read(case)


@pytest.fixture
def shut(monkeypatch):
    """Every dataset that a trial opens raises when a test case is read."""
    reopen = parts.reopen_dataset
    monkeypatch.setattr(parts, "reopen_dataset", lambda *told: Shut(reopen(*told)))


@pytest.fixture
def make_tuning(make_job, tmp_path):
    def make(*settings):
        spec = replace(make_job("toy", *settings).spec, purpose="tune")
        name = fingerprint(spec)
        return write_job(
            replace(make_job("toy", *settings), fingerprint=name, spec=spec, folder=place(tmp_path, name))
        )

    def place(root, name):
        return Store(root / "results").trial(name).path

    return make


def test_the_test_split_is_not_opened(make_tuning, make_job, runtime, shut, tmp_path):
    with pytest.raises(DataError, match="test split"):
        run_trial(make_job(), runtime, lambda event: None)
    job, heard = make_tuning(), []
    record = run_trial(job, runtime, heard.append)
    folder = TrialFolder(job.folder)
    assert record.status == "complete"
    assert folder.is_complete()
    curve = pd.read_parquet(folder.curve)
    validated = curve[curve["series"] == "val/iou"]
    assert record.selection.score == pytest.approx(validated["value"].max())
    assert record.profile.latency_p50_ms > 0
    assert record.profile.test_seconds == 0
    scores = [(event.done, event.score) for event in heard if event.score is not None]
    assert scores == [tuple(pair) for pair in validated[["iteration", "value"]].to_numpy()][:-1]
    assert not any(
        path.exists() for path in (folder.cases, folder.sanity, folder.predictions, folder.weights)
    )
    stored = load_boards(Store(tmp_path / "results"))
    assert stored.boards == []
    assert stored.left_out == ()


def test_it_is_another_trial_than_the_one_that_compares(make_job, make_tuning):
    assert make_job().fingerprint != make_tuning().fingerprint


def test_a_verdict_ends_it_where_it_says(make_tuning, runtime):
    job = make_tuning("recipe.iterations=6", "recipe.validations=3")
    folder, seen = TrialFolder(job.folder), []

    def judge(event):
        if event.score is not None:
            seen.append(event.done)
            give_verdict(folder, Verdict(iteration=event.done, prune=event.done == 4))

    give_verdict(folder, Verdict())
    record = run_trial(job, runtime, judge)
    assert seen == [2, 4]
    assert record.status == "complete"
    assert record.pruned_at == 4
    assert record.selection.iteration in {2, 4}
    assert load_record(folder) == record
