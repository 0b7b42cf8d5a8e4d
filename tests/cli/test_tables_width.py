"""No column of a table is ever left out, however narrow the terminal."""

from __future__ import annotations

import pytest
from emseg_bench.cli.tables import print_table


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
@pytest.mark.parametrize("columns", [1, 2, 6, 14])
def test_all_columns_are_shown(capsys, monkeypatch, width, columns):
    monkeypatch.setenv("COLUMNS", str(width))
    keys = [f"metric{n}" for n in range(columns)]
    rows = [
        {"class": name, **{key: f"0.{n:04}" for n, key in enumerate(keys)}}
        for name in ("mitochondrion", "mean")
    ]
    print_table(rows, title="by class")
    shown = capsys.readouterr().out
    for n, key in enumerate(keys):
        assert shown.count(key) >= 1
        assert shown.count(f"0.{n:04}") == 2
    assert max(map(len, shown.splitlines())) <= width


def test_tables_begin_with_the_first_column(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    print_table([{"class": "cell", **{f"metric{n}": "0.1234" for n in range(8)}}])
    assert capsys.readouterr().out.count("cell") == 3


def test_a_long_name_that_begins_with_a_digit_leaves_room_for_numbers(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    print_table([{"case": f"{number}{'L' * 200}", "iou": "0.1234"} for number in range(2)])
    assert capsys.readouterr().out.count("0.1234") == 2
