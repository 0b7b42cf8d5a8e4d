"""Boards of volumes: what is not scored, what is masked, and means that one absent class makes undefined."""

from __future__ import annotations

import math

import pytest
from emseg_bench.reports.columns import score_columns
from emseg_bench.reports.footnotes import about_rules, about_score
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.sections.metrics import metrics_grid

NAN = math.nan
NAMES = ("background", "cell", "mito", "granule")
PARTLY = {"scored_classes": (2, 3), "mask_by_truth": True, "axes": "orthoplane"}


def partly(make, **settings):
    iou = {2: [0.8, 0.6], 3: [0.4, 0.2]}
    return make.board([make.trial(class_names=NAMES, iou=iou, rules=PARTLY, depth=5, **settings)])


def test_classes_that_are_not_scored_are_nowhere(make) -> None:
    table = leaderboard(partly(make))
    (row,) = table.rows
    assert row.score.mean.mean == pytest.approx((0.7 + 0.3) / 2)
    assert [item.class_name for item in row.score.classes] == ["mito", "granule"]
    assert row.seeds[0].classes == (None, None, pytest.approx(0.7), pytest.approx(0.3))
    titles = [column.title for column in score_columns(table)]
    assert titles[titles.index("Seeds") + 1 : titles.index("Behind the first")] == ["mito", "granule"]
    assert [line[1].text for line in metrics_grid(table, {}).rows] == [
        "mean of foreground",
        "mito",
        "granule",
    ]


def test_footnotes_say_by_which_rules(make) -> None:
    table = leaderboard(partly(make))
    assert "IoU per volume is averaged over the test volumes" in about_score(table)
    assert "foreground classes (mito and granule)" in about_score(table)
    left_out, masked, cut = about_rules(table)
    assert left_out == "Not scored, by the data's own rule: background and cell."
    assert "only where the truth is not 0" in masked
    assert "along z, y and x" in cut


def test_images_have_no_such_rules(make) -> None:
    table = leaderboard(make.board(make.seeds("a@x", [0.5])))
    assert about_rules(table) == ()
    assert "IoU per image is averaged over the test images" in about_score(table)


def test_an_absent_class_makes_the_published_mean_undefined(make) -> None:
    settings = {"class_names": ("background", "lyso", "mito"), "iou": {1: [0.8, NAN], 2: [0.2, 0.4]}}
    (skipping,) = leaderboard(make.board([make.trial(**settings)])).rows
    assert skipping.score.mean.mean == pytest.approx((0.8 + 0.3) / 2)
    strict = leaderboard(make.board([make.trial(**settings, skips_undefined=False)]))
    (row,) = strict.rows
    assert row.score.mean.mean is None
    assert [item.score.mean for item in row.score.foreground] == [None, pytest.approx(0.3)]
    assert row.score.foreground[0].applicable == 1
    assert "makes the mean undefined" in about_score(strict)


def test_pooled_iou_is_ours_and_skips_what_never_occurs(make) -> None:
    counts = {1: [(0, 0, 0)], 2: [(5, 5, 0)]}
    trial = make.trial(
        class_names=("background", "lyso", "mito"),
        iou={1: [NAN], 2: [0.5]},
        counts=counts,
        skips_undefined=False,
    )
    (row,) = leaderboard(make.board([trial])).rows
    assert row.score.mean.mean is None
    assert row.pooled_iou.mean.mean == pytest.approx(0.5)
