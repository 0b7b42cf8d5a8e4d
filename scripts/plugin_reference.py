"""docs/plugin-reference.md: everything that plugins may import, from its docstrings.

python scripts/plugin_reference.py > docs/plugin-reference.md
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from emseg_bench.benchmark.plugins.option_docs import field_texts

DOCUMENT = Path(__file__).parents[1] / "docs/plugin-reference.md"
PLACES = ("plugin", "executors", "weight_files", "published_datasets", "testing")
BEGIN = """# What plugins import

All that stands in the public places, as its docstrings say it; [plugins.md](plugins.md) has the hooks, with
examples. Written by `scripts/plugin_reference.py`.
"""
WIDTH = 118


def lines() -> Iterator[str]:
    """Yield the document."""
    yield BEGIN
    for place in PLACES:
        module = import_module(f"emseg_bench.{place}")
        yield f"## `emseg_bench.{place}`\n"
        for name in sorted(module.__all__):
            yield f"### {name}\n"
            yield from entry(name, getattr(module, name), origin(module, name))


def origin(place: ModuleType, name: str) -> ModuleType:
    """Find the module that a public place has a name from."""
    for node in ast.parse(inspect.getsource(place)).body:
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            return import_module("." * node.level + (node.module or ""), place.__package__)
    return place


def entry(name: str, value: Any, module: ModuleType) -> Iterator[str]:
    """Yield what is to be known of one name."""
    if inspect.isclass(value) and value.__module__.startswith("emseg_bench"):
        yield f"{prose(value)}\n"
        yield from members(value)
    elif inspect.isfunction(value):
        yield f"`{name}{inspect.signature(value)}`\n".replace("'", "")
        yield f"{prose(value)}\n"
    else:
        yield from constant(name, module)


def members(value: type[Any]) -> Iterator[str]:
    """Yield a class's fields and methods."""
    told = dict(field_texts(value))
    rows = [row(field, told.get(field.name, "")) for field in fields(value)] if is_dataclass(value) else []
    methods = [
        (name, found)
        for name, found in vars(value).items()
        if not name.startswith("_")
        and isinstance(found, property) | inspect.isfunction(found)
        and found.__doc__
    ]
    rows += [method_row(name, found) for name, found in methods]
    yield from rows
    if rows:
        yield ""


def row(field: Field[Any], text: str) -> str:
    """Write a field's line."""
    default = "" if required(field) else f" = {default_of(field)}"
    told = f": {text}" if text else ""
    return f"- `{field.name}: {field.type}{default}`{told}"


def required(field: Field[Any]) -> bool:
    """Tell whether a field has to be given."""
    return field.default is MISSING and field.default_factory is MISSING


def default_of(field: Field[Any]) -> str:
    """Write a field's default."""
    if field.default_factory is not MISSING:
        return repr(field.default_factory())
    return repr(field.default)


def method_row(name: str, found: Any) -> str:
    """Write a method's or property's line."""
    function = found.fget if isinstance(found, property) else found
    signature = "" if isinstance(found, property) else str(inspect.signature(function)).replace("'", "")
    return f"- `{name}{signature}`: {' '.join(plain(function).split())}"


def constant(name: str, module: ModuleType) -> Iterator[str]:
    """Yield a constant's or type's definition, and the text below it."""
    body = ast.parse(inspect.getsource(module)).body
    for node, below in zip(body, [*body[1:], None], strict=True):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            yield f"    {ast.unparse(node)}\n"
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                yield " ".join(str(below.value.value).replace("``", "`").split()) + "\n"


def prose(value: object) -> str:
    """Give a docstring as Markdown, with its arguments as a list."""
    return re.sub(r"^ {4}(\w+): ", r"- `\1`: ", plain(value), flags=re.M)


def plain(value: object) -> str:
    """Give a docstring; what Python wrote itself is none."""
    text = inspect.cleandoc(getattr(value, "__doc__", None) or "").replace("``", "`")
    text = re.sub(r"\n {8}(?=\S)", " ", text)
    return "" if text.startswith(f"{getattr(value, '__name__', '')}(") else text


if __name__ == "__main__":
    print("\n".join(lines()).rstrip())
