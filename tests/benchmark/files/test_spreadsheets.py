"""Tables that people open in spreadsheets compute nothing that somebody's label says."""

from __future__ import annotations

import pandas as pd
import pytest
from emseg_bench.benchmark.files.spreadsheets import csv_of, harmless


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_no_text_begins_as_a_formula(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\t=1", "'\\t=1"),
        ("\r=1", "'\\r=1"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("gpj.\u202egnp", "gpj.\\u202egnp"),
    ],
)
def test_no_text_steers_a_terminal(text, written):
    assert harmless(text) == written
    assert csv_of(pd.DataFrame({text: [text]})) == f"{written}\n{written}\n"


@pytest.mark.parametrize("value", ["mito", "a=b", "", -1, -0.5, None, True])
def test_all_else_stays(value):
    assert harmless(value) == value


def test_a_table_keeps_its_numbers_and_gaps():
    table = pd.DataFrame({"class": ["=x", "er", None], "value": [-0.25, float("nan"), 1.0], "n": [-1, 0, 2]})
    assert csv_of(table) == "class,value,n\n'=x,-0.25,-1\ner,,0\n,1.0,2\n"


def test_columns_are_called_as_they_are_but_for_formulas():
    assert csv_of(pd.DataFrame({"=1+1": [1], "iou": [2]})) == "'=1+1,iou\n1,2\n"
