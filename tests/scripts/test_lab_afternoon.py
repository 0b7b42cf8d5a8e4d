"""``scripts/lab_afternoon.py``: all steps of a lab, in their order, each with its time."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "lab_afternoon.py"


@dataclass(frozen=True)
class Ended:
    returncode: int
    stdout: str


@pytest.fixture
def go(tmp_path, monkeypatch):
    """Run the script on two folders, with commands that do nothing but what the next ones need."""
    taken = []
    for name, image in (("cells", "unlabelled/a.png"), ("volumes", "test/image.tif")):
        (tmp_path / name / image).parent.mkdir(parents=True)
        (tmp_path / name / image).touch()

    def go(advice="look at them:  emseg-bench data inspect folder:x\n", code=0):
        def run(command, stdout, text, check):
            words = command[command.index("-c") + 2 :]
            taken.append(words)
            if words[0] == "run":
                report = Path(words[words.index("--out") + 1]) / "report"
                report.mkdir(parents=True)
                told = {"boards": [{"rows": [{"model": "fpn@scratch"}]}]}
                (report / "leaderboard.json").write_text(json.dumps(told))
            return Ended(code, advice if words[:2] == ["data", "init"] else "")

        monkeypatch.setattr(subprocess, "run", run)
        data = [tmp_path / "cells", tmp_path / "volumes"]
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *map(str, data), "--out", str(tmp_path / "out")])
        runpy.run_path(str(SCRIPT), run_name="__main__")
        return taken

    go.taken = taken
    return go


def test_every_step_with_its_time(go, capsys, tmp_path):
    taken = go()
    steps = [
        *("data", "data", "run", "report", "predict", "export", "export", "bundle", "verify", "merge"),
    ]
    assert [words[0] for words in taken] == 2 * steps
    out = tmp_path / "out"
    segmented = [words[1:4] for words in taken if words[0] == "predict"]
    assert segmented == [
        [f"{out}/cells/data/unlabelled", "--model", f"{out}/cells/results:fpn@scratch"],
        [f"{out}/volumes/data/test/image.tif", "--model", f"{out}/volumes/results:fpn@scratch"],
    ]
    table = capsys.readouterr().out.partition("\nstep ")[2].splitlines()
    assert [line.split()[0] for line in table[1:]] == [*2 * steps, "all"]
    assert not (tmp_path / "cells" / "dataset.yaml").exists()


def test_data_that_need_a_hand_end_it(go):
    with pytest.raises(SystemExit, match="wants something to be mended"):
        go(advice="to check:\n  - it cannot be used as it is\n")
    assert len(go.taken) == 1


def test_a_step_that_fails_ends_it(go):
    with pytest.raises(SystemExit, match="exit code 2"):
        go(code=2)
    assert len(go.taken) == 1
