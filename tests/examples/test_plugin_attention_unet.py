"""The example of a third-party plugin, as its users meet it: from a wheel, in an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/plugin-attention-unet"
UNNEEDED = ("tests", "docs", "examples", "build", "dist", "results", "*.egg-info", "__pycache__", ".*")

RUN = (
    *("run", "--models", "attention-unet[width=4],unet", "--recipe", "smoke", "--json"),
    *("--datasets", "synthetic-em[train=2,val=1,test=2]", "--device", "cpu", "--threads", "1"),
    *("--set", "recipe.iterations=2", "--set", "recipe.crop=64", "--set", "protocol.overlap=0"),
)


@dataclass(frozen=True)
class Environment:
    """A fresh virtual environment; what our packages depend on comes from the one that runs the tests."""

    folder: Path

    def run(self, command: str, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        unwanted = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_CONSTRAINT"}
        done = subprocess.run(
            [self.folder / "env/bin" / command, *arguments],
            cwd=self.folder,
            env={key: value for key, value in os.environ.items() if key not in unwanted},
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert done.returncode == expect, f"{command} {arguments}\n{done.stdout}\n{done.stderr}"
        return done


def build_wheel(source: Path, folder: Path) -> Path:
    """Build a wheel out of a copy, so that nothing is left in the source; needs no network."""
    copy = folder / "source" / source.name
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(*UNNEEDED))
    script = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", script, folder / "wheels"], cwd=copy, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    name = "emseg_bench" if source == ROOT else source.name.replace("plugin-", "emseg_").replace("-", "_")
    (wheel,) = (folder / "wheels").glob(f"{name}-*.whl")
    return wheel


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("plugin")
    wheels = [build_wheel(source, folder) for source in (ROOT, EXAMPLE)]
    venv.create(folder / "env", with_pip=True)
    environment = Environment(folder)
    environment.run("pip", "install", "--quiet", "--no-deps", "--no-index", *map(str, wheels))
    (site,) = (folder / "env/lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment


@pytest.mark.slow
def test_install_run_uninstall_report(environment):
    ours = environment.run("python", "-c", "import emseg_bench; print(emseg_bench.__file__)").stdout
    assert Path(ours).is_relative_to(environment.folder), "not the one that runs the tests"
    (listed,) = [
        row
        for row in json.loads(environment.run("emseg-bench", "list", "models", "--json").stdout)
        if row["name"] == "attention-unet"
    ]
    assert listed["parameters"] == 8_891_844

    outcome = json.loads(environment.run("emseg-bench", *RUN).stdout)
    assert len(outcome["ran"]) == 2
    assert outcome["failed"] == {}
    providers = {
        record["spec"]["model"]["label"]: record["spec"]["model"]["provider"]["distribution"]
        for path in environment.folder.glob("results/trials/*/record.json")
        for record in [json.loads(path.read_text())]
    }
    assert providers == {
        "attention-unet[width=4]@scratch": "emseg-attention-unet",
        "unet@scratch": "emseg-bench",
    }

    # its templates are in the wheel
    environment.run("emseg-bench", "plugins", "new", "emseg-mine", "--kind", "model")
    assert (environment.folder / "emseg-mine/src/emseg_mine/network.py").exists()

    environment.run("pip", "uninstall", "--quiet", "--yes", "emseg-attention-unet")
    refused = environment.run("emseg-bench", *RUN, expect=2)
    assert "no model is called 'attention-unet'" in refused.stderr
    shutil.rmtree(environment.folder / "results/report")
    environment.run("emseg-bench", "report")
    table = (environment.folder / "results/report/leaderboard.csv").read_text()
    assert all(label in table for label in providers)
