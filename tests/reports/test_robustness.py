"""Whether the first row stays first, by hand-made tables."""

from __future__ import annotations

import json

import pytest
from emseg_bench.reports.build import build
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.plugin import emseg_report_sections
from emseg_bench.reports.sections.robustness import section

# a is first per image (.9, .2, .2 against .4, .4, .4), by its first image alone; pooled, that image is small
A = {1: [(9, 1, 0), (20, 80, 0), (20, 80, 0)]}
B = {1: [(4, 6, 0), (40, 60, 0), (40, 60, 0)]}


def board_of(make, groups=None, seeds=(0,)):
    def made(model, counts, seed):
        iou = {1: [tp / (tp + fp + fn) for tp, fp, fn in counts[1]]}
        return make.trial(model=model, seed=seed, iou=iou, counts=counts, groups=groups)

    return make.board(
        [made(model, counts, seed) for model, counts in (("a@x", A), ("b@x", B)) for seed in seeds]
    )


def test_another_aggregate_and_a_single_case_may_change_the_winner(make) -> None:
    table = leaderboard(board_of(make))
    found = table.robustness
    assert found is not None
    assert found.first == "a@x"
    orders = {order.by: order for order in found.orders}
    assert set(orders) == {"Dice", "IoU pooled"}
    pooled = orders["IoU pooled"]
    assert (pooled.first, pooled.place) == ("b@x", 2)
    assert (pooled.best, pooled.leaders) == pytest.approx((84 / 210, 49 / 210))
    assert (found.units, found.noun, dict(found.without)) == (3, "image", {"case0": "b@x"})


def test_a_row_without_counts_has_no_place_by_aggregates(make) -> None:
    board = board_of(make)
    bare = make.trial(model="c@x", seed=0, iou={1: [0.1, 0.1, 0.1]})
    bare = make.replace(bare, cases=bare.cases[~bare.cases["metric"].isin(["tp", "fp", "fn", "tn"])])
    table = leaderboard(make.replace(board, trials=(*board.trials, bare)))
    assert [row.model for row in table.rows if not row.aggregates] == ["c@x"]
    assert table.robustness is not None
    assert "IoU pooled" in {order.by for order in table.robustness.orders}


def test_the_remark_names_every_way(make) -> None:
    (told,) = (text for text in leaderboard(board_of(make)).remarks if text.startswith("The order"))
    assert told == (
        "The order does not hold everywhere: not a@x but another has the best mean: "
        "b@x by Dice, by IoU pooled and without case0."
    )


def test_groups_are_left_out_whole_and_called_by_their_names(make) -> None:
    found = leaderboard(board_of(make, ["mouse 1", "mouse 2", "mouse 2"])).robustness
    assert found is not None
    assert (found.units, dict(found.without)) == (2, {"mouse 1": "b@x"})
    assert "IoU per group" in {order.by for order in found.orders}


def test_slices_of_one_volume_are_left_out_in_blocks(make, tmp_path) -> None:
    trials = [
        make.trial(model=f"{name}@x", iou={1: [score] * 120}, groups=["v"] * 120)
        for name, score in (("a", 0.6), ("b", 0.4))
    ]
    found = section(make.board(trials), tmp_path)
    assert found is not None
    assert "Leaving out one of the 6 blocks of slices at a time, a@x has the best mean each" in found.markdown


def test_seeds_are_averaged_first(make) -> None:
    one, two = (leaderboard(board_of(make, seeds=seeds)).robustness for seeds in ((0,), (0, 1, 2)))
    assert one is not None
    assert two is not None
    assert [(order.by, order.first, order.place) for order in one.orders] == [
        (order.by, order.first, order.place) for order in two.orders
    ]
    assert one.without == two.without


def test_page_markdown_and_json_say_the_same(make, tmp_path) -> None:
    folder = tmp_path / "r"
    built = build([board_of(make)], emseg_report_sections(), folder, generated="2026-11-23", version="1")
    assert built.problems == ()
    text = (folder / "leaderboard.md").read_text()
    assert "| IoU pooled | b@x | 0.400 | 0.233 | 2 |" in text
    said = "Leaving out one of the 3 images at a time, a@x has the best mean 2 times; b@x without case0."
    page = (folder / "index.html").read_text()
    assert said in text
    assert said in page
    assert "The order does not hold everywhere" in page
    stored = json.loads((folder / "leaderboard.json").read_text())["boards"][0]["robustness"]
    assert stored["without"] == {"case0": "b@x"}


def test_a_winner_that_stays_is_said_without_a_remark(make, tmp_path) -> None:
    board = make.board([*make.seeds("a@x", [0.6]), *make.seeds("b@x", [0.4])])
    assert not any("order" in text for text in leaderboard(board).remarks)
    found = section(board, tmp_path)
    assert found is not None
    assert "There is one image, so none can be left out." in found.markdown


def test_one_row_has_no_order(make, tmp_path) -> None:
    assert section(make.board(make.seeds("a@x", [0.6])), tmp_path) is None
