"""Values and columns in text, for pipes."""

from __future__ import annotations

import pytest
from emseg_bench.cli.cells import cell, columns


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        ((), "–"),
        (["a", 2], "a, 2"),
        (True, "yes"),
        (False, "no"),
        (24_430_097, "24,430,097"),
        (0.5, "0.5"),
        ("x", "x"),
    ],
)
def test_values_are_written(value, text):
    assert cell(value) == text


def test_columns_stand_below_their_names():
    rows = [{"name": "unet", "size": "1"}, {"name": "a-long-name", "size": "22"}]
    assert [*columns(rows)] == ["name         size", "unet         1", "a-long-name  22"]
    assert [*columns([])] == []


def test_a_listed_model_is_one_line_in_a_pipe(invoke):
    lines = invoke("list", "models").out.splitlines()
    (header, *rows) = lines
    assert header.startswith("name ")
    assert "description" in header
    (unet,) = [line for line in rows if line.startswith("unet ")]
    assert "scratch, imagenet, cem500k-mocov2" in unet
