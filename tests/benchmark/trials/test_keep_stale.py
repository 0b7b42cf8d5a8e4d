"""Trials that other code made: retrained, or kept and marked, and never in one mean with today's."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from emseg_bench.benchmark.files import hashing

pytestmark = pytest.mark.slow

TOY = (
    *("run", "--models", "toy", "--datasets", "toy-data", "--device", "cpu", "--threads", "1"),
    *("--set", "recipe.iterations=2", "--set", "recipe.batch_size=2", "--set", "recipe.crop=32"),
)
TRAINING = "emseg-bench's code for training"


@pytest.fixture
def outcome(toy: Path, invoke):
    def run(*arguments: str):
        done = invoke(*TOY, "--json", *arguments)
        assert done.code == 0, done.err
        return json.loads(done.out)

    return run


@pytest.fixture
def edit_engine(monkeypatch):
    """Let the engine's code for training be another than it was."""

    def edit() -> None:
        other = {**hashing.ENGINE, "training": ("training/loss.py",)}
        monkeypatch.setattr(hashing, "ENGINE", other)

    return edit


def rows(work: Path) -> dict[str, list[int]]:
    """Seeds of each row of the only board, by the row's name."""
    (board,) = json.loads((work / "results/report/leaderboard.json").read_text())["boards"]
    return {row["model"]: [seed["seed"] for seed in row["seeds"]] for row in board["rows"]}


def remarks(work: Path) -> str:
    (board,) = json.loads((work / "results/report/leaderboard.json").read_text())["boards"]
    return " ".join(board["remarks"])


def test_an_edited_engine(outcome, invoke, work, edit_engine):
    first = outcome("--seeds", "2")
    assert rows(work) == {"toy@scratch": [0, 1]}
    edit_engine()

    plan = invoke(*TOY, "--seeds", "3", "--keep-stale", "--dry-run")
    assert "3 trials, 0 complete already, 2 kept though stale" in plan.out
    assert plan.out.count("kept though stale") == 4  # both rows, and the note
    assert f"2 trials are kept though stale, since {TRAINING} changed." in " ".join(plan.out.split())
    data = json.loads(invoke(*TOY, "--seeds", "3", "--keep-stale", "--dry-run", "--json").out)
    assert [trial["kept"] for trial in data["trials"]] == [*first["ran"], None]
    assert all(Path(trial["folder"]).name == trial["kept"] for trial in data["trials"][:2])
    again = invoke(*TOY, "--seeds", "3", "--dry-run").out
    assert "run again, since" in again
    assert "--keep-stale would keep them." in " ".join(again.split())

    # What is missing runs; what is stale does not, and stands in a row of its own.
    second = outcome("--seeds", "3", "--keep-stale")
    assert len(second["ran"]) == 1
    assert (sorted(second["kept"].values()), second["cached"]) == (sorted(first["ran"]), [])
    assert rows(work) == {"toy@scratch": [2], "toy@scratch \N{DAGGER}": [0, 1]}
    assert f"since toy@scratch \N{DAGGER} ran, {TRAINING} changed" in remarks(work)
    assert "toy@scratch \N{DAGGER}" in (work / "results/report/index.html").read_text()
    assert "| toy@scratch \N{DAGGER} |" in (work / "results/report/leaderboard.md").read_text()
    with (work / "results/report/leaderboard.csv").open(newline="") as file:
        lines = {line["model"]: line for line in csv.DictReader(file)}
    assert {*lines} == {"toy@scratch", "toy@scratch \N{DAGGER}"}
    assert len({line["identity"] for line in lines.values()}) == 1
    assert invoke("report").code == 0
    assert rows(work) == {"toy@scratch": [2], "toy@scratch \N{DAGGER}": [0, 1]}

    # Without it they are retrained and left out, until they are asked for.
    third = outcome("--seeds", "3")
    assert (len(third["ran"]), third["kept"]) == (2, {})
    assert rows(work) == {"toy@scratch": [0, 1, 2]}
    assert "\N{DAGGER}" not in remarks(work)
    assert invoke("report", "--keep-stale").code == 0
    assert rows(work) == {"toy@scratch": [0, 1, 2], "toy@scratch \N{DAGGER}": [0, 1]}
    shown = invoke(*TOY, "--seeds", "3", "--keep-stale").out
    assert "toy@scratch \N{DAGGER}" in shown
    assert invoke("report").code == 0
    assert rows(work) == {"toy@scratch": [0, 1, 2]}


def test_an_edited_plugin(outcome, invoke, work, toy):
    first = outcome()
    source = toy / "emseg_toy_parts.py"
    code = source.read_text()
    source.write_text(f"{code}\nEDITED = True\n")
    kept = outcome("--keep-stale")
    assert (kept["ran"], [*kept["kept"].values()]) == ([], first["ran"])
    assert rows(work) == {"toy@scratch \N{DAGGER}": [0]}
    told = "the code of toy and the code that reads toy-data changed"
    assert told in remarks(work)
    assert invoke("report").code == 0
    assert told in remarks(work)
    assert outcome()["ran"]
    assert rows(work) == {"toy@scratch": [0], "toy@scratch \N{DAGGER}": [0]}

    # With the old file back the old trial is today's, and the page says so although nothing ran.
    source.write_text(code)
    back = outcome()
    assert (back["ran"], back["cached"]) == ([], first["ran"])
    assert told in remarks(work)
    (board,) = json.loads((work / "results/report/leaderboard.json").read_text())["boards"]
    (today,) = (row for row in board["rows"] if not row["outdated"])
    assert today["seeds"][0]["fingerprint"] == first["ran"][0]


def test_other_data_and_settings_are_never_kept(outcome, toy):
    assert outcome()["ran"]
    (toy / "toy_seed").write_text("5")
    assert outcome("--keep-stale")["ran"]
    assert outcome("--keep-stale", "--set", "recipe.learning_rate=0.01")["ran"]
