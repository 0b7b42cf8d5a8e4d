"""The cards, and what importing them costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from emseg_bench.datasets.plugin import emseg_datasets
from emseg_bench.datasets.published.cards import PUBLIC
from emseg_bench.datasets.synthetic.dataset import open_synthetic

OWN = [card for card in emseg_datasets() if card not in PUBLIC]
HEAVY = ("torch", "numpy", "scipy", "PIL", "pydantic", "yaml", "tifffile", "filelock")


def loaded_after(code: str, *arguments: str) -> set[str]:
    report = f"\nimport sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code + report, *arguments],
        cwd="/",
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


def test_names():
    assert [card.name for card in OWN] == ["synthetic-em", "folder", "volume"]
    assert [card.needs_location for card in OWN] == [False, True, True]
    assert [card for card in emseg_datasets() if card not in OWN] == [*PUBLIC]


def test_cards_load_nothing_heavy():
    assert loaded_after("import emseg_bench.datasets.plugin") == set()


def test_opening_again_loads_nothing_heavy(tmp_path, make_folder):
    root = make_folder()
    (root / "dataset.yaml").write_text("classes: [background, cell]", encoding="utf-8")
    code = (
        "import sys; from pathlib import Path\n"
        "from emseg_bench.datasets.folder.dataset import open_folder\n"
        "from emseg_bench.datasets.synthetic.dataset import open_synthetic\n"
        "cache = Path(sys.argv[1])\n"
        "open_folder(sys.argv[2], cache)\n"
        "open_synthetic(None, cache, size=64, train=1, val=1, test=1)\n"
    )
    assert "numpy" in loaded_after(code, str(tmp_path / "cache"), str(root))
    assert loaded_after(code, str(tmp_path / "cache"), str(root)) == set()


def test_cards_agree_with_what_is_drawn(tmp_path):
    card = emseg_datasets()[0]
    manifest = open_synthetic(None, Path(tmp_path), size=64, train=1, val=1, test=1).manifest
    assert (card.name, card.classes, card.voxel_size_nm) == (
        manifest.dataset,
        manifest.class_names,
        manifest.voxel_size_nm,
    )
