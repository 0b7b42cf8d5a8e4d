"""Trials' folders and executors' settings of strangers, as ``emseg-bench trial`` and ``run`` meet them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

FINGERPRINT = "a" * 64


@pytest.fixture
def folder(work: Path) -> Path:
    """A folder that is called as a trial's is."""
    made = work / "results/trials" / FINGERPRINT
    made.mkdir(parents=True)
    return made


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def outside(path: Path) -> None:
    (path.parents[3] / "elsewhere.json").write_text("{}")
    path.symlink_to(path.parents[3] / "elsewhere.json")


def deep(path: Path) -> None:
    path.write_text("[" * 100_000)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(8 << 30)


def numbers(path: Path) -> None:
    path.write_text(json.dumps({"seed": "9" * 5000, "model": [1] * 1000, "\x1b[31m": 1}))


@pytest.mark.parametrize(
    ("make", "gist"),
    [
        (fifo, "named pipe (FIFO)"),
        (device, "trial.json"),
        (outside, "trial.json"),
        (deep, "too deep"),
        (huge, "trial.json"),
        (numbers, "more than 300 digits"),
    ],
)
def test_a_plan_that_is_none_is_refused(attack, refused: Callable, folder: Path, make, gist: str) -> None:
    make(folder / "trial.json")
    refused(attack("trial", folder, "--device", "cpu"), gist)
    assert sorted(path.name for path in folder.iterdir()) == ["trial.json"]


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (None, "named pipe (FIFO)"),
        ("a: &a [*a, *a]\nlocal: {x: *a}", "executors.yaml"),
        ("local: {x: !!python/object:os.system {}}", "not valid YAML"),
        ("'\x1b]0;me\x07': {x: 1}", "executors.yaml"),
        ("local: {gpus: 1}", "local takes no options"),
        ("{" * 5000, "not valid YAML"),
    ],
)
def test_executors_settings_that_are_none_are_refused(
    attack, refused: Callable, work: Path, monkeypatch, content: str | None, gist: str
) -> None:
    path = work / "executors.yaml"
    monkeypatch.setenv("EMSEG_BENCH_EXECUTORS", str(path))
    if content is None:
        os.mkfifo(path)
    else:
        path.write_text(content)
    refused(attack("run", "--models", "unet", "--dry-run"), gist)
