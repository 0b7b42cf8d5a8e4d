"""Scores of cases for others: every score once, and one per model and case by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from emseg_bench.reports.case_export import CHALLENGE, LONG, challenge_table, long_table
from emseg_bench.testing.sample_trials import sample_board


@pytest.fixture
def board(tmp_path):
    return sample_board(tmp_path, "x")


def test_every_score_of_a_complete_trial_stands_once(board):
    table = long_table([board, board])
    assert [*table] == LONG
    complete = [trial for trial in board.trials if trial.record.status == "complete"]
    assert len(table) == 2 * sum(len(trial.cases) for trial in complete)
    one = complete[0]
    rows = table[(table["model"] == one.record.spec.model.label) & (table["seed"] == one.record.spec.seed)]
    np.testing.assert_array_equal(rows["value"][: len(one.cases)], one.cases["value"])


def test_a_challenge_has_the_mean_over_classes_and_then_over_seeds(board):
    first, second, *_ = board.trials

    def scored(trial, values):
        """Two foreground classes in one case, and a background that does not count."""
        cases = pd.DataFrame(
            {
                "case": "a",
                "group": None,
                "depth": 1,
                "height": 8,
                "width": 8,
                "metric": "iou",
                "class_index": [0, 1, 2],
                "class_name": ["background", "x", "y"],
                "value": values,
            }
        )
        return replace(trial, cases=cases)

    trials = (scored(first, [1.0, 0.2, 0.4]), scored(second, [1.0, 0.8, np.nan]))
    table = challenge_table([replace(board, trials=trials)])
    assert [*table] == CHALLENGE
    (row,) = table.to_dict("records")
    assert row["task"] == board.title
    assert row["case"] == "a"
    assert row["value"] == pytest.approx((0.3 + 0.8) / 2)


def test_without_a_complete_trial_there_are_headings_alone(tmp_path):
    board = sample_board(tmp_path, "x", failed_only=True)
    assert ([*long_table([board])], [*challenge_table([board])]) == (LONG, CHALLENGE)
