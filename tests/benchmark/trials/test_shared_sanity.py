"""Sanity scores are worked out once for all trials of a board, and are those that each would work out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from emseg_bench.benchmark.evaluation.sanity import sanity_scores
from emseg_bench.benchmark.experiments.making_metrics import make_metrics
from emseg_bench.benchmark.experiments.metric_planning import plan_metric
from emseg_bench.benchmark.experiments.opening import reopen_dataset
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.trials.shared_sanity import shared_sanity
from emseg_bench.benchmark.trials.trial import run_trial


@pytest.fixture
def share(make_job, tmp_path):
    """Ask for the sanity scores of toy trials; gives the table and how many label maps were read."""
    catalogue, cache = load_plugins().catalogue, tmp_path / "cache"

    def ask(*names: str, seed: int = 0) -> tuple[pd.DataFrame, int]:
        metrics = tuple(plan_metric(name, catalogue) for name in names)
        spec = replace(make_job(seed=seed).spec, metrics=metrics)
        dataset, read = reopen_dataset(spec.dataset, catalogue, cache), []

        class Counting:
            manifest = dataset.manifest

            def read(self, case):
                read.append(case)
                return dataset.read(case)

        return shared_sanity(spec, Counting(), make_metrics(metrics, catalogue), cache), len(read)

    return ask


def test_trials_of_one_board_share_them(share):
    first, read = share("iou", "dice")
    assert read
    again, read = share("iou", "dice", seed=1)
    assert not read
    pd.testing.assert_frame_equal(first, again)


def test_other_metrics_are_worked_out_anew(share):
    share("iou")
    table, read = share("iou", "recall")
    assert read
    assert "recall" in set(table["metric"])


def test_a_damaged_table_is_worked_out_anew(share, tmp_path):
    first, _ = share("iou")
    (path,) = (tmp_path / "cache/sanity").glob("*.parquet")
    path.write_bytes(path.read_bytes()[:100])
    again, read = share("iou")
    assert read
    pd.testing.assert_frame_equal(first, again)


def test_a_trial_keeps_what_it_would_have_worked_out_itself(make_job, runtime):
    job = make_job()
    run_trial(job, runtime, lambda event: None)
    catalogue = load_plugins().catalogue
    dataset = reopen_dataset(job.spec.dataset, catalogue, Path(runtime.cache))
    own = sanity_scores(dataset, dataset.manifest.split("test"), make_metrics(job.spec.metrics, catalogue))
    pd.testing.assert_frame_equal(pd.read_parquet(TrialFolder(job.folder).sanity), own)
