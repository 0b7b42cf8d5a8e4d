"""Per case, per group, pooled: every number here is computed by hand."""

from __future__ import annotations

import math

import pytest
from emseg_bench.reports.aggregates import aggregates
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.scores import joined
from emseg_bench.reports.sections.aggregates import aggregates_grid, section

THREE = ("background", "mito", "er")

# tp, fp, fn of three slices: two of volume a, one of volume b
COUNTS = [(2, 2, 0), (6, 0, 2), (1, 0, 3)]
GROUPS = ["a", "a", "b"]
# per case: 2/4, 6/8, 1/4; per group: a is 8 of 12, b is 1 of 4; pooled: 9 of 16
IOU = {"per case": (1 / 2 + 3 / 4 + 1 / 4) / 3, "per group": (8 / 12 + 1 / 4) / 2, "pooled": 9 / 16}
# 4/6, 12/14, 2/5; 16/20, 2/5; 18/25
DICE = {"per case": (4 / 6 + 12 / 14 + 2 / 5) / 3, "per group": (16 / 20 + 2 / 5) / 2, "pooled": 18 / 25}
PRECISION = {"per case": (2 / 4 + 1 + 1) / 3, "per group": (8 / 10 + 1) / 2, "pooled": 9 / 11}
RECALL = {"per case": (1 + 6 / 8 + 1 / 4) / 3, "per group": (8 / 10 + 1 / 4) / 2, "pooled": 9 / 14}


def table_of(make, counts, groups=None, **settings):
    iou = {index: [0.5] * len(rows) for index, rows in counts.items()}
    return make.trial(iou=iou, counts=counts, groups=groups, **settings)


def by_aggregate(trial, ratio):
    table = aggregates(joined([trial])).set_index("aggregate")
    return table[ratio].to_dict()


@pytest.mark.parametrize(
    ("ratio", "expected"), [("iou", IOU), ("dice", DICE), ("precision", PRECISION), ("recall", RECALL)]
)
def test_counts_are_summed_before_they_are_divided(make, ratio, expected) -> None:
    trial = table_of(make, {0: [(9, 9, 9)] * 3, 1: COUNTS}, GROUPS)
    assert by_aggregate(trial, ratio) == pytest.approx(expected)


def test_foreground_classes_weigh_alike_in_every_aggregate(make) -> None:
    trial = table_of(make, {1: COUNTS, 2: [(1, 1, 0), (1, 1, 0), (0, 0, 0)]}, GROUPS, class_names=THREE)
    found = by_aggregate(trial, "iou")
    # er: 1/2, 1/2, nothing; volume a 2/4, volume b nothing; pooled 2/4
    assert found == pytest.approx({name: (IOU[name] + 1 / 2) / 2 for name in IOU})


def test_a_case_of_no_group_is_one_by_itself_whatever_its_name(make) -> None:
    trial = table_of(make, {1: COUNTS}, ["case2", "case2", None])  # the third case is called case2, too
    assert by_aggregate(trial, "iou") == pytest.approx(IOU)


def test_without_groups_there_is_no_such_aggregate(make) -> None:
    assert set(by_aggregate(table_of(make, {1: COUNTS}), "iou")) == {"per case", "pooled"}


def test_a_ratio_of_nothing_is_no_number(make) -> None:
    trial = table_of(make, {1: [(0, 0, 0), (0, 0, 4)]})
    assert math.isnan(by_aggregate(trial, "precision")["pooled"])
    assert by_aggregate(trial, "recall")["per case"] == 0


def test_the_board_has_means_over_seeds(make) -> None:
    seeds = [
        table_of(make, {1: counts}, GROUPS, seed=i) for i, counts in enumerate((COUNTS, [(1, 1, 0)] * 3))
    ]
    (row,) = leaderboard(make.board(seeds)).rows
    assert [(item.aggregate, item.units) for item in row.aggregates] == [
        ("per case", 3),
        ("per group", 2),
        ("pooled", 1),
    ]
    pooled = row.aggregates[2].iou
    assert pooled.mean == pytest.approx((9 / 16 + 1 / 2) / 2)
    assert pooled.sd == pytest.approx((9 / 16 - 1 / 2) / math.sqrt(2))
    assert row.pooled_iou.mean.mean == pytest.approx(pooled.mean)


def test_the_table_says_what_each_number_is_over(make) -> None:
    slices = leaderboard(make.board([table_of(make, {1: COUNTS}, GROUPS)]))
    names = [row[1].text for row in aggregates_grid(slices).rows]
    assert names == ["per image (3)", "per volume or group (2)", "pooled"]
    volumes = table_of(make, {1: COUNTS}, depth=9, rules={"axes": "stack"})
    assert [row[1].text for row in aggregates_grid(leaderboard(make.board([volumes]))).rows] == [
        "per volume (3)",
        "pooled",
    ]


def test_a_board_without_scores_has_no_such_table(make, tmp_path) -> None:
    assert section(make.board([make.failed("a@x")]), tmp_path) is None
