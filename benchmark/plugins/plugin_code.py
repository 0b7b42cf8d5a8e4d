"""Telling a plugin's own code from that of the libraries that it calls, for messages about its errors."""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from types import FrameType
from typing import Final

from ..contracts.hookspecs import PROJECT

_OURS: Final = __name__.partition(".")[0]
_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})
"""Folders that installers put packages into."""


def is_ours(frame: FrameType) -> bool:
    """Say whether a frame runs code of this package."""
    return _package(frame) == _OURS


def is_plugin_code(frame: FrameType) -> bool:
    """Say whether a frame runs a plugin's code: not ours, not Python's, and no library's."""
    file = Path(frame.f_code.co_filename)
    top = _package(frame)
    if not file.is_absolute() or top == _OURS or top in sys.stdlib_module_names:
        return False
    return not _INSTALLED & {*file.parts} or top in _packages_of_plugins()


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


@cache
def _packages_of_plugins() -> frozenset[str]:
    """Name the packages and modules of distributions with plugins; slow, so only after an error."""
    plugins = {point.dist.name for point in entry_points(group=PROJECT) if point.dist is not None}
    found = packages_distributions().items()
    return frozenset(package for package, distributions in found if plugins & {*distributions})
