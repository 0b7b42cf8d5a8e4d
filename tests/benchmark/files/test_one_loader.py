"""YAML and JSON from outside have one reader each, which the whole project goes through."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import emseg_bench

ROOT = Path(emseg_bench.__file__).parent
ROOMS = ("benchmark", "datasets", "models", "pretraining", "reports", "testing")
HOME = ROOT / "benchmark/files"
LOADERS = {
    "json": {"load", "loads", "JSONDecoder"},
    "yaml": {
        "load",
        "load_all",
        "safe_load",
        "safe_load_all",
        "full_load",
        "unsafe_load",
        "parse",
        "compose",
    },
}


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if HOME not in path.parents and "templates" not in path.parts:
                yield path, ast.parse(path.read_text(encoding="utf-8"))


def loads(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in LOADERS.get(module, ()):
                yield f"{module}.{name}"
            case ast.ImportFrom(module=str(module), names=names) if module in LOADERS:
                yield from (f"{module}.{one.name}" for one in names if one.name in LOADERS[module])
            case ast.Attribute(value=ast.Name(id="pd" | "pandas"), attr="read_json"):
                yield "pandas.read_json"
            case ast.Attribute(attr="validate_json"):
                yield "validate_json"


def test_no_other_place_reads_yaml_or_json() -> None:
    found = {str(path.relative_to(ROOT)): [*loads(tree)] for path, tree in sources()}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_search_finds_what_it_looks_for() -> None:
    for text in ("import json\njson.loads('1')", "from yaml import safe_load", "a.validate_json(b)"):
        assert [*loads(ast.parse(text))]


def test_no_other_place_makes_locks() -> None:
    for path, tree in sources():
        named = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert "filelock" not in named, path
