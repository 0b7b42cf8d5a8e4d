"""What the terminal repeats of the report's tables over data sets."""

from __future__ import annotations

import json

import pytest
from emseg_bench.benchmark.files.store import Store
from emseg_bench.cli.reporting import told_across


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"across": [{"summary": "Over 3 data sets, a leads."}]}, ["Over 3 data sets, a leads."]),
        ({"across": []}, []),
        ({"boards": []}, []),
        ({"across": 3}, []),
        ({"across": {"summary": "x"}}, []),
        ({"across": [1, {"title": "x"}, {"summary": 3}]}, []),
        ([], []),
    ],
)
def test_sentences_over_data_sets(tmp_path, content, told) -> None:
    store = Store(tmp_path)
    store.report.mkdir(parents=True)
    (store.report / "leaderboard.json").write_text(json.dumps(content))
    assert told_across(store) == told


def test_without_a_report_nothing_is_told(tmp_path) -> None:
    assert told_across(Store(tmp_path)) == []
