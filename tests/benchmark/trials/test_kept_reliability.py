"""What a trial keeps of its probabilities: the counts behind its own calibration error, read with care."""

from __future__ import annotations

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.contracts.reporting import Trial
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.trials.kept_reliability import read_reliability
from emseg_bench.benchmark.trials.result_tables import no_tables
from emseg_bench.benchmark.trials.trial import run_trial


@pytest.fixture
def ran(make_job, runtime) -> Trial:
    job = make_job("toy", "protocol.metrics=iou,ece")
    return Trial(run_trial(job, runtime, lambda event: None), job.folder, *no_tables())


def test_each_case_s_counts_give_its_calibration_error(ran):
    cases, bins = pd.read_parquet(TrialFolder(ran.folder).cases), read_reliability(ran)
    expected = cases[(cases["metric"] == "ece") & (cases["class_index"] > 0)]
    keys = ["case", "class_index"]
    gaps = (bins["true_pixels"] - bins["probability_sum"]).abs()
    sums = bins.assign(gap=gaps).groupby(keys, sort=False)[["gap", "pixels"]].sum()
    assert len(sums) == len(expected) > 1
    found = (sums["gap"] / sums["pixels"]).to_dict()
    assert found == pytest.approx(expected.set_index(keys)["value"].to_dict(), abs=1e-6)


def test_what_an_older_version_ran_has_none(ran):
    TrialFolder(ran.folder).reliability.unlink()
    assert read_reliability(ran) is None


@pytest.mark.parametrize(
    "change",
    [
        {"bin": 15},
        {"pixels": 0},
        {"true_pixels": 1 << 40},
        {"true_pixels": -1},
        {"class_index": 7},
        {"probability_sum": float("nan")},
        {"probability_sum": -1.0},
        {"case": None},
        {"case": "c", "bin": 0, "class_index": 1},
    ],
    ids=str,
)
def test_what_cannot_have_been_counted_is_refused(ran, change):
    path = TrialFolder(ran.folder).reliability
    pd.read_parquet(path).assign(**change).to_parquet(path, index=False)
    with pytest.raises(StoreError, match=r"cannot have been counted|its column 'case' holds"):
        read_reliability(ran)


def test_a_table_of_something_else_is_refused(ran):
    folder = TrialFolder(ran.folder)
    folder.reliability.write_bytes(folder.curve.read_bytes())
    with pytest.raises(StoreError, match=r"expected one 'case' among them"):
        read_reliability(ran)
