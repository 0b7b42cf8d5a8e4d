"""The reference of the plugin interface is what the docstrings say, of everything that there is."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("plugin_reference", ROOT / "scripts/plugin_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_fresh(script):
    written = "\n".join(script.lines()).rstrip() + "\n"
    fresh = "run 'python scripts/plugin_reference.py > docs/plugin-reference.md'"
    assert script.DOCUMENT.read_text() == written, fresh


def test_it_says_something_of_every_name(script):
    sections = re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", script.DOCUMENT.read_text(), re.M | re.S)
    assert {"ModelCard", "run_trial", "check_finite", "published_card", "contract"} <= dict(sections).keys()
    assert [name for name, text in sections if len(text.split()) < 4] == []


def test_places_in_it_are_there():
    names = re.findall(r"^### (\w+)", (ROOT / "docs/plugin-reference.md").read_text(), re.M)
    linked = re.findall(r"plugin-reference\.md#([\w-]+)", (ROOT / "docs/plugins.md").read_text())
    assert linked
    assert set(linked) <= {name.lower() for name in names}
