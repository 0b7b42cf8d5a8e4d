"""Threads change scores, so their number is a part of what a trial is, and no machine's."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.trials.staleness import _compared
from emseg_bench.benchmark.trials.trial import _threads
from emseg_bench.testing.sample_trials import complete_record, spec

SPEC = spec("contract-a@scratch", 0)


def test_a_trial_takes_as_many_as_were_planned_and_gives_the_process_its_own_back():
    before = torch.get_num_threads()
    for number in (1, 3, 64):  # more than there are cores, too
        with _threads(number):
            assert torch.get_num_threads() == number
    assert torch.get_num_threads() == before


def test_their_number_is_in_the_fingerprint_and_older_trials_keep_theirs():
    names = {fingerprint(replace(SPEC, threads=number)) for number in (None, 1, 2, 3)}
    assert len(names) == 4
    assert fingerprint(SPEC) == fingerprint(replace(SPEC, threads=None))


def test_they_are_the_same_on_every_machine_unless_somebody_says_otherwise(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 96)
    assert build_experiment(None, {"models": ["unet"]}).threads == 2
    assert build_experiment(None, {"models": ["unet"], "threads": 5}).threads == 5


@pytest.mark.parametrize("number", [0, -1, 1025, 1.5, "many"])
def test_numbers_that_are_none_are_refused(number):
    with pytest.raises(UsageError, match=r"experiment\.threads: got"):
        build_experiment(None, {"models": ["unet"], "threads": number})


@pytest.mark.parametrize(
    ("old", "told"), [(3, ("the number of threads (3, now 2)",)), (2, ()), (None, ())], ids=str
)
def test_another_number_is_no_change_of_code_alone(old, told):
    record = complete_record(replace(SPEC, threads=old))
    assert _compared(record, replace(SPEC, threads=2)).content == told
