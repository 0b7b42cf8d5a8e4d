"""What finds objects in label maps."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Final

from annotated_types import Ge, Gt, Le, Lt

from ..contracts.basics import STRICT
from ..contracts.cards import DecoderCard
from ..contracts.errors import UsageError

DECODERS = "emseg_bench.benchmark.evaluation.decoders"
EXTRA = "emseg_bench.benchmark.evaluation.decoders_extra"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryWatershedOptions:
    """Where boundaries and distances part objects."""

    __pydantic_config__ = STRICT

    threshold: Annotated[float, Gt(0), Lt(1)] = 0.5
    """Probability of a boundary from which on a pixel is in no seed."""
    seed_distance_px: Annotated[float, Ge(0), Le(1000)] = 2.0
    """Distance to the boundary from which on pixels are seeds, px."""
    join: Annotated[float, Gt(0), Le(1)] = 0.3
    """Volumes: the least IoU of objects of neighbouring sections that are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutexWatershedOptions:
    """From which affinities on pixels attract each other.

    Raises:
        UsageError: mwatershed is not installed.
    """

    __pydantic_config__ = STRICT

    bias: Annotated[float, Gt(0), Lt(1)] = 0.5
    """Of neighbours."""
    long_bias: Annotated[float, Gt(0), Lt(1)] = 0.5
    """Of pixels that are further apart."""
    join: Annotated[float, Gt(0), Le(1)] = 0.3
    """Volumes: the least IoU of objects of neighbouring sections that are one."""

    def __post_init__(self) -> None:
        _check_installed("mutex-watershed", "mwatershed")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterzOptions:
    """How far fragments are put together.

    Raises:
        UsageError: waterz is not installed.
    """

    __pydantic_config__ = STRICT

    threshold: Annotated[float, Gt(0), Lt(1)] = 0.5
    """Mean affinity of two fragments above which they are one."""
    join: Annotated[float, Gt(0), Le(1)] = 0.3
    """Volumes: the least IoU of objects of neighbouring sections that are one."""

    def __post_init__(self) -> None:
        _check_installed("waterz", "waterz")


def _check_installed(decoder: str, package: str) -> None:
    if find_spec(package) is None:
        raise UsageError(
            f"the decoder {decoder} needs the package {package}, which is not installed: pip install "
            "'emseg-bench[instances]', or take another decoder, such as components."
        )


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
    DecoderCard(
        name="boundary-watershed",
        description="watershed of predicted boundaries, from seeds far from them",
        factory=f"{EXTRA}:boundary_watershed",
        options=BoundaryWatershedOptions,
        reads=("boundary", "distance"),
        tries={"threshold": (0.3, 0.5, 0.7), "seed_distance_px": (1.0, 2.0, 3.0, 5.0)},
        bytes_per_voxel=48,
        citation="Beucher and Meyer, The morphological approach to segmentation: the watershed "
        "transformation, in Mathematical Morphology in Image Processing, 1993; computed by scikit-image",
        licence="BSD-3-Clause (scikit-image)",
    ),
    DecoderCard(
        name="mutex-watershed",
        description="mutex watershed of affinities: the surest join and part pixels first",
        factory=f"{EXTRA}:mutex_watershed",
        options=MutexWatershedOptions,
        reads=("affinity",),
        tries={"bias": (0.3, 0.5, 0.7), "long_bias": (0.3, 0.5, 0.7)},
        bytes_per_voxel=48,
        citation="Wolf et al., The Mutex Watershed and its Objective, IEEE Transactions on Pattern Analysis "
        "and Machine Intelligence 43(10), 2021, doi:10.1109/TPAMI.2020.2980827; computed by mwatershed",
        licence="MIT (mwatershed)",
    ),
    DecoderCard(
        name="waterz",
        description="fragments of a watershed of affinities, put together by their mean affinity",
        factory=f"{EXTRA}:waterz",
        options=WaterzOptions,
        reads=("affinity",),
        tries={"threshold": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)},
        bytes_per_voxel=48,
        citation="Funke et al., Large Scale Image Segmentation with Structured Loss Based Deep Learning for "
        "Connectome Reconstruction, IEEE Transactions on Pattern Analysis and Machine Intelligence 41(7), "
        "2019, doi:10.1109/TPAMI.2018.2835450; computed by waterz",
        licence="MIT (waterz)",
    ),
)
