"""What a bundle is: a zip file of trials, and of a list of all its files with their hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Ge

from ..contracts.basics import STRICT

VERSION: Final = 1
LIST: Final = "bundle.json"
"""Stands first in the archive."""
MOST_LIST_BYTES: Final = 256 << 20
TRIALS: Final = "trials"
STUDIES: Final = "studies"
"""Of those that models of the trials were tuned by, what reports read."""
SUFFIX: Final = ".zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledFile:
    """One file of a bundle."""

    __pydantic_config__ = STRICT

    sha256: str
    bytes: Annotated[int, Ge(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleList:
    """What a bundle says of itself."""

    __pydantic_config__ = STRICT

    version: int = VERSION
    written_by: str
    """``emseg-bench 0.1.0``"""
    written: str
    """ISO 8601, UTC."""
    trials: Annotated[int, Ge(1)]
    left_behind: tuple[str, ...] = ()
    """What was left out by choice: ``label maps``, ``weights``."""
    files: Mapping[str, BundledFile]
    """Every other file of the archive, by its name there."""
