"""From cases to scores, against hand-computed cases and plain loops."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from emseg_bench.reports.common_ground import common_ground
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.schema import Row
from emseg_bench.reports.scores import POOLED_IOU, case_scores, scores_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAN = math.nan
THREE = ("background", "mito", "er")


def only_row(board) -> Row:
    (row,) = leaderboard(board).rows
    return row


def test_mean_over_cases_then_over_foreground_classes(make) -> None:
    trial = make.trial(class_names=THREE, iou={0: [0.9, 0.9], 1: [0.8, 0.6], 2: [0.3, 0.1]})
    row = only_row(make.board([trial]))
    assert row.score.mean.mean == pytest.approx((0.7 + 0.2) / 2)
    assert [item.score.mean for item in row.score.classes] == pytest.approx([0.9, 0.7, 0.2])
    assert row.seeds[0].score == pytest.approx(0.45)
    assert row.seeds[0].classes == pytest.approx((0.9, 0.7, 0.2))


def test_spread_is_over_seeds_not_over_cases(make) -> None:
    trials = [
        make.trial(seed=0, iou={1: [0.2, 0.8]}),
        make.trial(seed=1, iou={1: [0.6, 0.6]}),
        make.trial(seed=2, iou={1: [0.7, 0.7]}),
    ]
    mean = only_row(make.board(trials)).score.mean
    assert mean.mean == pytest.approx(0.6)
    assert mean.sd == pytest.approx(0.1)
    assert mean.seeds == 3


def test_not_applicable_is_left_out_and_counted(make) -> None:
    trial = make.trial(class_names=THREE, iou={1: [0.8, NAN], 2: [0.2, 0.4]})
    row = only_row(make.board([trial]))
    assert row.score.mean.mean == pytest.approx((0.8 + 0.3) / 2)
    assert [(item.applicable, item.cases) for item in row.score.foreground] == [(1, 2), (2, 2)]


def test_a_class_without_any_number_is_left_out_of_the_mean(make) -> None:
    trial = make.trial(class_names=THREE, iou={1: [0.8, 0.6], 2: [NAN, NAN]})
    row = only_row(make.board([trial]))
    assert row.score.mean.mean == pytest.approx(0.7)
    assert row.score.foreground[1].score.mean is None
    assert row.score.foreground[1].applicable == 0


def test_a_model_without_any_number_has_no_rank(make) -> None:
    board = make.board([make.trial(model="a@x", iou={1: [NAN]}), make.trial(model="b@x", iou={1: [0.1]})])
    table = leaderboard(board)
    assert [(row.model, row.rank is None) for row in table.rows] == [("b@x", False), ("a@x", True)]
    assert table.rows[1].score.mean.mean is None


def test_pooled_iou_adds_counts_up_before_it_divides(make) -> None:
    counts = {0: [(1, 0, 0), (1, 0, 0)], 1: [(10, 0, 0), (30, 40, 20)]}
    row = only_row(make.board([make.trial(iou={0: [1, 1], 1: [1.0, 1 / 3]}, counts=counts)]))
    assert row.pooled_iou.mean.mean == pytest.approx(40 / 100)
    assert row.score.mean.mean == pytest.approx(2 / 3), "the mean over cases is another number"


def test_pooled_iou_of_a_class_that_never_occurs_is_not_zero(make) -> None:
    counts = {1: [(0, 0, 0)], 2: [(5, 5, 0)]}
    trial = make.trial(class_names=THREE, iou={1: [NAN], 2: [0.5]}, counts=counts)
    pooled = only_row(make.board([trial])).pooled_iou
    assert pooled.foreground[0].score.mean is None
    assert pooled.mean.mean == pytest.approx(0.5)


def test_missing_counts_give_no_pooled_iou(make) -> None:
    row = only_row(make.board([make.trial(iou={1: [0.5]})]))
    assert row.pooled_iou.mean.mean is None


def test_no_trials_give_empty_tables() -> None:
    assert scored([]).by_class.empty
    assert scored([]).overall.empty


def scored(trials):
    return scores_of(common_ground(trials).cases, skips_undefined=True)


def test_score_of_single_cases(make) -> None:
    trial = make.trial(class_names=THREE, iou={0: [0.1, 0.1], 1: [0.8, NAN], 2: [0.2, NAN]})
    found = case_scores(trial.cases, "iou")
    assert found["case0"] == pytest.approx(0.5)
    assert math.isnan(found["case1"])


def test_categories_and_strings_score_alike(make) -> None:
    trial = make.trial(iou={0: [0.9], 1: [0.5]}, counts={1: [(1, 1, 0)]})
    plain = scored([trial])
    coded = make.replace(trial, cases=trial.cases.astype({"metric": "category", "class_name": "category"}))
    pd.testing.assert_frame_equal(plain.overall, scored([coded]).overall)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(data=st.data())
def test_agrees_with_plain_loops(make, data) -> None:
    cases = data.draw(st.integers(1, 4))
    count = st.tuples(*[st.integers(0, 3)] * 3)
    counts = {c: data.draw(st.lists(count, min_size=cases, max_size=cases)) for c in range(3)}
    iou = {c: [pooled([one]) for one in rows] for c, rows in counts.items()}
    row = only_row(make.board([make.trial(class_names=THREE, iou=iou, counts=counts)]))
    judged = {c: [pooled([one]) for one in rows if one[0] + one[2]] for c, rows in counts.items()}
    there = [rows for c, rows in counts.items() if c and judged[c]]
    assert row.score.mean.mean == approx_or_none(mean([mean(judged[1]), mean(judged[2])]))
    assert row.pooled_iou.mean.mean == approx_or_none(mean([pooled(rows) for rows in there]))
    assert row.pooled_iou.metric == POOLED_IOU


def mean(values: list[float]) -> float:
    known = [x for x in values if not math.isnan(x)]
    return sum(known) / len(known) if known else NAN


def pooled(counts: list[tuple[int, int, int]]) -> float:
    union = sum(sum(count) for count in counts)
    return sum(tp for tp, _, _ in counts) / union if union else NAN


def approx_or_none(value: float) -> object:
    return None if math.isnan(value) else pytest.approx(value)
