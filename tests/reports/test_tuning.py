"""Boards of the open division: budgets, settings, figures, and what changes against the closed one."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.records import Tuned
from emseg_bench.benchmark.contracts.searching import Choice, FloatRange
from emseg_bench.benchmark.contracts.studies import Goal, Study, Tried
from emseg_bench.benchmark.experiments.experiment import describe
from emseg_bench.benchmark.files.hashing import model_sha256
from emseg_bench.reports.build import build
from emseg_bench.reports.columns import terminal_columns
from emseg_bench.reports.exports import read_json, shown
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.plugin import emseg_report_sections
from emseg_bench.reports.tuning.coordinates import axes_of, lines_of
from emseg_bench.reports.tuning.fronts import fronts
from emseg_bench.reports.tuning.grids import chosen_grid
from emseg_bench.reports.tuning.importance import importance

SPACE = {
    "recipe.learning_rate": FloatRange(low=1e-5, high=1e-1, log=True),
    "model.norm": Choice(choices=("batch", "group")),
}
IOU = Goal(name="iou", higher=True, unit="1")
LATENCY = Goal(name="latency", higher=False, unit="ms")


def study_of(trials: int, *, identity: str = "", goals=(IOU,), name: str = "unet", states=()) -> Study:
    """A study whose learning rate decides and whose norm does not."""
    rng, tried = np.random.default_rng(7), []
    for number in range(trials):
        exponent = float(rng.uniform(-5, -1))
        score = round(0.9 - 0.1 * abs(exponent + 3), 4)
        state = states[number] if number < len(states) else "complete"
        tried.append(
            Tried(
                number=number,
                state=state,
                setting={
                    "recipe.learning_rate": 10**exponent,
                    "model.norm": ("batch", "group")[rng.integers(2)],
                },
                values=(score, 10.0 + number)[: len(goals)] if state == "complete" else (),
                validation=None if state == "failed" else score,
                seconds=90.0,
            )
        )
    complete = [(one.values[0], one.number) for one in tried if one.state == "complete"]
    return Study(
        name=name,
        identity=identity,
        goals=goals,
        space=SPACE,
        sampler="tpe",
        pruner="none",
        seed=0,
        tried=tuple(tried),
        best=(max(complete)[1],),
        seconds=90.0 * trials,
    )


@pytest.fixture(scope="module")
def boards(make_shared):
    """Three models under one recipe, and the same tuned from it: the last becomes the first, for sure."""
    make = make_shared
    closed = [
        trial
        for model, scores in {"a@x": [0.70, 0.71], "b@x": [0.60, 0.61], "c@x": [0.50, 0.51]}.items()
        for trial in make.seeds(model, scores, validation=0.6)
    ]
    base = describe(closed[0].record.spec.recipe)
    identity = {trial.record.spec.model.name: model_sha256(trial.record.spec.model) for trial in closed}
    sizes, opened, studies = {"a": 24, "b": 12, "c": 24}, [], []
    for model, scores in {"a@x": [0.70, 0.71], "b@x": [0.72, 0.73], "c@x": [0.90, 0.91]}.items():
        short = model[0]
        studies.append(
            study_of(sizes[short], identity=identity[short], name=f"{short}-study", states=("failed",))
        )
        tuned = Tuned(
            study=f"{short}-study",
            trials=24,
            setting=studies[-1].tried[studies[-1].best[0]].setting,
            base=base,
        )
        opened += make.seeds(model, scores, tuned=tuned, validation=0.8)
    titles = {"title": f"cells · {base}", "slug": "closed"}
    first = make.board(opened, title="cells · open division · tuned", slug="open")
    return [make.replace(first, studies=tuple(studies)), make.board(closed, **titles)]


@pytest.fixture(scope="module")
def folder(boards, tmp_path_factory):
    place = tmp_path_factory.mktemp("report") / "r"
    built = build(boards, emseg_report_sections(), place, generated="2026-11-23", version="1.2")
    assert built.problems == ()
    return place


def test_every_output_says_which_division_a_board_is_of(boards, folder) -> None:
    found = read_json(folder / "leaderboard.json")
    assert [board.division for board in found.boards] == ["open", "closed"]
    assert found.boards[0].remarks[0].startswith("Open division: every model was tuned from quick")
    lines = pd.read_csv(folder / "leaderboard.csv")
    assert lines["division"].tolist() == ["open"] * 3 + ["closed"] * 3
    assert "open division" in (folder / "leaderboard.md").read_text()
    assert "Open division: every model" in (folder / "index.html").read_text()
    assert "division" not in {column.key for column in terminal_columns(leaderboard(boards[1]), wide=True)}


def test_rows_of_the_open_division_show_budget_hours_and_setting_alike(boards, folder) -> None:
    table = read_json(folder / "leaderboard.json").boards[0]
    lines = pd.read_csv(folder / "leaderboard.csv").iloc[:3]
    page, text = (folder / "index.html").read_text(), (folder / "leaderboard.md").read_text()
    for row, (_, line) in zip(table.rows, lines.iterrows(), strict=True):
        assert row.tuning is not None
        assert (line["model"], line["tuning_budget"]) == (row.model, "24 trials")
        assert line["tuning_trials"] == row.tuning.trials
        assert line["tuning_hours"] == pytest.approx(row.tuning.hours)
        assert line["validation_mean"] == pytest.approx(0.8)
        assert line["tuning_best"] == pytest.approx(row.tuning.best)
        rate = row.tuning.setting["recipe.learning_rate"]
        assert f"recipe.learning_rate={rate}" in line["tuning_setting"]
        told = f"learning_rate={rate:.5f}"[:18]
        assert told in page
        assert told in text.replace("\\", "")
    assert table.rows[0].tuning.hours == pytest.approx(24 * 90 / 3600)
    columns = [column.key for column in terminal_columns(leaderboard(boards[0]), wide=True)]
    assert {"validation_mean", "tuning_budget", "tuning_hours", "tuning_setting"} <= {*columns}


def test_settings_stand_side_by_side(boards) -> None:
    table = leaderboard(boards[0])
    grid = chosen_grid(table)
    assert [column.title for column in grid.columns] == ["Setting", *(row.model for row in table.rows)]
    (norm, rate) = ([cell.text for cell in line] for line in grid.rows)
    assert norm == ["model.norm", *(row.tuning.setting["model.norm"] for row in table.rows)]
    rates = [float(text) for text in rate[1:]]
    assert rates == pytest.approx(
        [row.tuning.setting["recipe.learning_rate"] for row in table.rows], rel=0.005
    )


def test_figures_and_their_tables_come_with_every_trial_as_csv(folder) -> None:
    names = {path.stem for path in (folder / "figures").glob("open-tuning-*.svg")}
    assert names == {"open-tuning-spent", "open-tuning-importance", "open-tuning-settings"}
    table = read_json(folder / "leaderboard.json").boards[0]
    lines = pd.read_csv(folder / "tuning.csv")
    text = (folder / "leaderboard.md").read_text().replace("\\", "")
    assert len(lines) == 24 + 12 + 24
    for one in table.studies:
        own = lines[lines["model"] == one.model]
        assert own["expected_best"].tolist()[1:] == pytest.approx([best.mean for best in one.expected[1:]])
        assert own["best_so_far"].tolist()[-1] == max(own["validation"].dropna())
        last = one.expected[-1]
        assert f"{last.mean:.3f} ({last.low:.3f} to {last.high:.3f})" in text
    shares = pd.read_csv(folder / "importance.csv")
    assert {*shares["model"]} == {"a@x", "c@x"}, "b has too few trials"
    known = {one.model: {item.setting: item.share for item in one.importance} for one in table.studies}
    for _, line in shares.iterrows():
        assert line["share"] == pytest.approx(known[line["model"]][line["setting"]])
        assert f"{line['share']:.3f}" in text
    assert "Nothing is said of what decided for b@x: 11 complete trials, expected at least 20." in text


def test_the_change_of_ranks_is_told_by_the_boards_own_verdicts(folder) -> None:
    (found,) = read_json(folder / "leaderboard.json").divisions
    assert [(one.model, one.closed.place, one.open.place) for one in found.models] == [
        ("c@x", 3, 1),
        ("b@x", 2, 2),
        ("a@x", 1, 3),
    ]
    assert {(one.one, one.other, one.surely) for one in found.turned} == {
        ("b@x", "c@x", "on both boards"),
        ("a@x", "c@x", "on both boards"),
        ("a@x", "b@x", surely(found, "a@x", "b@x")),
    }
    assert "a@x is ahead of c@x in the closed division and behind it in the open one" in found.summary
    lines = pd.read_csv(folder / "divisions.csv")
    assert lines["test_mean"].tolist()[:2] == pytest.approx([0.505, 0.905])
    assert lines["validation_mean"].tolist()[:2] == pytest.approx([0.6, 0.8])
    page, text = (folder / "index.html").read_text(), (folder / "leaderboard.md").read_text()
    assert found.summary in page
    assert found.summary in text.replace("\\", "")
    assert "0.905 ± 0.007" in text


def surely(found, one: str, other: str) -> str:
    return next(turned.surely for turned in found.turned if (turned.one, turned.other) == (one, other))


def test_a_change_that_may_be_chance_is_called_so(make, tmp_path) -> None:
    closed = [*make.seeds("a@x", [0.5, 0.8]), *make.seeds("b@x", [0.4, 0.8])]
    base = describe(closed[0].record.spec.recipe)
    opened, studies = [], []
    for number, scores in enumerate(([0.4, 0.8], [0.5, 0.8])):
        identity = model_sha256(closed[2 * number].record.spec.model)
        studies.append(study_of(3, identity=identity, name=f"s{number}"))
        tuned = Tuned(study=f"s{number}", trials=3, setting={}, base=base)
        opened += make.seeds("ab"[number] + "@x", scores, tuned=tuned)
    first = make.replace(make.board(opened, slug="open"), studies=tuple(studies))
    build([first, make.board(closed, slug="closed")], [], tmp_path / "r", generated="", version="1")
    (found,) = read_json(tmp_path / "r/leaderboard.json").divisions
    assert found.turned[0].surely == "on neither board"
    assert found.summary.endswith("the change may be chance.")


def test_other_data_recipes_or_protocols_are_never_put_side_by_side(make, tmp_path) -> None:
    closed = [*make.seeds("a@x", [0.5]), *make.seeds("b@x", [0.4])]
    studies = [
        study_of(3, identity=model_sha256(one.record.spec.model), name=f"s{i}")
        for i, one in enumerate(closed)
    ]
    opened = [
        trial
        for i, model in enumerate(("a@x", "b@x"))
        for trial in make.seeds(
            model, [0.6], tuned=Tuned(study=f"s{i}", trials=3, setting={}, base="standard")
        )
    ]
    first = make.replace(make.board(opened, slug="open"), studies=tuple(studies))
    build([first, make.board(closed, slug="closed")], [], tmp_path / "r", generated="", version="1")
    assert read_json(tmp_path / "r/leaderboard.json").divisions == ()
    assert not (tmp_path / "r/divisions.csv").exists()


def test_two_objectives_give_a_front(make, tmp_path) -> None:
    study = study_of(8, goals=(IOU, LATENCY))
    points = fronts(study)
    assert len(points) == 8
    for point in points:
        beaten = any(
            other.cost <= point.cost and other.score >= point.score and other.number != point.number
            for other in points
        )
        assert point.on_front == (not beaten)
    tuned = Tuned(study="unet", trials=8, setting={}, base="quick")
    board = make.board(make.seeds("a@x", [0.6], tuned=tuned))
    built = build(
        [make.replace(board, studies=(study,))],
        emseg_report_sections(),
        tmp_path / "r",
        generated="",
        version="1",
    )
    assert built.problems == ()
    assert (tmp_path / "r/figures/synthetic-em-tuning-front.svg").exists()
    assert "latency" in pd.read_csv(tmp_path / "r/tuning.csv").columns


def test_what_decides_is_found_and_what_is_too_few_is_told() -> None:
    shares, why = importance(study_of(60))
    assert why == ""
    assert shares[0].setting == "recipe.learning_rate"
    assert shares[0].share > 0.8
    assert sum(item.share for item in shares) == pytest.approx(1)
    assert importance(study_of(19)) == ((), "19 complete trials, expected at least 20")


def test_coordinates_stand_where_values_were_drawn_from() -> None:
    study = study_of(5)
    (line, *_) = [line for line in lines_of(study) if line.number == study.best[0]]
    assert line.heights[-1] == 1
    rate = study.tried[study.best[0]].setting["recipe.learning_rate"]
    assert 1e-5 * (1e-1 / 1e-5) ** line.heights[0] == pytest.approx(rate)
    assert [text for _, text in axes_of(study, "IoU")[0].ticks] == ["0.0000100", "0.100"]
    assert [text for _, text in axes_of(study, "IoU")[1].ticks] == ["batch", "group"]


def test_a_study_that_is_gone_costs_its_figures_only(boards, make, tmp_path) -> None:
    bare = make.replace(boards[0], studies=())
    build([bare], emseg_report_sections(), tmp_path / "r", generated="", version="1")
    (table,) = read_json(tmp_path / "r/leaderboard.json").boards
    assert table.rows[0].tuning.budget_trials == 24
    assert table.rows[0].tuning.hours is None
    assert "What tuning took is not known of" in table.remarks[0]
    assert not (tmp_path / "r/tuning.csv").exists()


def test_a_report_without_tuning_says_nothing_of_it(make, tmp_path) -> None:
    board = make.board(make.seeds("a@x", [0.6]))
    build([board], emseg_report_sections(), tmp_path / "r", generated="", version="1")
    for name in ("index.html", "leaderboard.md"):
        assert not re.search("tuning|division", (tmp_path / "r" / name).read_text(), re.IGNORECASE)
    assert not {"tuning.csv", "importance.csv", "divisions.csv"} & {
        *json.loads((tmp_path / "r/files.json").read_text())
    }


def test_more_trials_of_a_study_make_the_report_anew(boards, make) -> None:
    more = study_of(25, name="a-study")
    changed = [make.replace(boards[0], studies=(more, *boards[0].studies[1:])), boards[1]]
    assert shown(boards, ()) != shown(changed, ())
