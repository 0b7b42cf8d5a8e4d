"""What authors of plugins are shown imports public places alone, and these cost next to nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PUBLIC = {"plugin", "executors", "weight_files", "published_datasets", "testing"}
NAMED = re.compile(r"(?:from|import) emseg_bench\.(\w+)")


@pytest.mark.parametrize(
    "places",
    [
        [ROOT / "docs/plugins.md"],
        [*(ROOT / "benchmark/plugins/templates").rglob("*.template")],
        [*(ROOT / "examples/plugin-attention-unet").rglob("*.py")],
    ],
    ids=["document", "templates", "example"],
)
def test_authors_are_shown_public_places(places):
    named = {name for place in places for name in NAMED.findall(place.read_text())}
    assert named
    assert named <= PUBLIC


def test_every_public_place_is_documented():
    text = (ROOT / "docs/plugins.md").read_text()
    assert [name for name in PUBLIC if f"| `emseg_bench.{name}` |" not in text] == []


@pytest.mark.parametrize("name", sorted(PUBLIC - {"testing"}))
def test_a_public_place_gives_what_it_lists_without_torch(name):
    code = (
        f"import sys, emseg_bench.{name} as place; [getattr(place, one) for one in place.__all__]; "
        "print(*({'torch', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
