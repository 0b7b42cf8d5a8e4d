"""Rows are compared on the same cases, classes and seeds: every number here is computed by hand."""

from __future__ import annotations

import csv
import json
import math

import pandas as pd
import pytest
from emseg_bench.benchmark.experiments.planning import Plan
from emseg_bench.cli.summary import print_leaderboards
from emseg_bench.reports.build import build
from emseg_bench.reports.common_ground import common_ground
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.plugin import emseg_report_sections
from emseg_bench.reports.sections.leaderboard import section as leaderboard_section
from emseg_bench.reports.sections.unfounded import section as unfounded_section

NAN = math.nan
FOUR = ("background", "mito", "er", "golgi", "vesicle")
HALF = (5, 5, 0)


def counted(make, model: str, counts, seed: int = 0, **settings):
    """A trial whose IoU is that of its counts."""

    def iou(tp: int, fp: int, fn: int) -> float:
        return tp / (tp + fp + fn) if tp + fp + fn else NAN

    values = {label: [iou(*one) for one in rows] for label, rows in counts.items()}
    return make.trial(model=model, seed=seed, iou=values, counts=counts, **settings)


def means(board) -> dict[str, float | None]:
    return {row.model: row.score.mean.mean for row in leaderboard(board).rows}


@pytest.fixture
def absent(make):
    """a is better in all three classes of the truth, and predicts a fourth in one image."""
    three = {label: [(6, 4, 0)] * 2 for label in (1, 2, 3)}
    other = {label: [(5, 5, 0)] * 2 for label in (1, 2, 3)}
    return make.board(
        [
            counted(make, "a@x", {**three, 4: [(0, 7, 0), (0, 0, 0)]}, class_names=FOUR),
            counted(make, "b@x", {**other, 4: [(0, 0, 0), (0, 0, 0)]}, class_names=FOUR),
        ]
    )


def test_classes_of_a_mean_come_from_the_truth(absent) -> None:
    assert means(absent) == pytest.approx({"a@x": 0.6, "b@x": 0.5})
    table = leaderboard(absent)
    assert [row.model for row in table.rows] == ["a@x", "b@x"]
    assert [row.pooled_iou.mean.mean for row in table.rows] == pytest.approx([0.6, 0.5])
    assert [[one.iou.mean for one in row.aggregates] for row in table.rows] == [
        pytest.approx([0.6, 0.6]),
        pytest.approx([0.5, 0.5]),
    ]
    assert table.ground is not None
    assert table.ground.absent == (4,)


def test_false_positives_of_an_absent_class_stand_apart(absent, tmp_path) -> None:
    a, b = leaderboard(absent).rows
    assert [(item.class_name, item.pixels, item.hits, item.cases) for item in a.unfounded] == [
        ("vesicle", 7, 1, 2)
    ]
    assert [(item.pixels, item.hits, item.cases) for item in b.unfounded] == [(0, 0, 2)]
    told = "The truth of no test image has vesicle, so vesicle is in no mean; predicted all the same by a@x"
    assert f"{told} (7 px in 1 of 2 images)." in leaderboard(absent).remarks
    found = unfounded_section(absent, tmp_path)
    assert found is not None
    assert "| a@x | 7 (in 1 of 2 images without it) |" in found.markdown


def test_every_output_says_the_same(absent, tmp_path) -> None:
    folder = tmp_path / "r"
    built = build([absent], emseg_report_sections(), folder, generated="2026-11-23", version="1")
    assert built.problems == ()
    remark = "The truth of no test image has vesicle, so vesicle is in no mean"
    for name in ("index.html", "leaderboard.md", "leaderboard.json"):
        assert remark in (folder / name).read_text(), name
    board = json.loads((folder / "leaderboard.json").read_text())["boards"][0]
    assert board["ground"]["absent"] == [4]
    assert board["rows"][0]["unfounded"][0]["pixels"] == 7
    lines = list(csv.DictReader((folder / "leaderboard.csv").read_text().splitlines()))
    assert [line["class_4_unfounded_pixels"] for line in lines] == ["7", "0"]
    assert [float(line["score_mean"]) for line in lines] == pytest.approx([0.6, 0.5])
    assert [line["class_4_applicable_cases"] for line in lines] == ["0", "0"]


def test_a_class_counts_in_the_cases_whose_truth_has_it(make) -> None:
    """19 of 24 against 24 of 24: one model predicts the class where there is none."""
    there, silent = [HALF] * 19, [(0, 0, 0)] * 5
    a = counted(make, "a@x", {1: [*there, *[(0, 3, 0)] * 5]})
    b = counted(make, "b@x", {1: [(4, 6, 0)] * 19 + silent})
    table = leaderboard(make.board([a, b]))
    assert [row.score.mean.mean for row in table.rows] == pytest.approx([0.5, 0.4])
    for row in table.rows:
        (mito,) = row.score.foreground
        assert (mito.applicable, mito.cases) == (19, 24)
    assert [row.unfounded[0].pixels for row in table.rows] == [15, 0]


def test_without_counts_only_what_all_have_is_compared(make) -> None:
    a = make.trial(model="a@x", iou={1: [0.5] * 19 + [0.0] * 5})
    b = make.trial(model="b@x", iou={1: [0.4] * 19 + [NAN] * 5})
    assert means(make.board([a, b])) == pytest.approx({"a@x": 0.5, "b@x": 0.4})


def test_cases_are_common_to_all_compared_rows(make) -> None:
    whole = counted(make, "a@x", {1: [(9, 1, 0)] + [HALF] * 3})
    part = counted(make, "b@x", {1: [HALF] * 4})
    part = make.replace(part, cases=part.cases[part.cases["case"] != "case0"])
    table = leaderboard(make.board([whole, part]))
    assert [row.score.mean.mean for row in table.rows] == pytest.approx([0.5, 0.5])
    assert [row.pooled_iou.mean.mean for row in table.rows] == pytest.approx([0.5, 0.5])
    assert (table.ground.common, table.ground.known) == (3, 4)
    (told,) = (remark for remark in table.remarks if "compared on" in remark)
    assert (
        "the 3 of 4 test images that every compared trial has scores of; fewer have b@x, seed 0 (3 of 4)."
        in told
    )


def test_cases_and_seeds_that_are_not_compared_are_told_everywhere(make, tmp_path, capsys) -> None:
    whole = counted(make, "a@x", {1: [(9, 1, 0)] + [HALF] * 3})
    part = counted(make, "b@x", {1: [HALF] * 4})
    part = make.replace(part, cases=part.cases[part.cases["case"] != "case0"])
    few = counted(make, "b@x", {1: [HALF] * 4}, 1)
    few = make.replace(few, cases=few.cases[few.cases["case"] == "case0"])
    board, folder = make.board([whole, part, few]), tmp_path / "r"
    assert build([board], emseg_report_sections(), folder, generated="2026-11-23", version="1").problems == ()
    print_leaderboards(
        [board], Plan({trial.record.fingerprint: trial.record.spec for trial in board.trials}, ())
    )
    texts = [(folder / name).read_text() for name in ("index.html", "leaderboard.md", "leaderboard.json")]
    for text in (*texts, capsys.readouterr().out):
        plain = " ".join(text.split())
        assert "compared on the 3 of 4 test images" in plain
        assert (
            "Not compared, because less than half of the test images have scores: b@x, seed 1 (1 of 4)."
            in plain
        )
        assert "undefined for b@x in 1 of 2 seeds" in plain
    lines = list(csv.DictReader((folder / "leaderboard.csv").read_text().splitlines()))
    assert {(line["cases_compared"], line["cases_known"]) for line in lines} == {("3", "4")}
    assert [(line["seeds_scored"], line["seeds_complete"]) for line in lines] == [("1", "1"), ("1", "2")]


def test_a_trial_of_few_cases_costs_itself_only(make) -> None:
    whole = [counted(make, "a@x", {1: [(9, 1, 0)] + [HALF] * 4}, seed) for seed in (0, 1)]
    part = counted(make, "a@x", {1: [HALF] * 5}, 2)
    part = make.replace(part, cases=part.cases[part.cases["case"] == "case1"])
    table = leaderboard(make.board([*whole, part]))
    (row,) = table.rows
    assert row.score.mean.mean == pytest.approx((0.9 + 4 * 0.5) / 5)
    assert (row.score.mean.seeds, len(row.seeds)) == (2, 3)
    assert any("Not compared" in remark and "a@x, seed 2 (1 of 5)" in remark for remark in table.remarks)


def test_a_metric_that_scores_what_is_nowhere_keeps_its_rule(make) -> None:
    """As the published iou-eps: 1 where neither has the class, 0 where one predicts it."""
    eps = make.metric("iou-eps")
    counts = [{1: [HALF, (0, 0, 0)]}, {1: [HALF, (0, 3, 0)]}]
    values = ({1: [0.5, 1.0]}, {1: [0.5, 0.0]})
    trials = [
        make.trial(model=f"{name}@x", metric=eps, iou=value, counts=count)
        for name, value, count in zip("ab", values, counts, strict=True)
    ]
    assert means(make.board(trials)) == pytest.approx({"a@x": 0.75, "b@x": 0.25})


def test_what_no_model_leaves_alone_is_known_from_blind_predictions(make) -> None:
    """Every model predicts the absent class; the truth itself shows what the metric does with silence."""
    trials = [counted(make, f"{name}@x", {1: [HALF], 2: [(0, 4, 0)]}, class_names=FOUR[:3]) for name in "ab"]
    blind = counted(make, "t@x", {1: [(5, 0, 0)], 2: [(0, 0, 0)]}, class_names=FOUR[:3]).cases
    silent = blind.assign(predictor="the truth itself")
    assert common_ground(trials, silent).own_rule == ()
    scored = silent.assign(value=silent["value"].where(silent["value"].notna(), 1.0))
    assert common_ground(trials, scored).own_rule == ("dice", "iou")


def test_a_model_that_never_predicts_a_class_has_no_mean_precision_over_the_others(make) -> None:
    """Else it would be averaged over one class, and others over two."""
    precision = make.metric("precision")
    counts = {1: [HALF] * 2, 2: [HALF] * 2}
    a = make.trial(
        model="a@x", metric=precision, iou={1: [0.5] * 2, 2: [0.3] * 2}, counts=counts, class_names=FOUR[:3]
    )
    never = {1: [HALF] * 2, 2: [(0, 0, 5)] * 2}
    b = make.trial(
        model="b@x", metric=precision, iou={1: [0.5] * 2, 2: [NAN] * 2}, counts=never, class_names=FOUR[:3]
    )
    table = leaderboard(make.board([a, b]))
    assert {row.model: row.score.mean.mean for row in table.rows} == {"a@x": pytest.approx(0.4), "b@x": None}
    assert table.rows[1].score.foreground[0].score.mean == 0.5
    assert any("undefined for b@x in 1 of 1 seed" in remark for remark in table.remarks)


def test_undefined_seeds_are_counted_in_sight(make, tmp_path) -> None:
    values = [[0.5, 0.5], [0.5, NAN], [0.6, 0.6], [NAN, NAN], [0.6, NAN]]
    trials = [
        make.trial(model="a@x", seed=seed, iou={1: value}, skips_undefined=False)
        for seed, value in enumerate(values)
    ]
    board = make.board(trials)
    (row,) = leaderboard(board).rows
    assert (row.score.mean.mean, row.score.mean.seeds) == (pytest.approx(0.55), 2)
    told = (
        "By the rule of emseg-v1, mean IoU is undefined for a@x in 3 of 5 seeds: these seeds are in no mean"
    )
    assert any(remark.startswith(told) for remark in leaderboard(board).remarks)
    text = leaderboard_section(board, tmp_path).markdown
    assert "| 5 (3 undefined) |" in text
    assert told in text


def test_blind_predictions_are_cut_to_the_same_cells(make) -> None:
    trial = counted(make, "a@x", {0: [HALF] * 2, 1: [HALF, (0, 2, 0)]})
    blind = counted(make, "b@x", {0: [HALF] * 2, 1: [(1, 9, 0), (0, 9, 0)]}).cases.assign(
        predictor="all mito"
    )
    ground = common_ground([trial], blind)
    found = ground.on(blind[blind["metric"] == "iou"])
    assert found[["case", "class_index"]].to_numpy().tolist() == [["case0", 0], ["case1", 0], ["case0", 1]]


def test_contests_are_about_the_means_of_the_rows(make, absent) -> None:
    """Verdicts work with sums of their own."""
    counts = {1: [HALF, (6, 4, 0), (0, 5, 0), (2, 8, 0)], 2: [(0, 0, 0), HALF, (1, 0, 9), (0, 3, 0)]}
    other = {1: [(3, 7, 0), HALF, (0, 0, 0), HALF], 2: [(0, 2, 0), (7, 3, 0), HALF, (0, 0, 0)]}
    trials = [
        counted(make, model, table, seed, class_names=FOUR[:3])
        for model, table in (("a@x", counts), ("b@x", other))
        for seed in (0, 1)
    ]
    for board in (absent, make.board(trials)):
        table = leaderboard(board)
        for verdicts in (table.verdicts, *table.other_verdicts):
            first, second = ({row.model: row for row in table.rows}[name] for name in verdicts.models)
            means = [
                {one.metric: one.mean.mean for one in (row.score, row.pooled_iou, *row.other_metrics)}
                for row in (first, second)
            ]
            value = verdicts.between(0, 1).value
            assert value == pytest.approx(means[0][verdicts.metric] - means[1][verdicts.metric])


def test_a_metric_with_little_in_common_is_told(make) -> None:
    precision = make.metric("precision")
    missed = [(0, 0, 5)] * 3
    a = {1: [HALF, HALF, *missed[:2]]}
    b = {1: [*missed[:2], HALF, HALF]}
    trials = [
        make.trial(model=model, metric=precision, iou={1: values}, counts=counts)
        for model, counts, values in (("a@x", a, [0.5, 0.7, NAN, NAN]), ("b@x", b, [NAN, NAN, 0.4, 0.4]))
    ]
    board = make.board(trials)
    assert means(board) == pytest.approx({"a@x": 0.6, "b@x": 0.4})
    assert any(text.startswith("By precision and Dice rows are not") for text in leaderboard(board).remarks)


def test_nothing_is_nobody_s_ground() -> None:
    ground = common_ground([])
    assert ground.cases.empty
    assert (ground.known, ground.common, ground.uncommon) == (0, 0, ())


def test_a_table_that_names_much_takes_no_more_memory_than_its_rows(make) -> None:
    """Each row with a case, class and metric of its own: as a cube it would not fit."""
    trial = counted(make, "a@x", {1: [HALF]})
    rows = 3000
    odd = pd.concat([trial.cases.iloc[:1]] * rows, ignore_index=True)
    odd = odd.assign(
        case=[f"c{i}" for i in range(rows)], class_index=range(rows), metric=[f"m{i}" for i in range(rows)]
    )
    assert common_ground([make.replace(trial, cases=odd)]).known == rows
