"""The table of models is of the built-in models, all of them, and says their true size."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from emseg_bench.benchmark.plugins.registry import OWN
from emseg_bench.models.plugin import emseg_models

ROOT = Path(__file__).parents[2]
ROW = re.compile(
    r"^\| `(?P<name>[^`]+)` \| (?P<family>\w+) \| (?P<parameters>[\d.]+) \|(?P<rest>.*)\|$", re.M
)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_models", ROOT / "scripts/bench_models.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_models"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bench_models"]


def rows(script: ModuleType) -> list[re.Match[str]]:
    text = script.DOCUMENT.read_text()
    return [*ROW.finditer(text[text.index(script.BEGIN) : text.index(script.END)])]


def test_the_table_has_the_built_in_models_and_their_true_size(script):
    found = [(row["name"], row["family"], row["parameters"]) for row in rows(script)]
    cards = sorted(emseg_models(), key=lambda card: card.name)
    assert found == [(card.name, card.family, f"{card.parameters / 1e6:.2f}") for card in cards]
    assert {offer.distribution for offer in script.built_in().values()} == {OWN}
    assert [*script.built_in()] == [card.name for card in cards]


def test_every_row_has_times_and_ratios(script):
    for row in rows(script):
        numbers = [float(cell) for cell in row["rest"].split("|")]
        assert len(numbers) == 4
        assert all(number > 0 for number in numbers), row["name"]
    (reference,) = [row for row in rows(script) if row["name"] == script.REFERENCE]
    ratios = [float(cell) for cell in reference["rest"].split("|")][1::2]
    assert ratios == pytest.approx([1, 1], abs=0.25)  # against itself, on a shared machine


def test_the_table_is_written_between_its_markers(script):
    document = f"before\n{script.BEGIN}| old |\n{script.END}after\n"
    assert script.written(document, ["new", "", "lines"]) == (
        f"before\n{script.BEGIN}new\n\nlines\n{script.END}after\n"
    )
    with pytest.raises(SystemExit, match="has no lines"):
        script.written("nothing\n", ["new"])


def test_a_row_is_written_as_it_is_read(script):
    (card, *_) = emseg_models()
    lines = [*script.table([script.Cost(card, 0.1234, 1.5, 0.0456, 0.25)])]
    match = ROW.fullmatch(lines[2])
    assert (match["name"], match["family"]) == (card.name, card.family)
    assert match["rest"].split() == ["123", "|", "1.50", "|", "46", "|", "0.25"]
