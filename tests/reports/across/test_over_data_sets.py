"""The table over data sets, from trials to page, Markdown, JSON and CSV: all say the same."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.records import Tuned
from emseg_bench.benchmark.contracts.settings import Recipe
from emseg_bench.benchmark.contracts.studies import Goal, Study
from emseg_bench.reports.across.comparable import Ranked, why_none
from emseg_bench.reports.across.schema import Across
from emseg_bench.reports.across.table import tables_across
from emseg_bench.reports.build import build
from emseg_bench.reports.exports import read_json
from emseg_bench.reports.leaderboard import leaderboard

SETS = {"ants": (0.80, 0.60, 0.19), "bees": (0.70, 0.52, 0.11), "cats": (0.90, 0.69, 0.30)}
"""Means of the models a, b and c."""
WOBBLE = (-0.02, 0.0, 0.02)
STANDARD = Recipe(name="standard", iterations=200, batch_size=4, crop=64)


def trials(make, dataset: str, means: dict[str, float], **settings: object) -> list:
    """Give two seeds of each model, with three cases; the second seed is 0.01 better."""
    return [
        make.trial(
            model=f"{model}@x",
            seed=seed,
            dataset=dataset,
            iou={1: [mean - 0.005 + 0.01 * seed + wobble for wobble in WOBBLE]},
            **settings,
        )
        for model, mean in means.items()
        for seed in range(2)
    ]


def board(make, dataset: str, means: dict[str, float], **settings: object):
    title = f"{dataset} · {settings['recipe'].name if 'recipe' in settings else 'quick'}"
    return make.board(trials(make, dataset, means, **settings), title=title, slug=dataset)


def across(boards) -> tuple[Across, ...]:
    return tables_across([Ranked(one, leaderboard(one)) for one in boards])


@pytest.fixture(scope="module")
def boards(make_shared) -> list:
    """Three data sets on equal terms, of which a fourth model is on one; and one by another recipe."""
    models = {name: dict(zip("abc", means, strict=True)) for name, means in SETS.items()}
    models["bees"]["d"] = 0.95
    other = board(make_shared, "dogs", {"a": 0.1, "b": 0.9}, recipe=STANDARD)
    return [other, *(board(make_shared, name, means) for name, means in models.items())]


@pytest.fixture(scope="module")
def table(boards) -> Across:
    (found,) = across(boards)
    return found


@pytest.fixture(scope="module")
def folder(boards, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("report") / "r"
    build(boards, [], place, generated="2026-11-23", version="1.2")
    return place


def test_means_and_places_by_hand(table) -> None:
    assert [one.dataset for one in table.sets] == ["ants", "bees", "cats"]
    assert [row.model for row in table.rows] == ["a@x", "b@x", "c@x"]
    assert [row.mean for row in table.rows] == pytest.approx([0.8, 1.81 / 3, 0.2])
    assert [row.mean_place for row in table.rows] == [1, 2, 3]
    assert [str(row.placed) for row in table.rows] == ["1", "2", "3"]
    assert [on.off_best for on in table.rows[1].sets] == pytest.approx([0.2, 0.18, 0.21])
    assert [on.behind_first.value for on in table.rows[1].sets] == pytest.approx([0.2, 0.18, 0.21])
    assert table.verdicts.between(0, 1).value == pytest.approx(0.59 / 3)
    assert (table.tallies[0].wins, table.tallies[0].ties, table.tallies[0].losses) == (3, 0, 0)


def test_the_answer_says_what_it_is_about(table) -> None:
    assert table.summary.startswith("Over 3 data sets, a@x leads with mean IoU 0.800.")
    about = "better than each of the 2 other models on other data sets like these three; than b@x, the next"
    assert about in table.summary


def test_the_risk_and_what_more_sets_would_buy_are_told(table) -> None:
    assert table.summary.endswith("than a@x, on other data sets like these three, is less than 1 %.")
    assert table.resolution.now.units == 3
    smaller = [one.difference for one in table.resolution.more_units]
    assert smaller == sorted(smaller, reverse=True)
    assert f"a true difference of {table.resolution.now.difference:.3f}" in " ".join(table.remarks)


def test_what_is_left_out_is_said(table) -> None:
    told = " ".join(table.remarks)
    assert "no score on all of the 3 data sets: d@x" in told
    assert "complete with d@x on ants and cats (not run)" in told
    assert [(gap.model, gap.dataset) for gap in table.missing] == [("d@x", "ants"), ("d@x", "cats")]
    (apart,) = table.apart
    assert (apart.board, apart.reason) == (
        "dogs · standard",
        "other terms: recipe.iterations 200 instead of 100",
    )


def test_page_markdown_json_and_csv_say_the_same(table, folder) -> None:
    assert read_json(folder / "leaderboard.json").across == (table,)
    page = (folder / "index.html").read_text()
    text = (folder / "leaderboard.md").read_text()
    assert '<a href="#across-1">' in page
    assert page.index('id="across-1"') < page.index('id="ants"')
    for one in (page, text):
        assert table.summary in one.replace("\\", "").replace("&#39;", "'")
        assert "dogs · standard: other terms" in one
    gap = table.verdicts.between(0, 1)
    shown = f"{gap.value:.3f} ({gap.low:.3f} to {gap.high:.3f})"
    assert f"| 2 | b@x | 0.603 | 2.00 | {shown} | 0.600 ± 0.007 |" in text
    assert "| b@x | 0 / 0 / 3 | – | 3 / 0 / 0 |" in text
    lines = pd.read_csv(folder / "across.csv")
    over_all = lines[lines["dataset"].isna()].set_index("model").loc["b@x"]
    assert (over_all["rank_best"], over_all["rank_worst"], over_all["wins"], over_all["losses"]) == (
        2,
        2,
        3,
        3,
    )
    assert over_all["score_mean"] == pytest.approx(table.rows[1].mean)
    ends = (over_all["behind_first_low"], over_all["behind_first_high"], over_all["p_holm"])
    assert ends == pytest.approx((gap.low, gap.high, gap.p))
    pairs = pd.read_csv(folder / "comparisons.csv")
    pair = pairs[(pairs["board"] == table.title) & (pairs["model"] == "a@x") & (pairs["other"] == "b@x")]
    assert pair[["better_by", "low", "high"]].to_numpy()[0] == pytest.approx((gap.value, gap.low, gap.high))
    on = lines[lines["model"] == "b@x"].dropna(subset="dataset").set_index("dataset").loc["bees"]
    assert (on["score_mean"], on["behind_first"], on["seeds"]) == (
        pytest.approx(0.52),
        pytest.approx(0.18),
        2,
    )


def test_figures_have_their_numbers_as_tables(table, folder) -> None:
    page = (folder / "index.html").read_text()
    figures = re.findall(r'<img src="(figures/across-1-[a-z]+\.svg)"', page)
    assert figures == ["figures/across-1-forest.svg", "figures/across-1-profiles.svg"]
    assert all((folder / figure).is_file() for figure in figures)
    assert page.count("Show the numbers of the figure") == len(figures)


def test_two_data_sets_are_about_these_alone(make) -> None:
    (found,) = across([board(make, name, {"a": 0.8, "b": 0.5}) for name in ("ants", "bees")])
    assert "better than b@x on these two data sets, by 0.300" in found.summary
    assert "2 data sets say nothing about others" in found.remarks[0]
    on_one = leaderboard(board(make, "ants", {"a": 0.8, "b": 0.5})).verdicts.between(0, 1)
    over_both = found.verdicts.between(0, 1)
    assert over_both.error == pytest.approx(on_one.error / 2**0.5)
    assert over_both.freedom == pytest.approx(2 * on_one.freedom)


def test_a_difference_without_an_interval_has_none(make, tmp_path) -> None:
    single = [
        make.board(
            [
                make.trial(model=f"{model}@x", dataset=name, iou={1: [0.5 + i / 10]})
                for i, model in enumerate("ab")
            ],
            title=f"{name} · quick",
            slug=name,
        )
        for name in ("ants", "bees")
    ]
    build(single, [], tmp_path / "r", generated="today", version="1.2")
    text = (tmp_path / "r" / "leaderboard.md").read_text()
    assert "| a@x | 0.500 | 2.00 | 0.100 |" in text
    assert "n/a to n/a" not in text


def test_ends_at_0_are_explained(folder) -> None:
    assert "ends at 0, only Holm's later steps tell them apart" in (folder / "leaderboard.md").read_text()


def test_nothing_in_common_is_said(make) -> None:
    (found,) = across([board(make, "ants", {"a": 0.8, "b": 0.7}), board(make, "bees", {"b": 0.5, "c": 0.6})])
    assert (found.rows, found.verdicts) == ((), None)
    assert found.summary.startswith("No two models have scores on two of these data sets")
    assert "a@x on bees (not run)" in " ".join(found.remarks)


def test_boards_that_do_not_compare_make_no_table(make) -> None:
    one = board(make, "ants", {"a": 0.8, "b": 0.7})
    assert across([one]) == ()
    assert across([one, board(make, "bees", {"a": 0.8, "b": 0.7}, recipe=STANDARD)]) == ()
    dice = make.metric("dice")
    other = trials(make, "bees", {"a": 0.8, "b": 0.7})
    assert across([one, replace(make.board(other), primary=dice)]) == ()


def test_why_nothing_is_averaged_is_said(make, tmp_path) -> None:
    one = board(make, "ants", {"a": 0.8, "b": 0.7})
    other = board(make, "bees", {"a": 0.8, "b": 0.7}, recipe=STANDARD)
    build([one, other], [], tmp_path / "r", generated="today", version="1.2")
    told = (
        "no two of them were scored on equal terms. Beside ants · quick, bees · standard has other terms: "
        "recipe.iterations 200 instead of 100."
    )
    assert told in (tmp_path / "r" / "index.html").read_text()
    assert told in (tmp_path / "r" / "leaderboard.md").read_text()
    assert not (tmp_path / "r" / "across.csv").exists()


def test_the_same_data_in_another_state_is_no_second_set(make) -> None:
    new, old = (board(make, "ants", {"a": 0.8, "b": 0.7}) for _ in range(2))
    old = replace(old, title="ants (data 123456)")
    assert across([new, old]) == ()
    (found,) = across([new, old, board(make, "bees", {"a": 0.8, "b": 0.6})])
    assert len(found.sets) == 2
    assert [(one.board, one.reason[:33]) for one in found.apart] == [
        ("ants (data 123456)", "the same data in an earlier state")
    ]


def test_a_model_whose_trials_failed_is_a_gap(make) -> None:
    failed = make.board([*trials(make, "bees", {"a": 0.8, "b": 0.6}), make.failed("c@x", dataset="bees")])
    (found,) = across([board(make, "ants", {"a": 0.8, "b": 0.7, "c": 0.1}), failed])
    assert [(gap.model, gap.dataset, gap.reason) for gap in found.missing] == [
        ("c@x", "bees", "no trial is complete")
    ]


def test_lower_may_be_better(make) -> None:
    metric = make.metric("distance", "nm", "lower")
    means = [{"a": 20.0, "b": 30.0}, {"a": 25.0, "b": 33.0}, {"a": 21.0, "b": 29.5}]
    boards = [
        board(make, name, by, metric=metric) for name, by in zip(("ants", "bees", "cats"), means, strict=True)
    ]
    boards = [replace(one, primary=metric) for one in boards]
    (found,) = across(boards)
    assert [row.model for row in found.rows] == ["a@x", "b@x"]
    assert found.verdicts.between(0, 1).value == pytest.approx(26.5 / 3)
    assert "a@x leads with mean distance 22.00 nm" in found.summary


def blind_at(one, value: float):
    """Give a board a prediction that looks at no image, and the truth."""
    blind = one.trials[0].cases.assign(predictor="all mito")
    blind.loc[blind["metric"] == "iou", "value"] = value
    truth = blind.assign(predictor="the truth itself", value=1.0)
    return replace(one, sanity=pd.concat([blind, truth], ignore_index=True))


def test_without_skill_there_is_no_leader(make) -> None:
    means = {"ants": (0.3, 0.1), "bees": (0.31, 0.12), "cats": (0.29, 0.1)}
    boards = [board(make, name, {"a": one, "b": other}) for name, (one, other) in means.items()]
    (found,) = across([blind_at(one, 0.3) for one in boards])
    assert found.summary.startswith("No model is surely better on other data sets like these three than")
    assert "nobody leads. Over 3 data sets, a@x has the highest mean IoU, 0.300." in found.summary
    assert found.verdicts.names == ("a@x", "b@x", "best blind prediction")


def test_a_blind_prediction_that_is_not_known_everywhere_competes_nowhere(make) -> None:
    boards = [board(make, name, {"a": 0.8, "b": 0.7}) for name in ("ants", "bees", "cats")]
    (found,) = across([blind_at(boards[0], 0.3), *boards[1:]])
    assert not found.verdicts.blind
    assert "none is known on bees and cats" in " ".join(found.remarks)


def test_hostile_names_run_nothing_and_break_no_table(make, tmp_path) -> None:
    evil = "<script>alert(1)</script>|$x$"
    boards = [board(make, f"{evil}{i}", {"a": 0.8, evil: 0.6 + i / 100}) for i in range(3)]
    boards = [replace(one, slug=f"s{i}") for i, one in enumerate(boards)]
    build(boards, [], tmp_path / "r", generated="today", version="1.2")
    page = (tmp_path / "r" / "index.html").read_text()
    assert "<script>alert" not in page
    assert "<script>alert" not in (tmp_path / "r/figures/across-1-forest.svg").read_text()
    text = (tmp_path / "r" / "leaderboard.md").read_text()
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("| ")]
    assert set(widths) == {9, 5, 4}


def tuned_board(make, dataset: str, means: dict[str, float], trials_each: int = 5, *, studies: bool = True):
    """A board of the open division: each model with a setting of its own, found on this data."""
    found, tried = [], []
    for model, mean in means.items():
        name = f"{model}-{dataset}"
        tuned = Tuned(study=name, trials=trials_each, setting={"recipe.crop": 32 + len(found)}, base="quick")
        found += trials(make, dataset, {model: mean}, tuned=tuned)
        tried.append(study_of(name, identity=f"{model} before it was tuned"))
    title = f"{dataset} · open division · tuned from quick, {trials_each} trials each"
    bare = make.board(found, title=title, slug=f"{dataset}-open")
    return replace(bare, studies=tuple(tried)) if studies else bare


def study_of(name: str, identity: str) -> Study:
    return Study(
        name=name,
        identity=identity,
        goals=(Goal(name="iou", higher=True, unit="1"),),
        space={},
        sampler="random",
        pruner="none",
        seed=0,
        tried=(),
        best=(),
        seconds=0.0,
    )


def test_tuned_models_are_averaged_with_tuned_ones_of_the_same_budget_alone(make) -> None:
    """Their settings are others on each data set; what they were before tuning says which are one model."""
    means = {"ants": {"a": 0.8, "b": 0.6}, "bees": {"a": 0.7, "b": 0.9}}
    opened = [tuned_board(make, name, by) for name, by in means.items()]
    closed = [board(make, name, {"a": 0.5, "b": 0.4}) for name in means]
    dearer = tuned_board(make, "cats", {"a": 0.9, "b": 0.9}, trials_each=9)
    of_open, of_closed = across([*opened, *closed, dearer])
    assert of_open.title == "Over data sets: open division · tuned from quick, 5 trials each"
    assert [(row.model, round(row.mean, 3)) for row in of_open.rows] == [("a@x", 0.75), ("b@x", 0.75)]
    assert of_open.missing == ()
    assert "each model was tuned on every data set by itself" in " ".join(of_open.remarks)
    assert [(row.model, round(row.mean, 3)) for row in of_closed.rows] == [("a@x", 0.5), ("b@x", 0.4)]
    reasons = {one.board: one.reason for one in of_open.apart}
    assert (
        reasons["ants · quick"] == "other terms: recipe the same for all rows instead of tuned for each row"
    )
    assert reasons[dearer.title] == "other terms: recipe.trials 9 instead of 5"
    told = [one.reason for one in of_closed.apart if one.board == opened[0].title]
    assert told == ["other terms: recipe tuned for each row instead of the same for all rows"]


def test_tuned_models_without_their_studies_have_no_part(make) -> None:
    means = {"a": 0.8, "b": 0.6}
    boards = [tuned_board(make, "ants", means), tuned_board(make, "bees", means, studies=False)]
    (found,) = across(boards)
    assert found.rows == ()
    assert "the files of their studies are not there" in found.remarks[1]
    assert "a@x and b@x" in found.remarks[1]


# ------------------------------------------------------------------------ folds and parts of one data set
FOLDS = ((0.80, 0.70), (0.60, 0.56), (0.70, 0.54))
"""Means of the models a and b on three folds of one folder: 0.1, 0.04 and 0.16 apart."""


def in_fold(one, fold: int, **options: object):
    """Put a board's trials on a fold of one folder."""
    options = {"folds": 3, "fold": fold, **options}
    label = f"folder[{','.join(f'{key}={value}' for key, value in sorted(options.items()))}]:cells"
    changed = []
    for trial in one.trials:
        spec = trial.record.spec
        dataset = replace(spec.dataset, name="folder", location="/cells", options=options, label=label)
        spec = replace(spec, dataset=dataset)
        changed.append(replace(trial, record=replace(trial.record, spec=spec)))
    return replace(one, title=f"{label} · quick", slug=f"fold-{fold}", trials=tuple(changed))


def folds(make) -> list:
    return [
        in_fold(board(make, "cells", {"a": one, "b": other}), fold) for fold, (one, other) in enumerate(FOLDS)
    ]


def test_folds_of_one_data_set_make_no_table(make) -> None:
    boards = folds(make)
    assert across(boards) == ()
    assert why_none([Ranked(one, leaderboard(one)) for one in boards]) == ""


def test_folds_count_as_one_data_set_by_their_mean(make) -> None:
    (found,) = across([*folds(make), board(make, "ants", {"a": 0.9, "b": 0.5})])
    assert [one.dataset for one in found.sets] == ["ants", "folder[folds=3]:cells"]
    assert found.sets[1].boards == tuple(f"folder[fold={i},folds=3]:cells · quick" for i in range(3))
    assert found.verdicts.scope.phrase == "on these two data sets", "four boards, two data sets"
    first, second = found.rows
    assert first.sets[1].score.mean == pytest.approx(0.7)
    assert second.sets[1].score.mean == pytest.approx(0.6)
    assert (first.sets[1].score.seeds, first.sets[1].score.sd) == (2, pytest.approx(0.01 / 2**0.5))
    assert (first.mean, second.mean) == (pytest.approx(0.8), pytest.approx(0.55))
    assert found.verdicts.between(0, 1).value == pytest.approx(0.25)
    assert (found.tallies[0].wins, found.tallies[0].ties) == (2, 0)
    told = " ".join(found.remarks)
    assert "count as one, whatever their number: folder[folds=3]:cells (3 boards)" in told


def test_intervals_over_folds_are_those_of_errors_that_are_one_and_the_same(make) -> None:
    boards = folds(make)
    (found,) = across([*boards, board(make, "ants", {"a": 0.9, "b": 0.5})])
    own = [leaderboard(one).verdicts.between(0, 1) for one in boards]
    gap = found.rows[1].sets[1].behind_first
    assert gap.value == pytest.approx(0.1)
    assert (gap.low, gap.high) == (
        pytest.approx(sum(one.low for one in own) / 3),
        pytest.approx(sum(one.high for one in own) / 3),
    )
    assert gap.error == pytest.approx(sum(one.error for one in own) / 3)
    assert gap.freedom == min(one.freedom for one in own)


def test_a_model_that_lacks_a_fold_has_no_score_on_the_data_set(make) -> None:
    boards = folds(make)
    boards[0] = in_fold(board(make, "cells", {"a": 0.8, "b": 0.7, "c": 0.99}), 0)
    (found,) = across([*boards, board(make, "ants", {"a": 0.9, "b": 0.5, "c": 0.4})])
    assert [row.model for row in found.rows] == ["a@x", "b@x"]
    assert [(gap.model, gap.dataset, gap.reason) for gap in found.missing] == [
        ("c@x", "folder[folds=3]:cells", "not run on 2 of its 3 boards")
    ]


def test_a_board_with_one_model_of_its_own_does_not_empty_the_data_set(make) -> None:
    stray = in_fold(board(make, "cells", {"z": 0.5}), 0, classes=2)
    (found,) = across([*folds(make), stray, board(make, "ants", {"a": 0.9, "b": 0.5})])
    assert [row.model for row in found.rows] == ["a@x", "b@x"]
    assert [(one.board, one.reason) for one in found.apart] == [
        (stray.title, "too few of the models on its data set's other boards have scores on it")
    ]
