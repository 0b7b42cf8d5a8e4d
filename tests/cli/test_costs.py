"""``run`` says what it will take before it starts: by timed steps, then by what ran.  Budgets hold it."""

from __future__ import annotations

import json
import re

import pytest

pytestmark = pytest.mark.slow

PARTS = ("training_seconds", "validation_seconds", "test_seconds", "beside_seconds")
TOY = ("run", "--models", "toy", "--datasets", "toy-data", "--device", "cpu", "--threads", "1")
SMALL = ("--recipe", "smoke", "--set", "recipe.crop=32")


def test_estimate_then_stored_then_budget(toy, invoke, work):
    before = invoke(*TOY, *SMALL, "--dry-run")
    assert (before.code, "how long this takes is not known" in before.out) == (0, True)
    said = " ".join(before.out.split())
    assert "each toy@scratch on toy-data: training 4 steps; 1 validation of" in said
    assert re.search(r"test of \d+ cases, \d+ windows", said)
    timed = invoke(*TOY, *SMALL, "--dry-run", "--json", "--estimate")
    assert timed.code == 0, timed.err
    assert "timing a few steps of toy@scratch on toy-data" in timed.err
    cost = json.loads(timed.out)["cost"]
    ((_, trial),) = cost["trials"].items()
    assert (trial["source"], trial["seen"], cost["unknown"]) == ("timed", 3, 0)  # 4 steps, the first warms up
    assert all(trial[part]["middle"] > 0 for part in PARTS)
    assert trial["seconds"]["middle"] == pytest.approx(sum(trial[part]["middle"] for part in PARTS))
    assert cost["memory_mib"]["middle"] > 100

    refused = invoke(*TOY, *SMALL, "--budget", "0.001s")
    assert (refused.code, refused.out) == (2, "")
    assert "is over --budget 0.001s" in refused.err.splitlines()[-1]
    assert not (work / "results").exists()

    ran = invoke(*TOY, *SMALL, "--budget", "2d", "--json")
    assert ran.code == 0, ran.err
    profile = json.loads(next(work.glob("results/trials/*/record.json")).read_text())["profile"]
    again = invoke(*TOY, *SMALL, "--seeds", "3", "--dry-run", "--json")
    cost = json.loads(again.out)["cost"]
    assert {(one["source"], one["seen"]) for one in cost["trials"].values()} == {("stored", 1)}
    assert len(cost["trials"]) == 2
    for part in PARTS[:3]:
        stored = profile[part.replace("training", "train")]
        assert [one[part]["middle"] for one in cost["trials"].values()] == [pytest.approx(stored)] * 2
    told = invoke(*TOY, *SMALL, "--seeds", "3", "--dry-run")
    assert "for 2 trials, 1 at once" in told.out
    assert "stored trials of the same model, size, device and data" in told.out
    assert json.loads(invoke(*TOY, *SMALL, "--dry-run", "--json").out)["cost"]["trials"] == {}


def test_a_wrong_budget_is_told_first(invoke, work):
    done = invoke(*TOY, "--budget", "soon")
    assert (done.code, [*work.iterdir()]) == (2, [])
    assert "got --budget soon, expected a time above 0" in done.err
