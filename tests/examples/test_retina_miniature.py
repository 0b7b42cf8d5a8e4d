"""The miniature of RETINA's claim: its one command runs, and its statistics are right."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/retina_miniature"
DATA = ROOT.parent / "shared/data"


@pytest.fixture(scope="module")
def summary():
    spec = importlib.util.spec_from_file_location("retina_miniature_summary", EXAMPLE / "summary.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def scores(scratch, pretrained):
    starts = {"scratch": scratch, "pre-trained": pretrained}
    return pd.DataFrame(
        [
            {"dataset": "d", "start": start, "seed": seed, "mean_iou": value}
            for start, values in starts.items()
            for seed, value in enumerate(values)
        ]
    )


def test_the_verdict_is_the_reports(summary, tmp_path):
    """Whichever of the two the report names first, and whatever looks at no image."""
    table = {"title": "d", "dataset": "folder:d", "metric": {"name": "iou"}}
    rows = [
        {"model": "m@scratch", "initialisation": "scratch"},
        {"model": "m@file", "initialisation": "file"},
    ]
    report = tmp_path / "report"
    report.mkdir()
    (report / "leaderboard.json").write_text(json.dumps({"boards": [{**table, "rows": rows}]}))
    shared = {"board": "d", "metric": "iou", "scope": "on other images like these four"}
    pairs = [
        {**shared, "model": "m@scratch", "other": "all mito", "better_by": 0.5, "low": 0.4, "high": 0.6},
        {**shared, "model": "m@scratch", "other": "m@file", "better_by": 0.02, "low": -0.01, "high": 0.05},
    ]
    pd.DataFrame(pairs).to_csv(report / "comparisons.csv", index=False)
    verdict = summary.read_verdicts(tmp_path).loc["d"]
    found = summary.compare("d", scores([0.2, 0.4, 0.3, 0.5], [0.25, 0.43, 0.36, 0.49]), verdict)
    assert (found.low, found.difference, found.high) == pytest.approx((-0.05, -0.02, 0.01))
    assert (found.scope, found.seeds, found.ahead) == ("on other images like these four", 4, 3)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the real data are not beside this repository")
def test_one_command_does_it_all_and_its_repetition_nothing(warm, tmp_path):
    command = [warm / "python", EXAMPLE / "run.py", "--data", DATA, "--work", tmp_path / "m", "--smoke"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    out = tmp_path / "m/summary"
    table = pd.read_csv(out / "scores.csv")
    assert len(table) == 4
    assert set(table["dataset"]) == {"vnc"}
    assert (out / "scores.png").stat().st_size > 10_000
    assert "| vnc | 2 |" in (out / "summary.md").read_text()
    records = sorted((tmp_path / "m/results").glob("trials/*/record.json"))
    before = [record.stat().st_mtime_ns for record in records]
    assert subprocess.run(command, capture_output=True, timeout=1200).returncode == 0
    assert [record.stat().st_mtime_ns for record in records] == before


def test_missing_data_are_named(warm, tmp_path):
    command = [warm / "python", EXAMPLE / "run.py", "--data", tmp_path, "--work", tmp_path / "m"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert (done.returncode, "has no folder vnc, cdeep3m_mito" in done.stderr) == (1, True)
