"""What a Python file does changes its hash, and what it looks like does not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import emseg_bench
import pytest
from emseg_bench.benchmark.contracts.errors import PluginError
from emseg_bench.benchmark.files.code import closure, code_sha256
from emseg_bench.benchmark.files.hashing import engine_rooms, profiling_sha256
from emseg_bench.benchmark.plugins import own_code
from emseg_bench.benchmark.plugins.loading import load_plugins

ROOT = Path(emseg_bench.__file__).parent
CODE = '''"""A docstring."""

WIDTH = 3
"""What it means."""


def double(x: int) -> int:
    """Double it."""
    return 2 * x  # why
'''


def sha256(path: Path, code: str) -> str:
    path.write_text(code)
    return code_sha256(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A docstring."""', ""),
        ('"""What it means."""', '"""Something else."""'),
        ('    """Double it."""\n', ""),
        ("  # why", ""),
        ("2 * x", "(\n        2\n        * x\n    )"),
        ("WIDTH = 3", "WIDTH  =  3;"),
    ],
)
def test_what_it_looks_like_does_not_count(tmp_path, old, new):
    assert old in CODE
    assert sha256(tmp_path / "a.py", CODE.replace(old, new)) == sha256(tmp_path / "b.py", CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [("= 3", "= 4"), ("2 * x", "x * 2"), ("= 3", "= 3.0"), ("double", "twice"), ("= 3", "= '3'")],
)
def test_what_it_does_counts(tmp_path, old, new):
    assert sha256(tmp_path / "a.py", CODE.replace(old, new)) != sha256(tmp_path / "b.py", CODE)


def test_the_hash_stays(tmp_path):
    """Another hash would make every stored trial run again."""
    assert sha256(tmp_path / "a.py", CODE).startswith("6e9958a48923da7b")


def test_an_edited_file_is_read_again(tmp_path):
    first = sha256(tmp_path / "a.py", "a = 1\n")
    assert sha256(tmp_path / "a.py", "a = 2\n") != first


def test_no_python_is_told(tmp_path):
    (tmp_path / "a.py").write_text("def (")
    with pytest.raises(PluginError, match=r"a\.py is no Python"):
        code_sha256(tmp_path / "a.py")


def test_a_closure_holds_what_runs(tmp_path):
    package = tmp_path / "package"
    for name, code in {
        "__init__": "",
        "a": "from .b import x\nfrom . import c\nif TYPE_CHECKING:\n    from .d import y\n",
        "b": "import json\n\ndef x():\n    from .below.e import z\n",
        "c": "from .aside.f import w\n",
        "d": "",
        "below/__init__": "",
        "below/e": "from ..c import w\n",
        "aside/f": "",
    }.items():
        (package / name).parent.mkdir(exist_ok=True, parents=True)
        (package / f"{name}.py").write_text(code)
    found = closure([package / "a.py"], package, package / "aside")
    names = {path.relative_to(package).with_suffix("").as_posix() for path in found}
    assert names == {"__init__", "a", "b", "c", "below/__init__", "below/e"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    copy = tmp_path_factory.mktemp("engine") / "benchmark"
    shutil.copytree(ROOT / "benchmark", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.mark.parametrize(
    ("file", "room"),
    [
        ("training/loss.py", "training"),
        ("evaluation/grid.py", "evaluation"),
        ("images/volumes/nrrd.py", "images"),
        ("trials/parts.py", "trials"),
        ("contracts/settings.py", "contracts"),
        ("weights/reading.py", "weights"),
        ("weights/importing.py", None),
        ("experiments/label_fraction.py", "experiments"),
        ("profiling/latency.py", None),
        ("executors/local.py", None),
        ("trials/boards.py", None),
        ("contracts/cards.py", None),
    ],
)
def test_an_edit_changes_its_room_alone(engine, file, room):
    before, path = engine_rooms(engine), engine / file
    code = path.read_text()
    path.write_text(code.replace('"""', '"""Edited: ', 1) + "\n\n# edited\n")
    assert engine_rooms(engine) == before
    path.write_text(f"{code}\n\nEDITED = 1\n")
    after = engine_rooms(engine)
    path.write_text(code)
    assert {name for name in before if before[name] != after[name]} == ({room} if room else set())


@pytest.mark.parametrize(
    ("file", "counts"), [("latency.py", True), ("memory.py", True), ("hardware.py", False)]
)
def test_profiling_has_a_hash_of_its_own(engine, file, counts):
    room = engine / "profiling"
    before, code = profiling_sha256(room), (room / file).read_text()
    (room / file).write_text(f"{code}\n\nEDITED = 1\n")
    after = profiling_sha256(room)
    (room / file).write_text(code)
    assert (after != before) is counts
    assert profiling_sha256(room) == before


def files_of(kind: str, name: str) -> set[str]:
    card = getattr(load_plugins().catalogue, kind).offers[name].card
    found = closure(own_code._starts(card), ROOT, ROOT / "benchmark")
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_a_card_of_ours_stands_on_its_own_files():
    retina, unet = files_of("models", "retina"), files_of("models", "unet")
    assert "models/retina/decoder.py" in retina - unet
    assert "models/smp_networks.py" in unet - retina
    folder, vnc = files_of("datasets", "folder"), files_of("datasets", "vnc")
    assert "datasets/folder/dataset.py" in folder
    assert "datasets/published/vnc.py" in vnc - folder
    assert "datasets/published/splitting.py" in vnc
    assert not [name for name in folder | retina | vnc if name.startswith(("benchmark/", "cli/", "reports/"))]


@pytest.mark.parametrize(
    ("kind", "name", "values"),
    [
        ("models", "unet", {"description": "x", "citation": "x", "licence": "x", "parameters": 1}),
        ("metrics", "iou", {"title": "x", "empty_rule": "x", "aggregation": "x", "ms_per_megapixel": 9.0}),
        ("datasets", "vnc", {"page": "x", "files": (), "used_in": ("x",), "ignore_rule": "x"}),
    ],
)
def test_what_a_card_tells_people_does_not_count(kind, name, values):
    card = getattr(load_plugins().catalogue, kind).offers[name].card
    for field, value in values.items():
        assert own_code.sha256_of_card(replace(card, **{field: value})) == own_code.sha256_of_card(card), (
            field
        )


def test_what_a_card_says_of_its_code_counts():
    catalogue = load_plugins().catalogue
    unet, vnc = catalogue.models.offers["unet"].card, catalogue.datasets.offers["vnc"].card
    initialisations = unet.initialisations
    renamed = (replace(initialisations[0], description="x"), *initialisations[1:])
    known = own_code.sha256_of_card(unet)
    assert own_code.sha256_of_card(replace(unet, initialisations=renamed)) == known
    assert own_code.sha256_of_card(replace(unet, size_divisor=7)) != known
    assert own_code.sha256_of_card(replace(unet, initialisations=initialisations[1:])) != known
    rules = replace(vnc.factory.rules, ignore_value=7)
    other = replace(vnc, factory=replace(vnc.factory, rules=rules))
    assert own_code.sha256_of_card(other) != own_code.sha256_of_card(vnc)
