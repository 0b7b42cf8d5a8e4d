"""Three models, as they come and tuned: the example's one command runs, and its repetition does nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/tuning_mito/run.py"
DATA = ROOT.parent / "shared/data"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the real data are not beside this repository")
def test_one_command_fills_both_divisions_and_its_repetition_nothing(warm, tmp_path):
    work = tmp_path / "m"
    command = [warm / "python", EXAMPLE, "--data", DATA, "--work", work, "--smoke"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((work / "results/report/leaderboard.json").read_text())
    assert {board["division"]: len(board["rows"]) for board in told["boards"]} == {"open": 3, "closed": 3}
    (both,) = told["divisions"]
    assert len(both["models"]) == 3
    records = sorted((work / "results").glob("trials/*/record.json"))
    assert len(records) == 3 * (2 + 2 + 2)
    before = [record.stat().st_mtime_ns for record in records]
    assert subprocess.run(command, capture_output=True, timeout=1200).returncode == 0
    assert [record.stat().st_mtime_ns for record in records] == before


def test_missing_data_are_named(warm, tmp_path):
    command = [warm / "python", EXAMPLE, "--data", tmp_path, "--work", tmp_path / "m"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert (done.returncode, "has no folder cdeep3m_mito" in done.stderr) == (1, True)
