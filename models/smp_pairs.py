"""Which encoder serves which decoder: what is not known is tried out, on each machine once.

A note is kept of each pair that was tried, in a folder named by the versions that this depends on.
"""

from __future__ import annotations

import re
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from ..benchmark.contracts.errors import DataError
from ..benchmark.files.cache import cache_folder
from ..benchmark.files.seen import keep, recall
from .smp_encoders import RESNETS

_DISTRIBUTIONS = ("emseg-bench", "segmentation-models-pytorch", "timm")
_NAME = re.compile(r"[\w.-]+")


def check_pair(decoder: str, encoder: str) -> None:
    """Check that an encoder exists and serves a decoder.

    What is not known to fit is built once, on the CPU, which imports torch, smp and timm (about 4 s); the
    cache keeps that it fits.

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: The encoder exists but cannot serve this decoder.
    """
    if (encoder in RESNETS and decoder != "DPT") or known_to_fit(decoder, encoder):
        return
    from .smp_networks import try_out

    try_out(decoder, encoder)
    remember(decoder, encoder)


def known_to_fit(decoder: str, encoder: str) -> bool:
    """Say whether an encoder has served a decoder here before, with the libraries of today."""
    return _NAME.fullmatch(encoder) is not None and bool(recall(_place(decoder, encoder), None, bool))


def remember(decoder: str, encoder: str) -> None:
    """Note that an encoder serves a decoder; without effect where the cache cannot be written."""
    with suppress(DataError):
        keep(_place(decoder, encoder), None, found=True)


def _place(decoder: str, encoder: str) -> Path:
    versions = "_".join(f"{name}-{version(name)}" for name in _DISTRIBUTIONS)
    return cache_folder() / "smp_pairs" / versions / f"{decoder}_{encoder}.json"
