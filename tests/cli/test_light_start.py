"""Listing costs next to nothing, however many models are installed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROBE = """
import sys
sys.argv = ["emseg-bench", *sys.argv[1:]]
from emseg_bench.cli import main
try:
    main()
finally:
    print(sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""
MANY = """
from emseg_bench import hookimpl
from emseg_bench.plugin import ModelCard


@hookimpl
def emseg_models():
    return [
        ModelCard(
            name=f"extra-{i}", family="cnn", description="d", factory="m:f", citation="c", licence="l"
        )
        for i in range(30)
    ]
"""
HEAVY = ("torch", "numpy", "pandas", "yaml", "pydantic", "rich", "optuna")


def check_nothing_heavy(arguments, folder, shows):
    """Run a command with plugins of `folder`; it must show a text, and import none of `HEAVY`."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROBE, *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "PYTHONPATH": str(folder), "EMSEG_BENCH_CACHE": str(folder / "cache")},
    )
    assert done.returncode == 0, done.stderr
    assert shows in done.stdout
    loaded = done.stderr.splitlines()[-1]
    assert [name for name in HEAVY if f"'{name}'" in loaded] == []


@pytest.mark.parametrize("arguments", [("list", "models"), ("list", "models", "--json")], ids=" ".join)
def test_listing_many_models_imports_nothing_heavy(arguments, tmp_path, make_distribution):
    (tmp_path / "many_models.py").write_text(MANY)
    make_distribution(tmp_path, "many-models", {"many": "many_models"})
    check_nothing_heavy(arguments, tmp_path, shows="extra-29")


def test_listing_samplers_imports_no_optuna_and_nothing_heavy(tmp_path):
    check_nothing_heavy(("list", "samplers", "--json"), tmp_path, shows="tpe")


@pytest.mark.parametrize(("group", "shows"), [("data", "not fetched"), ("weights", "see hub")])
def test_listing_what_is_published_imports_nothing_heavy(group, shows, tmp_path):
    check_nothing_heavy((group, "list", "--json"), tmp_path, shows=shows)
