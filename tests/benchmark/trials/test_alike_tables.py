"""Tables that differ in their numbers alone are what they would be if each were read alone."""

from __future__ import annotations

import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.trials import alike_tables
from emseg_bench.benchmark.trials.alike_tables import AlikeTables
from emseg_bench.benchmark.trials.result_tables import CURVE, read_table


def write(folder, name, values, series="train/loss", **kinds):
    table = pd.DataFrame({"iteration": [*range(len(values))], "series": series, "value": values})
    path = folder / f"{name}.parquet"
    table.astype(kinds).to_parquet(path, index=False)
    return path


def test_each_table_has_its_own_numbers_and_labels(tmp_path):
    paths = [
        write(tmp_path, "a", [1.0, 2.0]),
        write(tmp_path, "b", [3.0, None]),
        write(tmp_path, "other_labels", [5.0, 6.0], "val/iou"),
        write(tmp_path, "longer", [5.0, 6.0, 7.0]),
        write(tmp_path, "empty", []),
        write(tmp_path, "whole", [8, 9], value="int64"),
        write(tmp_path, "single", [0.1, 0.2], value="float32"),
        write(tmp_path, "narrow", [0.1, 0.2], iteration="int32"),
        write(tmp_path, "again", [-1.0, -2.0]),
    ]
    tables = AlikeTables(CURVE)
    read = [tables.read(path) for path in paths]
    for path, table in zip(paths, read, strict=True):
        pd.testing.assert_frame_equal(table, read_table(path, CURVE))


def test_a_table_that_is_changed_changes_no_other(tmp_path):
    tables = AlikeTables(CURVE)
    first, second = (tables.read(write(tmp_path, name, [1.0, 2.0])) for name in "ab")
    first["value"] = 0.0
    second.loc[0, "series"] = "mine"
    third = tables.read(write(tmp_path, "c", [3.0, 4.0]))
    assert third.to_dict("list") == {"iteration": [0, 1], "series": ["train/loss"] * 2, "value": [3.0, 4.0]}


def test_labels_are_checked_once_for_each_purpose(tmp_path):
    checked = []
    tables = AlikeTables(CURVE)
    for purpose, name in (("iou", "a"), ("iou", "b"), ("dice", "c"), ("dice", "d"), ("iou", "e")):
        tables.read(write(tmp_path, name, [1.0]), purpose, lambda _, it=purpose: checked.append(it))
    assert checked == ["iou", "dice"]


def test_labels_that_are_refused_are_refused_again(tmp_path):
    def refuse(_: pd.DataFrame) -> None:
        raise StoreError("no")

    tables = AlikeTables(CURVE)
    for name in "ab":
        with pytest.raises(StoreError, match="no"):
            tables.read(write(tmp_path, name, [1.0]), None, refuse)


def test_few_labels_are_kept(tmp_path):
    tables = AlikeTables(CURVE)
    for number in range(alike_tables.MOST + 3):
        tables.read(write(tmp_path, "a", [1.0], f"series {number}"))
    assert len(tables._known) == alike_tables.MOST
