"""Packages that ``emseg-bench plugins new`` writes: they load, keep their own tests and are lint-clean."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from emseg_bench.benchmark.plugins.kinds import KINDS
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.plugins.plugin_writing import STARTS, write_plugin
from emseg_bench.cli.plugin_starting import NewKind

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> dict[str, Path]:
    """Write a package of every kind; give their folders."""
    parent = tmp_path_factory.mktemp("new")
    catalogue = load_plugins([]).catalogue
    return {kind: write_plugin(f"emseg-my-{kind}", kind, parent / "deep", catalogue) for kind in STARTS}


@pytest.fixture
def site(packages, tmp_path, monkeypatch, make_distribution) -> Path:
    """Install all of them in this process, as their own pyproject.toml says."""
    for kind, folder in packages.items():
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        points = project["entry-points"]["emseg_bench"]
        make_distribution(tmp_path, project["name"], points, project["version"])
        monkeypatch.syspath_prepend(str(folder / "src"))
        assert project["name"] == f"emseg-my-{kind}"
    return tmp_path


def test_every_kind_can_be_asked_for():
    assert [kind.value for kind in NewKind] == list(STARTS)
    assert [start.kind for start in STARTS.values()] == [*KINDS]


def test_plugin_manager_finds_what_they_offer(site):
    found = [point for dist in distributions(path=[str(site)]) for point in dist.entry_points]
    catalogue = load_plugins(found).catalogue
    assert catalogue.problems == []
    for name, kind in STARTS.items():
        registry = catalogue.registry(kind.kind)
        assert [card.name for card in registry] == [f"my-{name}"]
        assert registry.offers[f"my-{name}"].distribution == f"emseg-my-{name}"


@pytest.mark.slow
def test_their_own_tests_pass(packages, site):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(site), *(str(folder / "src") for folder in packages.values())]),
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            packages["model"] / "pyproject.toml",
            *packages.values(),
        ],
        cwd=site,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_they_are_lint_clean(packages):
    (parent,) = {folder.parent for folder in packages.values()}
    for command in (
        ["check", parent],
        ["format", "--check", parent],
        ["check", "--config", ROOT / "pyproject.toml", *(folder / "src" for folder in packages.values())],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_command_writes_it_where_it_is_told_to(invoke, work):
    done = invoke("plugins", "new", "Emseg_Mine", "--kind", "metric", "--out", "packages")
    assert done.code == 0, done.err
    assert "wrote packages/emseg-mine: a metric called 'mine'" in done.out
    assert (work / "packages/emseg-mine/src/emseg_mine/metric.py").exists()
    assert [path.name for path in (work / "packages").iterdir()] == ["emseg-mine"]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("2fast", "model", "got '2fast' as a name, expected letters, digits and -"),
        ("../up", "model", "got '../up' as a name"),
        ("class", "model", "got 'class' as a name"),
        ("mine-", "model", "got 'mine-' as a name"),
        ("torch", "model", "there is a module called torch already"),
        ("emseg-unet", "model", "the model name 'unet' is taken already"),
        ("emseg-local", "executor", "the executor name 'local' is taken already"),
        ("emseg-mine", "modell", "'modell' is not one of"),
    ],
)
def test_names_that_cannot_be(invoke, work, name, kind, expected):
    done = invoke("plugins", "new", name, "--kind", kind)
    assert done.code == 2
    assert expected in done.err
    assert not any(work.iterdir())


def test_nothing_is_overwritten(invoke, work):
    (work / "emseg-mine").mkdir()
    done = invoke("plugins", "new", "emseg-mine", "--kind", "model")
    assert done.code == 2
    assert "emseg-mine exists already; choose another name, or another place with --out" in done.err
    assert not any((work / "emseg-mine").iterdir())


def test_place_that_cannot_be_written(invoke, work):
    (work / "file").touch()
    done = invoke("plugins", "new", "emseg-mine", "--kind", "model", "--out", "file")
    assert done.code == 2
    assert "cannot write file/emseg-mine" in done.err
