"""Python files by what they do: hashes over syntax trees, and what they import.

Docstrings, comments and formatting change no number, so they change no hash (`syntax.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from ..contracts.errors import PluginError
from .seen import remembered, state_of
from .syntax import words_of


def code_sha256(path: Path) -> str:
    """Hash what a Python file does, unless that was done before and the file has not changed since.

    Raises:
        PluginError: It cannot be read, or is no Python.
    """
    return _sha256(path, _state(path))


def imports_of(path: Path) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    """Give level, module and names of each import that runs; no names: the module itself is imported.

    Raises:
        PluginError: The file cannot be read, or is no Python.
    """
    return _imported(path, _state(path))


def _state(path: Path) -> tuple[int, ...]:
    return tuple(state_of(path.stat()))


@lru_cache(maxsize=4096)
def _sha256(path: Path, _as_it_is: tuple[int, ...]) -> str:
    def read(file: BinaryIO) -> str:
        return sha256(words_of(_tree(file, path)).encode()).hexdigest()

    return str(remembered(path, "code-2", read, error=PluginError))


@lru_cache(maxsize=4096)
def _imported(path: Path, _as_it_is: tuple[int, ...]) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    def read(file: BinaryIO) -> list[tuple[int, str, list[str]]]:
        return [*_imports(_tree(file, path))]

    found = remembered(path, "imports-1", read, error=PluginError)
    return tuple((level, module, tuple(names)) for level, module, names in found)


def _tree(file: BinaryIO, path: Path) -> ast.Module:
    try:
        return ast.parse(file.read(), str(path))
    except (SyntaxError, ValueError) as error:
        raise PluginError(f"{path} is no Python that can be read: {error}.") from error


def _imports(tree: ast.AST) -> Iterator[tuple[int, str, list[str]]]:
    """Give all imports, wherever they stand, but those for types alone."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", [alias.name for alias in node.names]
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def closure(starts: Iterable[Path], root: Path, aside: Path) -> set[Path]:
    """Find the files of a package that some of its files need, themselves included.

    Args:
        starts: Where to begin.
        root: The package's folder.
        aside: A folder in it whose files are left out, and what only they need.

    Raises:
        PluginError: One cannot be read.
    """
    found: set[Path] = set()
    waiting = [*starts]
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_relative_to(root) or path.is_relative_to(aside):
            continue
        found.add(path)
        for level, module, names in imports_of(path):
            waiting += _files_of(path, root, level, module, names)
    return found


def _files_of(path: Path, root: Path, level: int, module: str, names: Iterable[str]) -> Iterator[Path]:
    parts = module.split(".") if module else []
    if level:
        place = path.parents[level - 1]
    elif parts[0] == __name__.partition(".")[0]:
        place, parts = root, parts[1:]
    else:
        return
    for below in ([*parts], *([*parts, name] for name in names)):
        for index in range(len(below) + 1):
            yield from _module_at(place.joinpath(*below[:index]))


@lru_cache(maxsize=4096)
def _module_at(place: Path) -> tuple[Path, ...]:
    return tuple(file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())
