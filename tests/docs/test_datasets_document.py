"""The document of published datasets is what the cards say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from emseg_bench.benchmark.contracts.cards import DatasetCard
from emseg_bench.benchmark.contracts.published import RemoteFile
from emseg_bench.datasets.published.cards import PUBLIC

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("datasets_document", ROOT / "scripts/datasets_document.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_fresh(script):
    document = script.DOCUMENT.read_text()
    assert document == script.written(document), "run 'python scripts/datasets_document.py --write'"


def test_every_dataset_has_a_row_and_its_facts(script):
    document = script.DOCUMENT.read_text()
    for card in PUBLIC:
        (row,) = [line for line in document.splitlines() if line.startswith(f"| `{card.name}` |")]
        assert row.endswith(f"| {card.licence} |")
        assert f"**`{card.name}`**" in document
        assert f"- cite: {card.citation}\n" in document
        for file in card.files:
            assert f"- file: `{file.name}`" in document


def test_a_row_by_hand(script):
    card = DatasetCard(
        name="toy",
        description="nothing",
        factory="a:b",
        classes=("background", "cell", "nucleus"),
        voxel_size_nm=(30.0, 4.6, 4.6),
        files=(
            RemoteFile(name="a.zip", url=None, md5="0", megabytes=900, note="Log in."),
            RemoteFile(name="b.zip", url="http://x", megabytes=1300),
        ),
        citation="nobody",
        licence="CC0",
    )
    assert script.row(card) == (
        "| `toy` | cell, nucleus | 30 × 4.6 × 4.6 | 2 files, 2.2 GB | none, no labels | CC0 |"
    )
    assert [*map(script.published, card.files)] == [
        "`a.zip`, about 900 MB; MD5 published, no address that a program may use. Log in.",
        "`b.zip`, about 1,300 MB; no checksum published",
    ]


def test_a_document_without_markers_is_refused(script):
    with pytest.raises(SystemExit, match="has no lines"):
        script.written("nothing\n")
