"""Time and memory with their spread: who is called faster, and which figures are told to be none."""

from __future__ import annotations

import pytest
from emseg_bench.reports.columns import cost_columns, csv_columns, terminal_columns
from emseg_bench.reports.cost import contradiction, faster
from emseg_bench.reports.enough import cheaper
from emseg_bench.reports.footnotes import about_cost
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.sections import tradeoff


def timed(make, low, middle, high, **more):
    each = {"throughput_images_per_s": 1e3 / middle, "latency_p50_ms": middle}
    return make.replace(make.profile, **each, latency_p25_ms=low, latency_p75_ms=high, **more)


def board(make, *profiles):
    """Two models that nobody can tell apart, the second one with these profiles of its seeds."""
    first = make.seeds("a@x", [0.6, 0.7, 0.8], profile=timed(make, 29, 29.8, 31))
    scores = [0.59, 0.69, 0.79]
    second = [make.seeds("b@x", scores, profile=profiles[i % len(profiles)])[i] for i in range(len(scores))]
    return leaderboard(make.board([*first, *second]))


@pytest.mark.parametrize(
    ("low", "middle", "high", "told"),
    [
        (29.0, 29.79, 31.0, False),  # 29.8 ms against 29.8 ms
        (27.9, 28.0, 28.1, False),  # beyond the spread, but by less than a tenth
        (10.0, 20.0, 28.5, False),  # by a third, but its spread reaches the other's
        (19.0, 20.0, 21.0, True),
    ],
)
def test_faster_is_what_is_by_a_margin_and_beyond_both_spreads(make, low, middle, high, told):
    table = board(make, timed(make, low, middle, high))
    assert ("b@x has the lowest latency" in cheaper(table)) == told


def test_seeds_are_part_of_the_spread(make):
    table = board(make, timed(make, 9, 10, 11), timed(make, 39, 40, 41))
    cost = next(row.cost for row in table.rows if row.model == "b@x")
    assert (cost.latency_p50_low_ms, cost.latency_p50_high_ms) == (9, 41)
    assert cheaper(table) == ""


def test_records_from_before_say_what_they_can(make):
    table = leaderboard(make.board(make.seeds("a@x", [0.6, 0.7], profile=make.profile)))
    cost = table.rows[0].cost
    assert cost.latency_p50_low_ms == cost.latency_p50_high_ms == make.profile.latency_p50_ms
    assert cost.others_share is None
    assert table.remarks == ()


def test_who_was_timed_beside_others_work_is_faster_than_nobody(make):
    table = board(make, timed(make, 1, 2, 3, others_share=0.62))
    assert cheaper(table) == ""
    assert any("Other processes took" in text and "b@x (62 %)" in text for text in table.remarks)


def test_figures_that_contradict_each_other_are_told(make):
    """As on a busy machine: 7 s for one image, and 437 ms for each of four."""
    odd = make.replace(make.profile, latency_p50_ms=7059, throughput_batch=4, throughput_images_per_s=2.29)
    assert contradiction(odd) == "7059 ms for one image, 436.7 ms for each in batches of 4"
    slow = make.replace(odd, latency_p50_ms=10.0)
    assert contradiction(slow)
    for single in (110, 437, 1750):  # the batch helps, does nothing, hinders
        assert contradiction(make.replace(odd, latency_p50_ms=single)) == ""
    table = board(make, odd)
    assert any("contradict each other" in text and "b@x: 7059 ms" in text for text in table.remarks)
    one, other = (row.cost for row in table.rows)
    assert not faster(one, other)
    assert not faster(other, one)


def test_people_see_the_spread_and_csv_holds_it(make):
    table = board(make, timed(make, 19, 20, 21, others_share=0.05))
    row = next(row for row in table.rows if row.model == "b@x")
    (column,) = (one for one in terminal_columns(table, wide=True) if one.key == "latency_p50_ms")
    assert (column.cell(row).text, column.cell(row).below) == ("20.0", ("19.0 to 21.0",))
    held = {one.key: one.value(row) for one in csv_columns(table)}
    assert (held["latency_p50_low_ms"], held["latency_p50_high_ms"], held["others_share"]) == (19, 21, 0.05)
    assert held["throughput_low_images_per_s"] == held["throughput_images_per_s"] == 50
    assert held["peak_memory_low_mib"] == held["peak_memory_mib"] == 1234.5
    assert held["train_low_seconds"] == 61.5


def test_energy_stands_where_somebody_measured_it_and_nowhere_else(make, tmp_path):
    known = {"trial_joules": 5400.0, "inference_joules": 0.25, "energy_counted": "the GPU by NVML"}
    table = board(
        make, timed(make, 29, 29.8, 31, **known), timed(make, 29, 29.8, 31, **known | {"trial_joules": 6e3})
    )
    shown = {column.title: [column.cell(row).text for row in table.rows] for column in cost_columns(table)}
    assert (shown["Energy of a trial"], shown["Energy of an image"]) == (["n/a", "5400"], ["n/a", "0.250"])
    cost = table.rows[1].cost
    assert (cost.trial_low_joules, cost.trial_high_joules) == (5400, 6000)
    assert any(
        "energy: the GPU by NVML, counted whole, idling and other" in text for text in about_cost(table)
    )
    assert [len(tradeoff._points(table, axis)) for axis in tradeoff.COSTS] == [2, 2, 1, 1]

    unknown = board(make, timed(make, 29, 29.8, 31))
    assert not any("Energy" in column.title for column in cost_columns(unknown))
    assert not any("energy" in text for text in about_cost(unknown))
    (value,) = (
        column.value(unknown.rows[0]) for column in csv_columns(unknown) if column.key == "trial_joules"
    )
    assert value is None
