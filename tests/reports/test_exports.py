"""``leaderboard.csv``, ``.json`` and ``.md`` say the same, and can be read back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from emseg_bench.reports.build import build
from emseg_bench.reports.columns import cost_columns, terminal_columns
from emseg_bench.reports.exports import LeaderboardFile, read_json, write_csv
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.plugin import emseg_report_sections
from pydantic import TypeAdapter, ValidationError

TWO = {"title": "cells", "slug": "cells"}


@pytest.fixture(scope="module")
def boards(make_shared):
    """Two boards: a tie with a failed seed, and single seeds without a profile."""
    make = make_shared
    three = ("background", "mito", "er")
    ahead = [
        make.trial(model="a@x", seed=i, class_names=three, iou={0: [0.9], 1: [v], 2: [v - 0.1]})
        for i, v in enumerate([0.6, 0.7, 0.8])
    ]
    behind = [
        make.trial(model="b@x", seed=i, class_names=three, iou={0: [0.9], 1: [v], 2: [v]})
        for i, v in enumerate([0.59, 0.69])
    ]
    single = [make.trial(model="a@x", dataset="cells", iou={1: [0.5]}, profile=None)]
    first = make.board([*ahead, *behind, make.failed("b@x", 2, "out of memory")])
    return [first, make.board(single, **TWO)]


@pytest.fixture(scope="module")
def folder(boards, tmp_path_factory) -> Path:
    """Their report, for tests that only read."""
    place = tmp_path_factory.mktemp("report") / "r"
    built = build(boards, emseg_report_sections(), place, generated="2026-11-23", version="1.2")
    assert built.problems == ()
    return place


def test_json_reads_back_equal(boards, folder) -> None:
    found = read_json(folder / "leaderboard.json")
    assert found.boards == tuple(leaderboard(board) for board in boards)
    assert (found.version, found.generated, found.emseg_bench) == (2, "2026-11-23", "1.2")


def test_json_follows_its_schema_and_holds_no_nan(folder) -> None:
    text = (folder / "leaderboard.json").read_text()
    assert re.search(r'\{"one": 0,"other": 1,.*"losses": \d+\}', text), "a pair on one line"

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    content = json.loads(text, parse_constant=refuse)
    jsonschema.validate(content, TypeAdapter(LeaderboardFile).json_schema())
    assert content["version"] == 2
    first = content["boards"][0]["rows"][0]
    assert [seed["seed"] for seed in first["seeds"]] == [0, 1, 2]
    assert [item["class_name"] for item in first["score"]["classes"]] == ["background", "mito", "er"]


def test_json_of_another_version_is_refused(folder, tmp_path) -> None:
    path = tmp_path / "leaderboard.json"
    path.write_text((folder / "leaderboard.json").read_text().replace('"version": 2', '"version": 1', 1))
    with pytest.raises(ValidationError):
        read_json(path)


def test_csv_agrees_with_json(folder) -> None:
    lines = pd.read_csv(folder / "leaderboard.csv")
    rows = [(board, row) for board in read_json(folder / "leaderboard.json").boards for row in board.rows]
    assert len(lines) == len(rows) == 3
    for (_, line), (board, row) in zip(lines.iterrows(), rows, strict=True):
        assert (line["board"], line["model"], line["metric"]) == (board.title, row.model, "iou")
        assert line["score_mean"] == pytest.approx(row.score.mean.mean)
        assert line["score_sd"] == pytest.approx(row.score.mean.sd, nan_ok=True) or row.score.mean.sd is None
        assert (line["seeds_complete"], line["seeds_planned"]) == (len(row.seeds), row.seeds_planned)
        assert line["rank"] == row.rank.best
        assert line["class_1_name"] == "mito"
        assert line["class_1_score_mean"] == pytest.approx(row.score.foreground[0].score.mean)
        if row.cost:
            assert line["latency_p50_ms"] == pytest.approx(row.cost.latency_p50_ms)
            assert line["device"] == board.conditions[row.cost.condition].device


def test_csv_leaves_missing_numbers_empty(folder) -> None:
    lines = pd.read_csv(folder / "leaderboard.csv", dtype=str, keep_default_na=False)
    single = lines[lines["board"] == "cells"].iloc[0]
    missing = ["score_sd", "latency_p50_ms", "gflops", "peak_memory_mib", "device", "class_2_name"]
    assert [single[name] for name in missing] == [""] * len(missing)
    assert lines.iloc[0]["tied_with"] == "b@x"


def test_markdown_agrees_with_json(folder) -> None:
    text = (folder / "leaderboard.md").read_text()
    tie, other, single = markdown_rows(text, "Rank")
    assert tie["Rank"] == "1\N{EN DASH}2"
    assert tie["Model"] == "a@x"
    assert tie["Mean IoU (± SD over seeds)"] == "0.650 ± 0.100"
    assert tie["IoU by class: mito"] == "0.700 ± 0.100"
    assert other["Seeds"] == "2 of 3"
    assert single["Rank"] == "1"
    assert single["Mean IoU (± SD over seeds)"] == "0.500", "one seed has no spread"
    assert "out of memory" in text


def test_markdown_costs_have_units_and_no_false_zero(folder) -> None:
    *_, single = markdown_rows((folder / "leaderboard.md").read_text(), "Rank", "Latency p50 (ms)")
    names = ["Parameters (M)", "GFLOPs (per image)", "Latency p50 (ms)", "Peak memory (MiB)", "Training (s)"]
    assert [single[name] for name in names] == ["n/a"] * len(names)


def markdown_rows(text: str, *columns: str) -> list[dict[str, str]]:
    """Rows of the tables that begin with the first column and have all others."""
    found: list[dict[str, str]] = []
    for block in re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE):
        header, _, *lines = [cells(line) for line in block.splitlines()]
        wanted = header[0] == columns[0] and set(columns) <= set(header)
        if wanted and ("Seeds" in header or len(columns) > 1):
            found += [dict(zip(header, line, strict=True)) for line in lines]
    return found


def cells(line: str) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_trainable_parameters_are_told(make, tmp_path) -> None:
    profile = make.replace(make.profile, trainable_parameters=4_200_000)
    table = leaderboard(make.board(make.seeds("a@x", [0.5], profile=profile)))
    assert table.rows[0].cost.trainable_parameters_m == pytest.approx(4.2)
    write_csv(tmp_path / "x.csv", [table])
    (line,) = pd.read_csv(tmp_path / "x.csv").to_dict("records")
    assert (line["parameters_m"], line["trainable_parameters_m"]) == pytest.approx((14.3, 4.2))
    grid = next(column for column in cost_columns(table) if column.title == "Trainable")
    assert grid.cell(table.rows[0]).text == "4.20"


def test_an_optimiser_s_memory_is_shown_where_some_row_trains_in_part(make, tmp_path) -> None:
    older, whole = make.profile, make.replace(make.profile, optimiser_state_mib=109.0)
    part = make.replace(make.profile, trainable_parameters=4_200_000, optimiser_state_mib=32.04)
    seeds = [make.seeds("a@x", [0.5], profile=one) for one in (whole, part, older)]
    tables = [leaderboard(make.board(one)) for one in seeds]

    def columns(table, among):
        return [column.cell(table.rows[0]).text for column in among if column.key == "optimiser_state_mib"]

    assert [columns(table, cost_columns(table)) for table in tables] == [[], ["32.0"], []]
    assert [columns(table, terminal_columns(table, wide=True)) for table in tables] == [[], ["32.0"], []]
    write_csv(tmp_path / "x.csv", tables)
    found = pd.read_csv(tmp_path / "x.csv")["optimiser_state_mib"]
    assert found.tolist()[:2] == [109.0, 32.04]
    assert found.isna().tolist() == [False, False, True]


def test_labels_compute_nothing_and_break_no_table(make, tmp_path) -> None:
    names = ("background", "=1+1", "a|b")
    iou = {0: [0.9], 1: [0.5], 2: [0.7]}
    board = make.board([make.trial(model="@evil", seed=0, class_names=names, iou=iou)])
    folder = tmp_path / "r"
    build([board], emseg_report_sections(), folder, generated="2026-11-23", version="1.2")
    (line,) = pd.read_csv(folder / "leaderboard.csv").to_dict("records")
    assert (line["model"], line["class_1_name"], line["class_2_name"]) == ("'@evil", "'=1+1", "a|b")
    assert line["score_mean"] == pytest.approx(0.6)
    (row,) = markdown_rows((folder / "leaderboard.md").read_text(), "Rank")
    assert row["IoU by class: a|b"] == "0.700"
    assert read_json(folder / "leaderboard.json").boards[0].rows[0].model == "@evil"
