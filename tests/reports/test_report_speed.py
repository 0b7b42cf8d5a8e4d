"""A report over ten thousand trials."""

from __future__ import annotations

import time

import numpy as np
import pytest
from emseg_bench.reports.build import build
from emseg_bench.reports.plugin import emseg_report_sections

BOARDS, MODELS, SEEDS, CASES = 4, 50, 50, 8
TARGET_SECONDS = 10


@pytest.mark.slow
def test_ten_thousand_trials_in_ten_seconds(make, tmp_path) -> None:
    """Processor time, since other work on the machine is not the report's."""
    boards = [make.board(many(make, i), title=f"data {i}", slug=f"data-{i}") for i in range(BOARDS)]
    assert sum(len(board.trials) for board in boards) == 10_000
    start = time.process_time()
    report = build(boards, emseg_report_sections(), tmp_path / "r", generated="today", version="0.1.0")
    seconds = time.process_time() - start
    assert report.problems == ()
    assert seconds < TARGET_SECONDS


def many(make, board: int) -> list:
    """Trials that share all but seed, label and values: made fast, shaped as real ones are."""
    rng = np.random.default_rng(board)
    first = make.trial(dataset=f"data{board}", iou={i: [0.5] * CASES for i in (0, 1)})
    trials = []
    for model in range(MODELS):
        label = make.replace(first.record.spec.model, label=f"model{model}@scratch")
        for seed in range(SEEDS):
            spec = make.replace(first.record.spec, model=label, seed=seed)
            record = make.replace(first.record, spec=spec, fingerprint=f"{board:8d}{model:28d}{seed:28d}")
            cases = first.cases.assign(value=rng.random(len(first.cases)))
            trials.append(make.replace(first, record=record, cases=cases, curve=first.curve.copy()))
    return trials
