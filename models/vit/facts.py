"""Which encoders ``vit-seg`` takes, and what they are like: what is not known is tried out once a machine.

A note is kept of each encoder that was tried, in a folder named by the versions that this depends on.
"""

from __future__ import annotations

import re
from dataclasses import astuple
from importlib.metadata import version
from pathlib import Path

from ...benchmark.contracts.errors import UsageError
from ...benchmark.files.cache import cache_folder
from ...benchmark.files.seen import made_once
from .encoders import KNOWN, Encoder

_NAME = re.compile(r"[\w-]+")
_DISTRIBUTIONS = ("emseg-bench", "timm")


def facts_of(encoder: str) -> Encoder:
    """Say what an encoder is like.

    One that is not `KNOWN` is built once, on no device, which imports torch and timm (about 4 s).

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: It exists, but cannot serve here.
    """
    if (known := KNOWN.get(encoder)) is not None:
        return known
    if not _NAME.fullmatch(encoder):
        hint = " The weights are chosen after '@'." if "." in encoder else ""
        raise UsageError(f"got {encoder!r} as an encoder, expected a name of timm's without its tag.{hint}")
    return made_once(_place(encoder), None, lambda: _try_out(encoder), astuple, lambda plain: Encoder(*plain))


def _try_out(encoder: str) -> Encoder:
    from .backbone import try_out

    return try_out(encoder)


def _place(encoder: str) -> Path:
    versions = "_".join(f"{name}-{version(name)}" for name in _DISTRIBUTIONS)
    return cache_folder() / "vit_encoders" / versions / f"{encoder}.json"
