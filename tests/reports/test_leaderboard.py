"""Rows, ranks, remarks and costs of a leaderboard."""

from __future__ import annotations

import pytest
from emseg_bench.reports.leaderboard import leaderboard

CLEAR = {"good@x": [0.90, 0.91, 0.92], "fair@x": [0.70, 0.71, 0.72], "poor@x": [0.10, 0.11, 0.12]}


def trials_of(make, scores, **settings):
    return [trial for model, values in scores.items() for trial in make.seeds(model, values, **settings)]


def test_best_first_with_ties_named(make) -> None:
    scores = {"poor@x": [0.1, 0.11, 0.12], "a@x": [0.6, 0.7, 0.8], "b@x": [0.59, 0.69, 0.79]}
    rows = leaderboard(make.board(trials_of(make, scores))).rows
    assert [row.model for row in rows] == ["a@x", "b@x", "poor@x"]
    assert [str(row.rank) for row in rows] == ["1\N{EN DASH}2", "1\N{EN DASH}2", "3"]
    assert [row.tied_with for row in rows] == [("b@x",), ("a@x",), ()]


def test_lower_is_better_ranks_the_lowest_first(make) -> None:
    scores = {"far@x": [9.0, 9.1, 9.2], "near@x": [2.0, 2.1, 2.2]}
    distance = make.metric("hausdorff", "nm", "lower")
    first, second = leaderboard(make.board(trials_of(make, scores, metric=distance))).rows
    assert (first.model, second.model) == ("near@x", "far@x")
    assert second.behind_first.value == pytest.approx(7.0), "behind is never negative"
    assert 0 < second.behind_first.low < 7 < second.behind_first.high


def test_distance_to_the_leader(make) -> None:
    rows = leaderboard(make.board(trials_of(make, CLEAR))).rows
    assert rows[0].behind_first is None
    assert rows[1].behind_first.value == pytest.approx(0.2)
    assert rows[1].behind_first.verdict == "better"


def test_failed_seeds_are_counted_and_listed(make) -> None:
    trials = [*make.seeds("a@x", [0.5, 0.6]), make.failed("a@x", 2), make.failed("b@x", 0, "out of memory")]
    table = leaderboard(make.board(trials))
    assert [(row.model, len(row.seeds), row.seeds_planned) for row in table.rows] == [
        ("a@x", 2, 3),
        ("b@x", 0, 1),
    ]
    assert [(f.model, f.seed, f.reason) for f in table.failures] == [
        ("a@x", 2, "loss is NaN at iteration 12"),
        ("b@x", 0, "out of memory"),
    ]
    assert any("a@x has 2 of 3 seeds and b@x has 0 of 1 seed" in remark for remark in table.remarks)


def test_notes_stand_once(make) -> None:
    notes = ("val split serves as test split", "published weights are not on this machine")
    table = leaderboard(make.board(trials_of(make, CLEAR, notes=notes)))
    assert table.notes == notes


def test_two_complete_trials_of_one_seed_are_a_bug(make) -> None:
    trial = make.trial(iou={1: [0.5]})
    with pytest.raises(ValueError, match=r"two complete trials of 'unet@scratch' with seed 0"):
        leaderboard(make.board([trial, trial]))


def test_failed_only(make) -> None:
    table = leaderboard(make.board([make.failed("a@x"), make.failed("a@x", 1)]))
    assert table.scored == ()
    assert [(row.model, row.rank, row.cost) for row in table.rows] == [("a@x", None, None)]
    assert table.class_names == ()


def test_single_seeds_are_remarked(make) -> None:
    table = leaderboard(make.board(trials_of(make, {"a@x": [0.5], "b@x": [0.6]})))
    assert "every model has one seed" in table.claims[0]
    assert not any("1 seed" in remark for remark in table.remarks), "it is said once"
    assert [str(row.rank) for row in table.rows] == ["1\N{EN DASH}2"] * 2
    mixed = leaderboard(make.board(trials_of(make, {"a@x": [0.5, 0.6], "b@x": [0.7]})))
    assert any("1 seed for b@x" in remark for remark in mixed.remarks)
    assert [row.model for row in mixed.rows] == ["a@x", "b@x"], "one lucky seed is above nobody"


def test_enough_seeds_on_one_device_need_no_remark(make) -> None:
    assert leaderboard(make.board(trials_of(make, CLEAR))).remarks == ()


def test_superseded_trials_are_mentioned(make) -> None:
    table = leaderboard(make.board(trials_of(make, CLEAR), superseded=2))
    assert any(remark.startswith("2 older trials are left out") for remark in table.remarks)


# ------------------------------------------------------------------------------------------- cost
def test_costs_are_medians_over_seeds(make) -> None:
    trials = [
        make.trial(seed=i, iou={1: [0.5]}, profile=make.replace(make.profile, latency_p50_ms=latency))
        for i, latency in enumerate([10.0, 50.0, 12.0])
    ]
    (row,) = leaderboard(make.board(trials)).rows
    assert row.cost.latency_p50_ms == 12.0
    assert row.cost.parameters_m == pytest.approx(14.3)
    assert row.cost.gflops == pytest.approx(21.5)
    assert row.cost.seeds == 3


def test_missing_costs_are_none_never_zero(make) -> None:
    no_flops = make.replace(make.profile, flops=None)
    table = leaderboard(
        make.board(
            [
                make.trial(model="a@x", iou={1: [0.5]}, profile=no_flops),
                make.trial(model="b@x", iou={1: [0.4]}, profile=None),
            ]
        )
    )
    assert table.rows[0].cost.gflops is None
    assert table.rows[1].cost is None


def test_different_devices_are_remarked(make) -> None:
    gpu = make.replace(make.profile, device="Test GPU", threads=None)
    trials = [*make.seeds("a@x", [0.5, 0.6]), *make.seeds("b@x", [0.5, 0.6], profile=gpu)]
    table = leaderboard(make.board(trials))
    assert any("on different devices (not the same everywhere: device, threads)" in r for r in table.remarks)
    assert {row.model: table.conditions[row.cost.condition].device for row in table.rows} == {
        "a@x": "Test CPU",
        "b@x": "Test GPU",
    }


def test_costs_of_one_model_do_not_mix_devices(make) -> None:
    slow = make.replace(make.profile, device="Old CPU", latency_p50_ms=900.0)
    trials = [*make.seeds("a@x", [0.5, 0.6]), make.trial(model="a@x", seed=2, iou={1: [0.7]}, profile=slow)]
    table = leaderboard(make.board(trials))
    assert table.rows[0].cost.latency_p50_ms == make.profile.latency_p50_ms
    assert table.rows[0].cost.seeds == 2
    assert any("a@x (2 of 3)" in remark for remark in table.remarks)
