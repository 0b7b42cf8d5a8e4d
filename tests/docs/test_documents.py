"""The documents do what they say: every command in them is run, every link leads somewhere.

The README's commands run as installed; those of other pages start warm (``tests/warm.py``) on Linux.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.pretraining import PretrainingRecipe
from emseg_bench.benchmark.contracts.settings import Recipe
from emseg_bench.benchmark.experiments.presets import recipes

ROOT = Path(__file__).parents[2]
COLD = {"README.md"}
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    language: str
    title: str | None
    text: str


def blocks(document: Path) -> list[Block]:
    return [Block(**match.groupdict()) for match in FENCE.finditer(document.read_text())]


def with_commands() -> list[Path]:
    return [
        document for document in DOCUMENTS if any(block.language == "console" for block in blocks(document))
    ]


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("document", with_commands(), ids=lambda path: path.name)
def test_commands_run(document, tmp_path, make_distribution, request):
    folder, installed = tmp_path / "work", Path(sys.executable).parent
    folder.mkdir()
    places = [] if document.name in COLD else [request.getfixturevalue("warm")]
    environment = {
        **os.environ,
        "PATH": ":".join(map(str, [*places, installed, os.environ["PATH"]])),
        "PYTHONPATH": str(folder),
    }
    for block in blocks(document):
        if block.title:
            (folder / block.title).parent.mkdir(exist_ok=True)
            (folder / block.title).write_text(block.text)
        if block.title == "pyproject.toml":
            make_distribution(folder, "emseg-linear", {"linear": "emseg_linear"})
        if block.language == "console":
            run_console(block.text, folder, environment)


def run_console(text: str, folder: Path, environment: dict[str, str]) -> None:
    for line in text.splitlines():
        assert line.startswith("$ "), f"a console block holds commands only, got {line!r}"
        done = subprocess.run(
            ["bash", "-c", line.removeprefix("$ ")],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
        if not target.startswith(("http:", "https:")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_blocks_compile(document):
    for block in blocks(document):
        if block.language == "python":
            compile(block.text, document.name, "exec")


def test_recipes_table_is_true():
    text = (ROOT / "docs/running.md").read_text()
    ours = [recipes()[name] for name in ("smoke", "quick", "standard")]
    sizes = [f"{r.iterations:,} × {r.batch_size}".replace(",", " ") for r in ours]
    assert f"| iterations × batch | {' | '.join(sizes)} |" in text
    assert f"| crop (px) | {' | '.join(str(r.crop) for r in ours)} |" in text
    shared = {(r.optimiser, r.schedule, r.foreground_crops) for r in ours}
    assert shared == {("adamw", "cosine", 0.5)}


def test_readme_test_command_is_what_ci_runs():
    (command,) = [
        block.text.strip() for block in blocks(ROOT / "README.md") if block.text.strip().endswith("/tox")
    ]
    assert command in (ROOT / ".ci/run").read_text()


def test_set_keys_in_the_documents_exist():
    keys = {*Recipe.__dataclass_fields__, *PretrainingRecipe.__dataclass_fields__}
    for document in DOCUMENTS:
        for key in re.findall(r"--set recipe\.([a-z_]+)=", document.read_text()):
            assert key in keys, f"{document.name}: recipe.{key}"


def test_installed_command_is_the_one_that_is_tested():
    assert shutil.which("emseg-bench", path=str(Path(sys.executable).parent))
