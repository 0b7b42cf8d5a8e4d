"""Python files by what they do: hashes over syntax trees, and what they import.

Docstrings, comments and formatting change no number, so they change no hash.  The hash is of the tree's own
words, without what is empty: `ast.dump` writes the same tree differently from version to version of Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..contracts.errors import PluginError
from .seen import remembered

_ASIDE: Final = frozenset({"ctx", "kind", "type_comment"})


@dataclass(frozen=True, slots=True)
class Code:
    """A Python file."""

    sha256: str
    """Of what it does."""
    imports: tuple[tuple[int, str, tuple[str, ...]], ...]
    """Level, module and names of each import that runs; no names: the module itself is imported."""


def code_of(path: Path) -> Code:
    """Read a Python file, unless it was read before and has not changed since.

    Raises:
        PluginError: It cannot be read, or is no Python.
    """
    state = path.stat()
    return _code_of(path, (state.st_size, state.st_mtime_ns, state.st_ctime_ns))


@lru_cache(maxsize=4096)
def _code_of(path: Path, _state: tuple[int, int, int]) -> Code:
    def read(file: BinaryIO) -> list[Any]:
        try:
            tree = ast.parse(file.read(), str(path))
        except (SyntaxError, ValueError) as error:
            raise PluginError(f"{path} is no Python that can be read: {error}.") from error
        return [sha256(repr(_told(tree)).encode()).hexdigest(), [*_imports(tree)]]

    digest, imports = remembered(path, "code-1", read, error=PluginError)
    return Code(digest, tuple((level, module, tuple(names)) for level, module, names in imports))


def _told(node: object) -> object:
    """Give a tree as plain data, without strings that stand for themselves, such as docstrings."""
    if isinstance(node, ast.AST):
        fields = [(name, _told(value)) for name, value in ast.iter_fields(node) if name not in _ASIDE]
        return (type(node).__name__, [field for field in fields if field[1] not in (None, [])])
    if isinstance(node, list):
        return [_told(one) for one in node if not _says_nothing(one)]
    return None if node is None else (type(node).__name__, repr(node))


def _says_nothing(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


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
        for level, module, names in code_of(path).imports:
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
