"""One table of columns: what page, CSV and terminal show of a row."""

from __future__ import annotations

from dataclasses import fields

import pytest
from emseg_bench.benchmark.experiments.planning import Plan
from emseg_bench.cli.summary import print_leaderboards
from emseg_bench.reports.columns import (
    CLASSES,
    COSTS,
    NARROW,
    PARTLY,
    SCORES,
    WIDE,
    cost_columns,
    csv_columns,
    score_columns,
    terminal_columns,
)
from emseg_bench.reports.cost import Conditions, Cost
from emseg_bench.reports.leaderboard import leaderboard

THREE = ("background", "mito", "er")


@pytest.fixture
def table(make):
    """Two classes, several seeds, costs under two conditions: all columns are there."""
    energy = make.replace(make.profile, trial_joules=900.0, inference_joules=0.5)
    scores = [{0: [0.9], 1: [0.6 + i / 10], 2: [0.5]} for i in range(2)]
    trials = [
        make.trial(model="a@x", seed=i, class_names=THREE, iou=iou, profile=energy)
        for i, iou in enumerate(scores)
    ]
    other = make.replace(make.profile, device="Other CPU", trainable_parameters=400)
    trials.append(make.trial(model="b@x", class_names=THREE, iou={1: [0.3], 2: [0.2]}, profile=other))
    return leaderboard(make.board(trials))


def test_every_column_that_an_output_names_is_there(table) -> None:
    classes = ["class_1_score_mean", "class_2_score_mean"]
    wanted = {
        SCORES: score_columns(table),
        COSTS: cost_columns(table),
        (*WIDE, *PARTLY): terminal_columns(table, wide=True),
        NARROW: terminal_columns(table, wide=False),
    }
    for keys, columns in wanted.items():
        expected = [one for key in keys for one in (classes if key == CLASSES else [key])]
        assert [column.key for column in columns] == expected


def test_csv_holds_all_costs_and_conditions_under_names_of_their_own(table) -> None:
    keys = [column.key for column in csv_columns(table)]
    assert len(set(keys)) == len(keys)
    costs = {"cost_seeds" if field.name == "seeds" else field.name for field in fields(Cost)} - {"condition"}
    assert costs | {field.name for field in fields(Conditions)} <= set(keys)


def test_what_is_shown_is_what_machines_read(table) -> None:
    row = table.rows[0]
    shown = {column.key: column for column in (*score_columns(table), *cost_columns(table))}
    for key, text in {"score_mean": "0.575 ± 0.035", "parameters_m": "14.3", "rank": "1\N{EN DASH}2"}.items():
        assert shown[key].cell(row).text == text
        assert shown[key].cell(row).order == shown[key].value(row)


def test_a_class_may_be_called_as_a_column_is(make, monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    names = ("background", "model", "er")
    board = make.board([make.trial(model="unet@scratch", class_names=names, iou={1: [0.25], 2: [0.75]})])
    print_leaderboards([board], Plan({one.record.fingerprint: one.record.spec for one in board.trials}, ()))
    out = capsys.readouterr().out
    assert "unet@scratch" in out
    assert "(class 1)" in out
    assert "0.250" in out
    assert "0.750" in out
