"""``run --dry-run --resolve``: said before anything runs; wrong values have one sentence."""

from __future__ import annotations

import json

import pytest

COMMAND = ("run", "--models", "toy", "--datasets", "toy-data", "--recipe", "smoke")


@pytest.fixture
def toys(toy_path, monkeypatch):
    monkeypatch.syspath_prepend(str(toy_path))
    monkeypatch.setenv("PYTHONPATH", str(toy_path))


def test_a_plan_says_what_it_takes(toys, invoke):
    found = invoke(*COMMAND, "--dry-run", "--resolve", "0.02", "--json")
    assert found.code == 0, found.err
    (need,) = json.loads(found.out)["resolve"]
    assert (need["difference"], need["source"]) == (0.02, "typical")
    assert need["assumed"][0]["seeds"] > 2
    assert any("retina_miniature" in text for text in need["told"])


@pytest.mark.parametrize("value", ["0", "-1", "nan", "1e9", "1", "much", ""])
def test_a_wrong_difference_has_one_sentence(toys, invoke, value):
    found = invoke(*COMMAND, "--dry-run", f"--resolve={value}")
    assert found.code == 2
    assert found.err.startswith("error: got --resolve")
    assert found.err.count("\n") == 1


def test_without_a_dry_run_it_is_refused(toys, invoke):
    found = invoke(*COMMAND, "--resolve", "0.02")
    assert (found.code, "give it together with --dry-run" in found.err) == (2, True)
