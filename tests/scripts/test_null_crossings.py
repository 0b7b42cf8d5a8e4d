"""The simulation of changes of places in small: none that is not there, and some that are."""

from __future__ import annotations

import importlib
from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "scripts"))
    return importlib.import_module("null_crossings")


def test_what_is_equal_with_more_labels_changes_no_places(script):
    counts = script.simulate(script.Case(models=2, layout="8 images", truth="ahead"), 60, seed=1)
    assert counts.grids == 60
    assert counts.false <= counts.false_alone
    assert counts.false <= 8, "5 % of 60, and 3 standard deviations"
    assert counts.found_alone == 0


def test_what_changes_places_is_found(script):
    counts = script.simulate(script.Case(models=2, layout="30 in 10 groups", truth="turned"), 30, seed=1)
    assert 3 < counts.found <= counts.found_alone
    assert counts.false <= 5


def test_a_line_is_written_for_each_case(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "all_cases", lambda: iter([script.Case(models=2, layout="8 images")]))
    script.main(["--grids", "2", "--out", str(tmp_path / "crossings.csv")])
    (line,) = pd.read_csv(tmp_path / "crossings.csv").to_dict("records")
    assert (line["truth"], line["grids"]) == ("equal", 2)
