"""Importing the package costs nothing, and its names are where they are said to be."""

from __future__ import annotations

import subprocess
import sys

import emseg_bench
import pytest

HEAVY = ("torch", "numpy", "pandas", "yaml", "pydantic", "matplotlib")
PROBE = """
import sys
import emseg_bench
assert [card.name for card in emseg_bench.list_models()]
emseg_bench.run
print(sorted(name for name in sys.modules if "." not in name))
"""


def test_import_and_lists_load_nothing_heavy():
    done = subprocess.run([sys.executable, "-P", "-c", PROBE], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert [name for name in HEAVY if f"'{name}'" in done.stdout] == []


@pytest.mark.parametrize("name", emseg_bench.__all__)
def test_names_are_there_and_documented(name):
    found = getattr(emseg_bench, name)
    assert name.startswith("__") or name == "hookimpl" or found.__doc__
    assert name in dir(emseg_bench)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = emseg_bench.nothing


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("models", "unet"),
        ("datasets", "folder"),
        ("metrics", "iou"),
        ("recipes", "quick"),
        ("protocols", "emseg-v1"),
    ],
)
def test_lists_hold_the_cards_of_the_catalogue(kind, name):
    assert name in [card.name for card in getattr(emseg_bench, f"list_{kind}")()]
