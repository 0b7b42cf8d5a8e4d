"""What finds objects in label maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Ge, Le

from ..contracts.basics import STRICT
from ..contracts.cards import DecoderCard

DECODERS = "emseg_bench.benchmark.evaluation.decoders"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatershedOptions:
    """Where objects that touch are parted; a px is as long as a voxel's shortest side."""

    __pydantic_config__ = STRICT

    min_distance_px: Annotated[float, Ge(1), Le(10_000)] = 10.0
    """The least distance between the middles of two objects that touch, px."""
    smoothing_px: Annotated[float, Ge(0), Le(100)] = 1.0
    """Width (sigma) of the Gaussian that smooths the distances, px; 0: they are taken as they are."""
    min_size_px: Annotated[int, Ge(0), Le(2**40)] = 0
    """Objects of fewer pixels or voxels are left out."""


CARDS: Final = (
    DecoderCard(
        name="components",
        description="connected components of each class",
        factory=f"{DECODERS}:components",
        works_on="slabs",
        bytes_per_voxel=32,
    ),
    DecoderCard(
        name="watershed",
        description="watershed of the distance to the border of each class, a marker per maximum",
        factory=f"{DECODERS}:watershed",
        options=WatershedOptions,
        bytes_per_voxel=112,
        citation="Vincent and Soille, Watersheds in digital spaces, IEEE Transactions on Pattern Analysis "
        "and Machine Intelligence 13(6), 1991, doi:10.1109/34.87344; computed by scikit-image",
        licence="BSD-3-Clause (scikit-image)",
    ),
)
