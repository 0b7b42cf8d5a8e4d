"""The folder of converted data and weights that trials share."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "EMSEG_BENCH_CACHE"


def cache_folder() -> Path:
    """Return the cache folder: the environment variable EMSEG_BENCH_CACHE, or the user's cache."""
    if folder := os.environ.get(CACHE_VARIABLE):
        return Path(folder).expanduser().resolve()
    from platformdirs import user_cache_path

    return user_cache_path("emseg-bench", appauthor=False)
