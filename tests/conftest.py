"""What tests of several rooms share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
Command = Callable[..., subprocess.CompletedProcess[str]]


def make_distribution(folder: Path, name: str, entry_points: dict[str, str], version: str = "1.0") -> Path:
    """Write a distribution's metadata, as an installer does."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{key} = {value}" for key, value in entry_points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[emseg_bench]", *lines, ""]))
    return info


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's cache out of the tests, and the tests out of it; converted data is shared."""
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def toy_path(tmp_path: Path) -> Path:
    """A folder that, on the module path, installs the plugin ``emseg-toy``."""
    folder = tmp_path / "site"
    folder.mkdir()
    for file in (TESTS / "toy").glob("*.py"):
        (folder / file.name).write_bytes(file.read_bytes())
    make_distribution(folder, "emseg-toy", {"toy": "emseg_toy"})
    return folder


@pytest.fixture
def toy(toy_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the plugin ``emseg-toy`` in this process; gives its folder."""
    monkeypatch.syspath_prepend(str(toy_path))
    yield toy_path
    for name in ("emseg_toy", "emseg_toy_parts"):
        sys.modules.pop(name, None)


@pytest.fixture
def command(toy_path: Path, tmp_path: Path) -> Command:
    """Run ``emseg-bench`` in an empty folder, with the plugin ``emseg-toy`` installed."""
    folder = tmp_path / "work"
    folder.mkdir(exist_ok=True)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).parent / "emseg-bench", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(toy_path), "COLUMNS": "160", **environment},
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run
