"""Pairs of decoder and encoder that were tried out on this machine, so that planning tries none twice.

An empty file stands for each, in a folder named by the versions that the finding depends on.
"""

from __future__ import annotations

import re
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from ..benchmark.cache import cache_folder

_DISTRIBUTIONS = ("emseg-bench", "segmentation-models-pytorch", "timm")
_NAME = re.compile(r"[\w.-]+")


def known_to_fit(decoder: str, encoder: str) -> bool:
    """Say whether an encoder has served a decoder here before, with the libraries of today."""
    return _NAME.fullmatch(encoder) is not None and _place(decoder, encoder).is_file()


def remember(decoder: str, encoder: str) -> None:
    """Note that an encoder serves a decoder; without effect where the cache cannot be written."""
    place = _place(decoder, encoder)
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def _place(decoder: str, encoder: str) -> Path:
    versions = "_".join(f"{name}-{version(name)}" for name in _DISTRIBUTIONS)
    return cache_folder() / "smp_pairs" / versions / f"{decoder}_{encoder}"
