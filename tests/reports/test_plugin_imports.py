"""Listing the report's sections costs nothing, and each of them exists."""

from __future__ import annotations

import subprocess
import sys
from pkgutil import resolve_name

from emseg_bench.reports.plugin import emseg_report_sections

HEAVY = ("numpy", "pandas", "matplotlib", "seaborn", "scipy", "jinja2", "pydantic", "PIL", "torch")


def test_the_plugin_imports_nothing_heavy(tmp_path) -> None:
    code = f"import sys, emseg_bench.reports.plugin; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_section_can_be_found() -> None:
    cards = emseg_report_sections()
    assert all(callable(resolve_name(str(card.factory))) for card in cards)
    assert len({card.name for card in cards}) == len({card.order for card in cards}) == len(cards)
