"""Reliability diagrams: what is summed, and what is said where nothing was kept."""

from __future__ import annotations

import pandas as pd
import pytest
from emseg_bench.reports.figures import MAX_BOARDS
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.reliabilities import reliabilities
from emseg_bench.reports.sections.calibration import section

COLUMNS = ["case", "class_index", "bin", "pixels", "probability_sum", "true_pixels"]


def keep(trial, *rows) -> None:
    """Write rows of case, bin, pixels, sum of probabilities and true pixels, all of class 1."""
    trial.folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame([(case, 1, *rest) for case, *rest in rows], columns=COLUMNS)
    table.to_parquet(trial.folder / "reliability.parquet", index=False)


@pytest.fixture
def board(make):
    """Two seeds of a model that is too sure, one of another that is not; `c` is no case of the board."""
    trials = [*make.seeds("a@x", [0.6, 0.7]), *make.seeds("b@x", [0.5])]
    keep(trials[0], ("case0", 0, 600, 6.0, 0), ("case0", 14, 200, 196.0, 90), ("c", 7, 999, 499.5, 999))
    keep(trials[1], ("case0", 0, 400, 4.0, 0), ("case0", 14, 300, 294.0, 110))
    keep(trials[2], ("case0", 0, 800, 8.0, 8), ("case0", 7, 50, 25.0, 25))
    return make.board(trials)


def test_seeds_and_cases_are_summed_before_anything_is_divided(board, tmp_path) -> None:
    """Of model a, by hand: 1000 px at 0.01 and none true, 500 px at 0.98 and 200 true."""
    known = reliabilities(board, leaderboard(board).scored)
    bins = known.models[0].of(1)
    assert (bins.pixels[0], bins.pixels[14], bins.pixels.sum()) == (1000, 500, 1500)
    assert bins.error == pytest.approx((10 + (490 - 200)) / 1500)
    made = section(board, tmp_path)
    assert "| a@x | 2 | 0.200 (said 33 %, is 13 %) |" in made.markdown
    assert "| b@x | 1 | 0.000 (said 4 %, is 4 %) |" in made.markdown
    assert "said 33 %, is 13 %" in made.html
    assert "0.400" in made.html, "200 of the 500"
    assert "0.980; 500 px" in made.html
    drawing = (tmp_path / "figures/synthetic-em-calibration.svg").read_text()
    assert all(text in drawing for text in ("mito", "a@x", "b@x", "Share that is of the class", "Pixels"))


def test_trials_that_kept_nothing_are_named(board, tmp_path) -> None:
    for trial in board.trials[1:]:
        (trial.folder / "reliability.parquet").unlink()
    made = section(board, tmp_path)
    told = "2 trials of an older version kept nothing of their probabilities: a@x, seed 1 and b@x, seed 0."
    assert told in made.html
    assert "| a@x | 1 |" in made.markdown
    assert "| b@x |" not in made.markdown
    (board.trials[0].folder / "reliability.parquet").unlink()
    made = section(board, tmp_path)
    assert "3 trials of an older version" in made.html
    assert "<img" not in made.html


def test_a_damaged_table_is_named_and_costs_itself_only(board, tmp_path) -> None:
    keep(board.trials[2], ("case0", 0, 1, 0.01, 2))
    made = section(board, tmp_path)
    assert "b@x, seed 0: " in made.html
    assert "cannot have been counted" in made.html
    assert "| a@x | 2 |" in made.markdown


def test_of_volumes_there_is_none_and_that_is_said(make, tmp_path) -> None:
    (trial,) = make.seeds("a@x", [0.6], depth=8, rules={"axes": "stack"})
    keep(trial)
    made = section(make.board([trial]), tmp_path)
    assert (
        made.markdown
        == "- Of volumes trials keep labels alone, no probabilities: no volume is in this section."
    )


def test_of_many_boards_the_first_have_it(board, tmp_path) -> None:
    (tmp_path / "figures").mkdir()
    for number in range(MAX_BOARDS):
        (tmp_path / f"figures/{number}-calibration.svg").touch()
    assert "one of fewer boards has it" in section(board, tmp_path).html


def test_without_scores_there_is_none(make, tmp_path) -> None:
    assert section(make.board([make.failed("a@x")]), tmp_path) is None
