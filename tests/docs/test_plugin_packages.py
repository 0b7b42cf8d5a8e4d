"""The packages and examples of docs/plugins.md, each installed as a distribution of its own, and used."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distributions
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from emseg_bench.testing.findings import name_of
from emseg_bench.testing.naming import find_targets
from emseg_bench.testing.running import run_check
from safetensors.torch import save_file
from torch import nn

DOCUMENT = Path(__file__).parents[2] / "docs/plugins.md"
FILE = re.compile(r'^```\w+ title="(?P<package>\w+)/(?P<name>[^"]+)"\n(?P<text>.*?)^```$', re.M | re.S)
EXAMPLE = re.compile(r"^### `emseg_(?P<hook>\w+)\(.*?^```python\n(?P<text>.*?)^```$", re.M | re.S)

PACKAGES = {"islands", "ramp", "here", "hours", "diary"}
TRIAL = (
    *("run", "--models", "ramp@lab", "--datasets", "islands", "--executor", "here"),
    *("--recipe", "gentle", "--set", "recipe.iterations=4", "--set", "recipe.crop=32"),
    *("--set", "recipe.loss=focal[gamma=3]", "--set", "recipe.schedule=stairs"),
    *("--set", "recipe.optimiser=signs", "--set", "recipe.augmentation=corners[flip=0.1]"),
    *("--protocol", "lab-2026", "--set", "protocol.metrics=[dice, balance]"),
    *("--set", "protocol.postprocess=keep-largest", "--set", "protocol.window=64"),
)
"""A trial in which nearly everything is a plugin's."""


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install every package, and every hook's example as a package like the first one; give the folder."""
    site = tmp_path_factory.mktemp("site")
    text = DOCUMENT.read_text()
    for file in FILE.finditer(text):
        if file["name"] == "pyproject.toml":
            project = tomllib.loads(file["text"])
            modules = [f"{name}.py" for name in project["tool"]["setuptools"]["py-modules"]]
            own = [one["name"] for one in FILE.finditer(text) if one["package"] == file["package"]]
            assert sorted(own) == sorted([*modules, "pyproject.toml"])
            points = project["project"]["entry-points"]["emseg_bench"]
            describe(site, project["project"]["name"], project["project"]["version"], points)
        else:
            (site / file["name"]).write_text(file["text"])
    for example in EXAMPLE.finditer(text):
        module = f"emseg_example_{example['hook']}"
        (site / f"{module}.py").write_text(example["text"])
        describe(site, module.replace("_", "-"), "1.0", {example["hook"]: module})
    return site


def describe(site: Path, name: str, version: str, points: dict[str, str]) -> None:
    """Write a distribution's metadata, as an installer does."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{key} = {value}" for key, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[emseg_bench]", *lines, ""]))


@pytest.fixture
def installed(install: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make them importable in this process."""
    monkeypatch.syspath_prepend(str(install))
    yield install
    for file in install.glob("*.py"):
        sys.modules.pop(file.stem, None)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """Publish the dataset's archive on this machine; give its address."""
    folder = tmp_path / "published"
    folder.mkdir()
    rng = np.random.default_rng(0)
    labels = np.zeros((20, 64, 64), np.uint8)
    labels[:, 10:30, 20:50] = 1
    images = (60 + 120 * labels + rng.integers(0, 40, labels.shape)).astype(np.uint8)
    with zipfile.ZipFile(folder / "islands.zip", "w") as archive:
        for name, stack in (("images", images), ("labels", labels)):
            content = io.BytesIO()
            tifffile.imwrite(content, stack)
            archive.writestr(f"{name}.tif", content.getvalue())
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/islands.zip"
        server.shutdown()
        thread.join()


@pytest.fixture
def command(install: Path, warm: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run emseg-bench in a process of its own, with all of them installed."""
    work = tmp_path / "work"
    work.mkdir()
    proxies = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}
    environment = {name: value for name, value in os.environ.items() if name not in proxies} | {
        "PYTHONPATH": str(install),
        "EMSEG_BENCH_CACHE": str(tmp_path / "cache"),
        "RAMP_WEIGHTS": str(tmp_path / "lab.safetensors"),
        "DIARY": str(tmp_path / "diary.jsonl"),
        "COLUMNS": "200",
    }
    program = warm / "emseg-bench"
    return lambda *arguments: subprocess.run(
        [program, *arguments], cwd=work, env=environment, capture_output=True, text=True, timeout=1200
    )


def test_all_are_there_and_sound(installed, invoke):
    assert {file["package"] for file in FILE.finditer(DOCUMENT.read_text())} == PACKAGES
    found = json.loads(invoke("plugins", "list", "--json").out)
    here = {dist.name for dist in distributions(path=[str(installed)])}
    ours = {one["distribution"]: one for one in found if one["distribution"] in here}
    assert ours.keys() == here
    assert [one["problems"] for one in ours.values() if one["problems"]] == []
    assert ours["emseg-diary"]["trial_events"] == [
        "emseg_trial_started",
        "emseg_trial_event",
        "emseg_trial_finished",
    ]
    assert invoke("describe", "optimiser", "signs").code == 0
    assert "half" not in invoke("list", "recipes").err
    assert "gentle" in invoke("list", "recipes").out


@pytest.mark.slow
def test_all_keep_the_contract(installed, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIARY", str(tmp_path / "diary.jsonl"))
    torch.set_num_threads(1)
    kept = 0
    for dist in distributions(path=[str(installed)]):
        for target in find_targets(dist.name):
            bench = target.open()
            untimed = [check for check in target.checks if name_of(check) != "import time"]
            outcomes = [run_check(check, target.name, bench) for check in untimed]
            assert [one for one in outcomes if one.status != "passed"] == []
            kept += len(outcomes)
    assert kept > 150
    assert len((tmp_path / "diary.jsonl").read_text().splitlines()) == 3


@pytest.mark.slow
def test_a_trial_of_nothing_but_plugins(command, mirror, tmp_path):
    without_weights = command(*TRIAL, "--dry-run")
    assert without_weights.returncode == 2
    assert "lab.safetensors is not here; set RAMP_WEIGHTS to the lab's" in without_weights.stderr
    save_file(nn.Conv2d(1, 1, 3).state_dict(), tmp_path / "lab.safetensors")
    without_data = command(*TRIAL, "--dry-run")
    assert without_data.returncode == 2
    assert "emseg-bench data fetch islands" in without_data.stderr
    fetched = command("data", "fetch", "islands", "--url", mirror)
    assert fetched.returncode == 0, fetched.stderr

    done = command(*TRIAL)
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = (json.loads(path.read_text()) for path in (tmp_path / "work").rglob("record.json"))
    assert record["status"] == "complete"
    assert record["initialisation"] == "lab.safetensors: all 2 tensors loaded"
    assert {(one["kind"], one["name"]) for one in record["spec"]["methods"]} == {
        ("loss", "focal[gamma=3]"),
        ("schedule", "stairs[steps=3]"),
        ("optimiser", "signs[decay=true]"),
        ("augmentation", "corners[flip=0.1]"),
        ("post-processing step", "keep-largest"),
    }
    started, tested, finished = map(json.loads, (tmp_path / "diary.jsonl").read_text().splitlines())
    assert (started["model"], started["dataset"], started["seed"]) == ("ramp@lab", "islands", 0)
    assert tested.pop("windows") > 0
    assert tested == {"trial": started["trial"]}
    assert finished["status"] == "complete"
    assert finished["loss"] > 0
    assert 0 <= finished["dice"] <= 1
    assert f"ramp@lab on islands, seed 0: {started['trial']}" in done.stdout + done.stderr

    report = tmp_path / "work/results/report"
    page = (report / "index.html").read_text()
    (figure,) = re.findall(r'src="(figures/hours-[^"]+\.svg)" alt="Hours of training"', page)
    assert "<svg" in (report / figure).read_text()
    assert "Thanks to ramp@lab." in page
    assert "Area balance" in page
    assert re.search(r"^- ramp@lab: 0\.0\d h$", (report / "leaderboard.md").read_text(), re.M)

    for kind in ("list", "describe"):
        told = command(kind, *{"list": ["decoders"], "describe": ["decoder", "sure"]}[kind])
        assert "connected pixels of a class that are probable enough" in told.stdout
    tifffile.imwrite(tmp_path / "work/i.tif", np.arange(64 * 48, dtype=np.uint8).reshape(64, 48))
    weights = next((tmp_path / "work").rglob("weights.safetensors"))
    decoding = ("predict", "i.tif", "--weights", str(weights), "--out", "maps", "--decoder")
    segmented = command(*decoding, "sure[least=0.4]")
    assert segmented.returncode == 0, segmented.stderr
    with tifffile.TiffFile(tmp_path / "work/maps/instances/i.tif") as file:
        told = file.imagej_metadata["Info"]
    assert "sure[least=0.4] of emseg-example-decoders 1.0: connected pixels" in told
    other = command(*decoding, "sure")
    assert (other.returncode, "made otherwise" in other.stderr) == (2, True)

    again = command(*TRIAL[:6], "by-length[longest_first=true]", *TRIAL[7:])
    assert again.returncode == 0, again.stderr
    assert len((tmp_path / "diary.jsonl").read_text().splitlines()) == 3, "it ran again"
