"""Python files by what they do: hashes over syntax trees, and what they import.

Docstrings, comments and formatting change no number, so they change no hash (`syntax.py`).
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from ..contracts.errors import DataError, PluginError
from .cache import cache_folder
from .regular import open_regular
from .seen import State, is_settled, keep, recall, state_of
from .syntax import words_of

_NOTES: Final = "code-3"
"""Where they are in the cache, and in which form."""


class Import(NamedTuple):
    """What a statement imports."""

    level: int
    module: str
    names: tuple[str, ...]
    """None: the module itself."""


def code_sha256(path: Path) -> str:
    """Hash what a Python file does, unless that was done before and the file has not changed since.

    Raises:
        PluginError: It cannot be read, or is no Python.
    """
    return _read_once(path).sha256


def imports_of(path: Path) -> tuple[Import, ...]:
    """Give all imports of a Python file that run.

    Raises:
        PluginError: The file cannot be read, or is no Python.
    """
    return _read_once(path).imports


class _Code(NamedTuple):
    """What was found out about a Python file in some state."""

    state: State
    sha256: str
    imports: tuple[Import, ...]


class _Folder:
    """The Python files of a folder, in one note: each alone would cost more than all else that planning does.

    Args:
        path: Of the folder.
    """

    def __init__(self, path: Path) -> None:
        self._note = cache_folder() / _NOTES / f"{sha256(os.fsencode(path)).hexdigest()}.json"
        self._files: dict[str, _Code] = {}
        with suppress(AttributeError, TypeError, ValueError):
            for name, (state, digest, imports) in (recall(self._note, _NOTES, dict) or {}).items():
                found = (Import(level, module, tuple(names)) for level, module, names in imports)
                self._files[name] = _Code(state, digest, tuple(found))

    def read(self, path: Path) -> _Code:
        """Read one of the files, unless it was read in the state in which it is."""
        known = self._files.get(path.name)
        if known is None or known.state != state_of(path.stat()):
            known = self._files[path.name] = _read(path)
            if is_settled(known.state):
                settled = {name: one for name, one in self._files.items() if is_settled(one.state)}
                with suppress(DataError):  # it is read again where nothing can be remembered
                    keep(self._note, _NOTES, settled)
        return known


_folder = lru_cache(maxsize=1024)(_Folder)


def _read_once(path: Path) -> _Code:
    return _folder(path.parent).read(path)


def _read(path: Path) -> _Code:
    with open_regular(path, PluginError) as file:
        state = state_of(os.fstat(file.fileno()))
        tree = _tree(file, path)
    return _Code(state, sha256(words_of(tree).encode()).hexdigest(), tuple(_imports(tree)))


def _tree(file: BinaryIO, path: Path) -> ast.Module:
    try:
        return ast.parse(file.read(), str(path))
    except (SyntaxError, ValueError) as error:
        raise PluginError(f"{path} is no Python that can be read: {error}.") from error


def _imports(tree: ast.AST) -> Iterator[Import]:
    """Give all imports, wherever they stand, but those for types alone."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (Import(0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield Import(node.level, node.module or "", tuple(alias.name for alias in node.names))
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
        waiting += _needed(path, imports_of(path), root)
    return found


@lru_cache(maxsize=4096)
def _needed(path: Path, imports: tuple[Import, ...], root: Path) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(file for one in imports for file in _files_of(path, root, *one)))


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
