"""What hooks find of a trial's test scores."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.plugin import scores_of
from emseg_bench.testing.sample_trials import complete_record, spec

NAN = float("nan")


@pytest.fixture
def trial(tmp_path):
    """A complete trial with two cases; class 2 is not in the first."""
    values = {("a", 0): 0.9, ("a", 1): 0.5, ("a", 2): NAN, ("b", 0): 0.9, ("b", 1): 0.7, ("b", 2): 0.2}
    rows = [
        {
            "case": case,
            "group": case,
            "height": 8,
            "width": 8,
            "class_index": index,
            "class_name": str(index),
            "metric": "iou",
            "value": value,
        }
        for (case, index), value in values.items()
    ]
    pd.DataFrame(rows).to_parquet(TrialFolder(tmp_path).cases, index=False)
    return complete_record(spec("contract-a@scratch", 0)), tmp_path


def test_a_score_is_the_mean_over_cases_that_have_the_class_then_over_foreground_classes(trial):
    record, folder = trial
    assert record.spec.protocol.skips_undefined
    assert scores_of(record, folder) == {"iou": pytest.approx((0.6 + 0.2) / 2)}


def test_where_the_protocol_skips_nothing_an_undefined_case_is_told_as_none(trial):
    record, folder = trial
    protocol = replace(record.spec.protocol, skips_undefined=False)
    strict = replace(record, spec=replace(record.spec, protocol=protocol))
    assert scores_of(strict, folder) == {"iou": None}


def test_a_failed_trial_has_none_and_a_damaged_table_is_told(trial):
    record, folder = trial
    TrialFolder(folder).cases.write_bytes(b"PAR1")
    assert scores_of(replace(record, status="failed"), folder) == {}
    with pytest.raises(StoreError, match=r"cases\.parquet"):
        scores_of(record, folder)
