"""The folder of converted data and weights that trials share."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..contracts.errors import UsageError

CACHE_VARIABLE = "EMSEG_BENCH_CACHE"
_LENT = "_EMSEG_BENCH_LENT_HOME"
"""Environment variable that says, to workers too, that HOME is not the user's."""


def cache_folder() -> Path:
    """Return the cache folder: the environment variable EMSEG_BENCH_CACHE, or the user's cache.

    Raises:
        UsageError: The user has no home folder, and the variable is not set.
    """
    if folder := os.environ.get(CACHE_VARIABLE):
        return Path(folder).expanduser().resolve()
    from platformdirs import user_cache_path

    if os.environ.get(_LENT) and not os.environ.get("XDG_CACHE_HOME"):
        raise UsageError(
            "there is no folder for converted data and weights: HOME is not set, and this user has no home "
            f"folder. Set {CACHE_VARIABLE} to a folder that may be written to, or HOME."
        )
    return user_cache_path("emseg-bench", appauthor=False)


def lend_home() -> None:
    """Let libraries that ask for the user's home folder start where there is none; nothing is kept there."""
    if not Path(os.path.expanduser("~")).is_absolute():  # noqa: PTH111 - `Path.expanduser` raises
        os.environ["HOME"] = tempfile.gettempdir()
        os.environ[_LENT] = "1"
