"""Which files make up what a distribution provides: those that can change a number that it is behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import unquote, urlsplit

from ..contracts.errors import PluginError
from ..files.file_hashes import sha256_of_large_file
from ..files.hashing import sha256_of
from ..files.regular import check_regular
from ..files.seen import state_of
from ..files.texts import parse_json

MOST_FILES: Final = 20_000
"""A distribution of more files is not hashed file by file."""
COMPILED: Final = frozenset({".pyc", ".pyo"})
ASIDE: Final = frozenset({"__pycache__", "node_modules"})
SCRIPTS: Final = frozenset({"bin", "Scripts"})
"""Installers write them with the path of the interpreter."""
INFO: Final = frozenset({".dist-info", ".egg-info"})


def sha256_of_places(places: Iterable[Path]) -> str:
    """Hash files, and all files below folders but compiled and hidden ones, with their relative names.

    Raises:
        PluginError: There are too many.
    """
    return sha256_of_files((name, file) for place in places for name, file in _below(place))


def source_places(source: Path) -> list[Path]:
    """Give what belongs to a plugin of which no record says what it installed.

    Beside a single file those are all modules of its folder, unless other distributions lie there too.
    """
    if not source.is_file() or sum(path.suffix in INFO for path in source.parent.iterdir()) > 1:
        return [source]
    return list(_modules_in(source.parent))


def sha256_of_distribution(name: str) -> str | None:
    """Hash all files that a distribution installed; None where nothing says which those are.

    Of an editable installation they are those of the modules that it makes importable, where they lie.

    Raises:
        PluginError: There are too many.
    """
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    files = list(_editable(found) if _is_editable(found) else _installed(found))
    return sha256_of_files(files) if files else None


def sha256_of_files(files: Iterable[tuple[str, Path]]) -> str:
    """Hash files with their names.

    Raises:
        PluginError: There are too many, or one cannot be read.
    """
    seen = []
    for name, file in files:
        seen.append((name, file, tuple(state_of(check_regular(file, PluginError)))))
        if len(seen) > MOST_FILES:
            raise PluginError(
                f"the plugin in {file.parent} has more than {MOST_FILES:,} files, and each belongs to its "
                "fingerprint; keep data out of the package."
            )
    return _hashed(tuple(sorted(set(seen))))


@lru_cache(maxsize=64)
def _hashed(seen: tuple[tuple[str, Path, tuple[int, ...]], ...]) -> str:
    """Hash files that are in these states: once for all that one distribution offers."""
    return sha256_of([[name, sha256_of_large_file(file, PluginError)] for name, file, _ in seen])


def _installed(found: Distribution) -> Iterator[tuple[str, Path]]:
    """Give the files on an installer's record; its own notes and scripts differ between machines."""
    for entry in found.files or ():
        name = entry.as_posix()
        if (
            PurePath(entry.parts[0]).suffix in INFO
            or entry.suffix in COMPILED
            or entry.parent.name in SCRIPTS
        ):
            continue
        path = Path(str(entry.locate()))
        if path.is_file():
            yield name, path


def _is_editable(found: Distribution) -> bool:
    return _direct(found).get("dir_info", {}).get("editable") is True


def _direct(found: Distribution) -> dict[str, dict[str, object]]:
    try:
        told = parse_json(found.read_text("direct_url.json") or "{}", "direct_url.json", PluginError)
    except (OSError, PluginError):
        return {}
    return told if isinstance(told, dict) else {}


def _editable(found: Distribution) -> Iterator[tuple[str, Path]]:
    """Give the files of the modules that lie in the project's folder and that it makes importable."""
    from urllib.request import url2pathname  # brings all of HTTP along

    project = Path(url2pathname(unquote(urlsplit(str(_direct(found).get("url", ""))).path))).resolve()
    named = (found.read_text("top_level.txt") or "").split()
    places = [place for name in named if (place := _module(name, project))]
    for place in places or [one for path in _paths(found) for one in _modules_in(path)]:
        yield from _below(place)


def _module(name: str, project: Path) -> Path | None:
    """Find a top-level module's package or file, without importing it."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    origins = [*(spec.submodule_search_locations or ()), *([spec.origin] if spec.origin else [])]
    return next((Path(one) for one in origins if Path(one).resolve().is_relative_to(project)), None)


def _paths(found: Distribution) -> Iterator[Path]:
    """Give the folders that an editable installation puts on the module path."""
    for entry in found.files or ():
        if entry.suffix == ".pth":
            lines = Path(str(entry.locate())).read_text(encoding="utf-8", errors="replace").splitlines()
            yield from (
                Path(line) for line in lines if not line.startswith("import ") and Path(line).is_dir()
            )


def _modules_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if (path.suffix == ".py" and path.name != "setup.py") or (path / "__init__.py").is_file():
            yield path


def _below(place: Path) -> Iterator[tuple[str, Path]]:
    if place.is_file():
        yield place.name, place
        return
    for path in sorted(place.iterdir()):
        if path.name.startswith(".") or path.name in ASIDE or path.suffix in COMPILED:
            continue
        if path.is_dir() and path.suffix not in INFO:
            yield from ((f"{place.name}/{name}", file) for name, file in _below(path))
        elif path.is_file():
            yield f"{place.name}/{path.name}", path
