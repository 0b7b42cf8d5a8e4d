"""``emseg-bench demo``: every step by a command that is shown and can be repeated."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COMMAND = re.compile(r"^\$ emseg-bench (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    returncode: int


@pytest.fixture
def ran(monkeypatch):
    """Take the commands of a demo in place of running them; a run leaves a leaderboard."""
    taken = []

    def run(command, check):
        words = command[command.index("-c") + 2 :]
        taken.append(words)
        if words[0] == "run":
            report = Path(words[words.index("--out") + 1]) / "report"
            report.mkdir(parents=True)
            told = {"boards": [{"rows": [{"model": "fpn@scratch"}, {"model": "unet@scratch"}]}]}
            (report / "leaderboard.json").write_text(json.dumps(told))
        return Ended(2 if words[:3] == ["data", "inspect", "folder:broken"] else 0)

    monkeypatch.setattr(subprocess, "run", run)
    return taken


def test_every_step_is_shown_as_it_runs(invoke, ran, work):
    done = invoke("demo")
    assert done.code == 0, done.err
    assert [shlex.split(found) for found in COMMAND.findall(done.out)] == ran
    assert [words[0] for words in ran] == ["data", "data", "run", "report", "predict"]
    assert ran[-1][1:4] == ["emseg-demo/new", "--model", "emseg-demo/results:fpn@scratch"]
    assert "synthetic" in done.out
    images = sorted((work / "emseg-demo" / "tissue" / "test" / "images").iterdir())
    masks = sorted((work / "emseg-demo" / "tissue" / "test" / "masks").iterdir())
    assert [one.name for one in images] == [one.name for one in masks] != []
    assert np.asarray(Image.open(masks[0])).max() <= 4


def test_help_says_that_the_images_are_synthetic(invoke):
    done = invoke("demo", "--help")
    assert "synthetic" in done.out
    assert "no" in done.out


def test_own_data_take_the_place(invoke, ran, work):
    (work / "cells").mkdir()
    (work / "new.png").touch()
    done = invoke("demo", "--data", "cells", "--new", "new.png", "--out", "o")
    assert done.code == 0, done.err
    assert ran[0] == ["data", "inspect", "folder:cells"]
    assert ran[-1][:2] == ["predict", "new.png"]
    assert "synthetic" not in done.out
    assert not (work / "o" / "tissue").exists()


def test_without_new_images_the_last_step_is_told(invoke, ran):
    done = invoke("demo", "--data", "volume:cells")
    assert done.code == 0
    assert [words[0] for words in ran] == ["data", "run", "report"]
    assert "$ emseg-bench predict NEW_IMAGES --model" in done.out
    assert "--new" in done.out.splitlines()[-3]


def test_a_step_that_fails_ends_it_with_its_code(invoke, ran):
    done = invoke("demo", "--data", "folder:broken")
    assert done.code == 2
    assert len(ran) == 1


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (["--new", "x.png"], "--new goes with --data"),
        (["--data", "folder:x", "--new", "nowhere"], "nowhere is not there"),
    ],
)
def test_wrong_input(invoke, ran, arguments, gist):
    done = invoke("demo", *arguments)
    assert done.code == 2
    assert gist in done.err
    assert ran == []


def test_a_folder_that_cannot_be_written(invoke, ran, work):
    (work / "file").touch()
    done = invoke("demo", "--out", "file")
    assert done.code == 2
    assert "choose another --out" in done.err


@pytest.mark.slow
def test_the_whole_way(invoke, work):
    done = invoke("demo", "--out", "o")
    assert done.code == 0, done.err + done.out
    new = sorted((work / "o" / "new").iterdir())
    for image in new:
        with Image.open(image) as source, Image.open(work / "o" / "segmented" / image.name) as labels:
            assert labels.size == source.size
            assert np.asarray(labels).max() <= 4
    assert (work / "o" / "results" / "report" / "index.html").exists()
