"""Texts without bounds: in experiments, descriptions, settings, seeds and what files say of themselves."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def bomb(levels: int = 12) -> str:
    first = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    return first + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, levels))


NOBODY = """
import pwd

def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")

pwd.getpwuid = unknown
"""
YAML = {
    "aliases": (bomb(), "more than 200,000 values"),
    "20,000 levels": ("models: " + "[" * 20_000 + "]" * 20_000, "levels deep"),
    "impossible date": ("models: 2025-02-30", "out of range"),
    "10,000 digits": ("seeds: " + "9" * 10_000, "10,000 characters"),
    "a million minutes": ("seeds: 1" + ":1" * 1_000_000, "characters"),
    "a key twice": ("models: [unet]\nmodels: [retina]", "stands twice"),
    "code": ("models: !!python/object/apply:os.system ['true']", "the tag"),
    "a set": ("models: !!set {unet}", "the tag"),
    "an alias within itself": ("models: &a [*a]", "within what it stands for"),
    "NUL": ("models: [unet]\0", "not valid YAML"),
    "no UTF-8": (b"models: [\xff]", "no UTF-8"),
    "UTF-16": ("models: [unet]".encode("utf-16"), "no UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(1000), "not valid YAML"),
    "nothing": ("", "expected keys"),
    "a list": ("[1, 2]", "expected keys"),
    "five megabytes": ("#" * 5_000_000, "larger than"),
}
FRACTIONS = [share / 11 for share in range(1, 12)]
KEYS = "".join(f"k{number}: 1\n" for number in range(20_000))
EXPERIMENTS = {
    "seeds without end": ("models: [unet]\nseeds: 300000000", "10,000"),
    "no seeds": ("models: [unet]\nseeds: []", "seeds"),
    "too many trials": (f"models: [unet]\nseeds: 10000\nlabel_fractions: {FRACTIONS}", "110,000 trials"),
    "a fraction that is no number": ("models: [unet]\nlabel_fractions: [.nan]", "label_fractions"),
    "a fraction without end": ("models: [unet]\nlabel_fractions: [.inf]", "label_fractions"),
    "no models": ("models: []", "no model was asked for"),
    "a model of 5,000 characters": ("models: [" + "x" * 5000 + "]", "no model is called"),
    "a model twice": ("models: [unet, unet]", "twice"),
    "a path with NUL": ('models: [unet]\ndatasets: ["folder:/a\\0b"]', "x00b does not exist"),
    "a path of 5,000 characters": ("models: [unet]\ndatasets: ['folder:/" + "a" * 5000 + "']", "too long"),
    "20,000 wrong keys": ("models: [unet]\n" + KEYS, "more of this kind"),
    "a deep recipe": ("models: [unet]\nrecipe: " + "{a: " * 59 + "1" + "}" * 59, "no such key"),
    "metrics of nothing": ("models: [unet]\nprotocol: {metrics: ''}", "empty item"),
}
OPTIONS = {
    "seeds": (["--seeds", "300000000"], "10,000"),
    "seeds of 5,000 digits": (["--seeds", "9" * 5000], "--seeds"),
    "a seed beyond all": (["--seeds", "4294967296,1"], "less than 4294967296"),
    "negative seeds": (["--seeds=-1"], "--seeds"),
    "a seed twice": (["--seeds", "3,3"], "twice"),
    "half a seed": (["--seeds", "1.5"], "--seeds"),
    "superscript": (["--seeds", "²"], "--seeds"),
    "fractions": (["--label-fractions", "nan"], "got --label-fractions nan, expected numbers"),
    "no fractions": (["--label-fractions", ""], "--label-fractions"),
    "endless fractions": (["--label-fractions", "1e999"], "got --label-fractions 1e999, expected numbers"),
    "models": (["--models", ""], "empty item"),
    "blank models": (["--models", " , "], "empty item"),
    "a model twice": (["--models", "unet,unet"], "twice"),
    "deep settings": (["--set", "recipe." + "a." * 5000 + "b=1"], "expected --set"),
    "empty parts": (["--set", "recipe..a=1"], "expected --set"),
    "deep values": (["--set", "recipe.iterations=" + "[" * 20_000], "levels deep"),
    "many digits": (["--set", "recipe.iterations=" + "9" * 10_000], "10,000 characters"),
    "a setting that is a bomb": (["--set", f"recipe.iterations={bomb()}"], "values"),
    "an option's value": (["--models", "unet[encoder=" + r"\[" * 500 + "]"], "levels deep"),
    "brackets without partners": (["--models", f"unet[encoder={'[' * 500}]"], "expected NAME"),
    "a long dataset": (["--datasets", "x" * 5000], "no dataset is called"),
    "a long folder": (["--datasets", "folder:/" + "x" * 5000], "too long"),
    "a recipe of 100,000 characters": (["--recipe", "x" * 100_000], "no recipe is called"),
}


@pytest.mark.parametrize(("text", "words"), YAML.values(), ids=YAML)
def test_experiment_files(
    text: str | bytes, words: str, attack: Callable, refused: Callable, work: Path
) -> None:
    (work / "e.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    refused(attack("run", "e.yaml", "--dry-run"), words, "e.yaml")


@pytest.mark.parametrize(("text", "words"), EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_experiments(text: str, words: str, attack: Callable, refused: Callable, work: Path) -> None:
    (work / "e.yaml").write_text(text)
    refused(attack("run", "e.yaml", "--dry-run"), words)


@pytest.mark.parametrize(("arguments", "words"), OPTIONS.values(), ids=OPTIONS)
def test_options(arguments: list[str], words: str, attack: Callable, refused: Callable) -> None:
    models = [] if "--models" in arguments else ["--models", "unet"]
    refused(attack("run", *models, *arguments, "--dry-run"), words)


@pytest.fixture
def cells(work: Path) -> Path:
    rng = np.random.default_rng(0)
    for room in ("images", "masks"):
        (work / "cells" / room).mkdir(parents=True)
    for number in range(4):
        image = rng.integers(0, 255, (64, 64), dtype=np.uint8)
        name = f"{'a' * 60}{number}.png"
        Image.fromarray(image).save(work / "cells/images" / name)
        Image.fromarray((image > 200).astype(np.uint8)).save(work / "cells/masks" / name)
    return work / "cells"


@pytest.mark.parametrize("name", ["aliases", "20,000 levels", "impossible date", "code", "no UTF-8"])
def test_descriptions(name: str, attack: Callable, refused: Callable, cells: Path) -> None:
    text, words = YAML[name]
    (cells / "dataset.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    refused(attack("data", "inspect", "folder:cells"), words, "dataset.yaml")


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (r"^(?:(?:a|aa)+)+(b)$", ""),
        (r"^(?:\w+\s?)*(b)$", ""),
        ("(" * 300, "no regular expression"),
        ("(" + "a" * 3000 + ")", "characters"),
    ],
)
def test_expressions(groups: str, words: str, attack: Callable, refused: Callable, cells: Path) -> None:
    (cells / "dataset.yaml").write_text(f"groups: '{groups}'\n")
    refused(attack("data", "inspect", "folder:cells"), "groups", words)


def test_metadata_of_weights(attack: Callable, refused: Callable, work: Path) -> None:
    deep = json.dumps({"__metadata__": {"emseg-bench": "[" * 200_000}}).encode()
    for header in (deep, b"[" * 200_000, b'{"a":' * 100_000):
        (work / "w.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
        refused(attack("weights", "import", "w.safetensors"), "w.safetensors")


def test_records_of_the_cache(attack: Callable, refused: Callable, work: Path) -> None:
    (work / "cache/weights").mkdir(parents=True)
    (work / "cache/weights/index.json").write_text("[" * 200_000)
    ended = attack("weights", "list", environment={"EMSEG_BENCH_CACHE": str(work / "cache")})
    refused(ended, "index.json", "too deep", "remove it")


def test_a_damaged_cache_is_forgotten(attack: Callable, accepted: Callable, cells: Path, work: Path) -> None:
    environment = {"EMSEG_BENCH_CACHE": str(work / "cache")}
    accepted(attack("data", "inspect", "folder:cells", environment=environment))
    remembered = [*(work / "cache").rglob("*.json")]
    assert remembered
    for content in ("[" * 200_000, "{}", "null", '{"state": 3, "files": 7}', "\x00"):
        for path in remembered:
            path.write_text(content)
        accepted(attack("data", "inspect", "folder:cells", environment=environment))


def test_without_a_home_the_variable_is_named(work: Path) -> None:
    (work / "sitecustomize.py").write_text(NOBODY)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(work)}
    code = "from emseg_bench.cli import main; main()"
    for arguments in (["run", "--models", "unet", "--dry-run"], ["data", "list"], ["weights", "list"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, check=False
        )
        assert done.returncode == 2, done.stderr
        assert b"Set EMSEG_BENCH_CACHE to a folder" in done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.slow
def test_without_a_home_and_in_ascii_a_trial_runs_to_its_end(work: Path) -> None:
    (work / "sitecustomize.py").write_text(NOBODY)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(work),
        "EMSEG_BENCH_CACHE": str(work / "cache"),
        "PYTHONIOENCODING": "ascii",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
    }
    code = "from emseg_bench.cli import main; main()"
    data = "synthetic-em[size=64,train=2,val=1,test=1]"
    options = ["--models", "unet[encoder=resnet18]", "--datasets", data, "--recipe", "smoke"]
    settings = ["--set", "recipe.iterations=1", "--set", "protocol.window=64"]
    done = subprocess.run(
        [sys.executable, "-c", code, "run", *options, *settings],
        env=environment,
        capture_output=True,
        check=False,
        cwd=work,
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr + done.stdout
    (done.stdout + done.stderr).decode("ascii")
