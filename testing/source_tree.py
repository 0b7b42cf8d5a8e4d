"""Packages that are not installed: their entry points, and where their modules lie."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Final

from ..benchmark.contracts.errors import UsageError
from ..benchmark.contracts.hookspecs import PROJECT
from ..benchmark.files.regular import read_regular

_MOST_BYTES: Final = 4 << 20
"""Of a pyproject.toml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTree:
    """A plugin as its author has it."""

    distribution: str
    version: str
    entry_points: tuple[EntryPoint, ...]
    folders: tuple[str, ...]
    """Where its modules are searched for, in front of everything else."""


def read_tree(path: Path) -> SourceTree:
    """Read a folder with a ``pyproject.toml``, or a module's file.

    Raises:
        UsageError: It is neither, or names no entry point in our group, or its module is not there.
    """
    path = path.expanduser().resolve()
    if path.is_file() and path.suffix == ".py":
        point = EntryPoint(path.stem, path.stem, PROJECT)
        return SourceTree(
            distribution=path.stem, version="0", entry_points=(point,), folders=(str(path.parent),)
        )
    if not (path / "pyproject.toml").is_file():
        raise UsageError(f"got {path}, expected a folder with a pyproject.toml or a module's .py file.")
    return _read_project(path, path / "pyproject.toml")


def _read_project(root: Path, file: Path) -> SourceTree:
    try:
        content = tomllib.loads(read_regular(file, _MOST_BYTES, UsageError).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not TOML: {error}.") from error
    project = content.get("project", {})
    named: Mapping[str, str] = project.get("entry-points", {}).get(PROJECT, {})
    if not named:
        raise UsageError(
            f'{file} names no plugin; add [project.entry-points.{PROJECT}] with a line NAME = "MODULE".'
        )
    points = tuple(EntryPoint(name, value, PROJECT) for name, value in named.items())
    return SourceTree(
        distribution=str(project.get("name", root.name)),
        version=str(project.get("version", "0")),
        entry_points=points,
        folders=tuple(dict.fromkeys(_folder_of(point, root, content, file) for point in points)),
    )


def _folder_of(point: EntryPoint, root: Path, content: Mapping[str, Any], file: Path) -> str:
    """Find the folder that a module is imported from."""
    top = point.module.partition(".")[0]
    searched = list(dict.fromkeys(_folders(root, content.get("tool", {}).get("setuptools", {}))))
    for folder in searched:
        if (folder / top).is_dir() or (folder / f"{top}.py").is_file():
            return str(folder)
    raise UsageError(
        f"{file} names the module {point.module}, which is not in {' or '.join(map(str, searched))}."
    )


def _folders(root: Path, setuptools: Mapping[str, Any]) -> Iterator[Path]:
    """Give the folders that may hold modules: those that setuptools is told of, and the usual ones."""
    packages = setuptools.get("packages", {})
    where = packages.get("find", {}).get("where", []) if isinstance(packages, dict) else []
    for folder in (*where, setuptools.get("package-dir", {}).get("", "."), "src", "."):
        yield (root / str(folder)).resolve()
