"""Results in Python: frames with the numbers of the report's files, and boards that show themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from emseg_bench import EmsegError, Results, load_results
from emseg_bench.api.frames import CASES, CURVES, OF, TRIALS
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.contracts.reporting import LeftOut
from emseg_bench.reports.build import build
from emseg_bench.testing.sample_trials import sample_board


@pytest.fixture(scope="module")
def boards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    return [sample_board(folder, name) for name in ("cells", "nerves and more")]


@pytest.fixture(scope="module")
def results(boards, tmp_path_factory):
    return Results(tmp_path_factory.mktemp("results"), tuple(boards), ())


@pytest.fixture(scope="module")
def report(boards, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "report"
    build(boards, [], folder, generated="2026-01-01T00:00:00+00:00", version="1")
    return folder


def as_read(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Write and read a frame as a file of the report was."""
    frame.to_csv(path, index=False)
    return pd.read_csv(path)


def test_leaderboard_is_the_csv_of_the_report(results, report, tmp_path):
    found = as_read(results.leaderboard(), tmp_path / "a.csv")
    pd.testing.assert_frame_equal(found, pd.read_csv(report / "leaderboard.csv"), check_exact=True)


def test_comparisons_are_the_csv_of_the_report(results, report, tmp_path):
    found = as_read(results.comparisons(), tmp_path / "a.csv")
    pd.testing.assert_frame_equal(found, pd.read_csv(report / "comparisons.csv"), check_exact=True)


def test_trials_have_the_scores_of_the_json(results, report):
    told = json.loads((report / "leaderboard.json").read_text())
    expected = {
        (board["title"], row["model"], seed["seed"]): seed["score"]
        for board in told["boards"]
        for row in board["rows"]
        for seed in row["seeds"]
    }
    complete = results.trials[results.trials["status"] == "complete"]
    found = complete.set_index(["board", "model", "seed"])["score"].to_dict()
    assert found == pytest.approx(expected)
    failed = results.trials[results.trials["status"] == "failed"]
    assert len(failed) == 2
    assert failed["reason"].notna().all()
    assert failed["score"].isna().all()
    assert [*results.trials.columns] == [*TRIALS]


def test_cases_and_curves_hold_every_value_of_the_trials(results, boards):
    tables = (("cases", CASES, results.cases), ("curve", CURVES, results.curves))
    for name, columns, frame in tables:
        assert [*frame.columns] == [*columns]
        for board in boards:
            for trial in board.complete:
                own = frame[
                    (frame["fingerprint"] == trial.record.fingerprint) & (frame["board"] == board.title)
                ]
                stored = getattr(trial, name)
                assert own["value"].tolist() == pytest.approx(stored["value"].tolist(), nan_ok=True)
                assert own["seed"].unique().tolist() == [trial.record.spec.seed]


def test_every_value_of_cases_has_a_unit(results):
    units = results.cases.groupby("metric", observed=True)["unit"].first()
    assert units["iou"] == "1"
    assert results.cases["unit"].notna().all()


def test_costs_are_those_of_the_profiles(results, boards):
    trial = boards[0].complete[0]
    row = results.costs[results.costs["fingerprint"] == trial.record.fingerprint].iloc[0]
    assert row["latency_p50_ms"] == trial.record.profile.latency_p50_ms
    assert row["parameters"] == trial.record.profile.parameters
    assert {*OF} < {*results.costs.columns}


def test_boards_show_themselves_in_a_terminal_and_a_notebook(results):
    board = results.boards[0]
    text, page = repr(board), board._repr_html_()
    assert text.startswith("cells <&>\n")
    assert board.claims[0] in text
    assert "<table" in page
    assert "mito <&> co" not in page
    assert "cells &lt;&amp;&gt;" in page
    assert page in results._repr_html_()
    assert repr(results).count("cells <&>") >= 1


def test_trials_that_are_damaged_are_told(boards):
    left = (LeftOut(trial="x", reason="a\x1bb <i>"),)
    found = Results(Path("x"), tuple(boards[:1]), left)
    assert "left out: a\\x1bb <i>" in repr(found)
    assert "a\\x1bb &lt;i&gt;" in found._repr_html_()


def test_boards_of_failures_alone_have_frames(tmp_path):
    found = Results(tmp_path, (sample_board(tmp_path, "none", failed_only=True),), ())
    assert found.trials["status"].tolist() == ["failed"]
    assert found.cases.empty
    assert found.curves.empty
    assert found.costs.empty
    assert found.comparisons().empty
    assert "<" in found._repr_html_()
    assert repr(found)


def test_folders_without_trials_are_refused(tmp_path):
    with pytest.raises(StoreError, match="there is no trial with a record"):
        load_results(tmp_path)
    with pytest.raises(EmsegError):
        load_results(tmp_path / "nowhere")
