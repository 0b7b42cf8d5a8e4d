"""What the installed command does to the process that is its own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import gc, sys
from emseg_bench.cli import app
app.main = lambda: print(gc.isenabled(), gc.get_freeze_count() > 0)
sys.argv = ["emseg-bench", *sys.argv[1:]]
app.command()
print(gc.get_freeze_count() > 0)
"""


def test_it_is_what_is_installed() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"emseg-bench": "emseg_bench.cli:command"}


@pytest.mark.parametrize(("verb", "searches"), [("report", "False"), ("run", "True")])
def test_reports_are_made_without_searches_for_cycles_and_nothing_is_searched_at_the_end(
    verb: str, searches: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", CODE, verb], capture_output=True, text=True, check=True, timeout=240
    )
    assert done.stdout.split() == [searches, "False", "True"]
