"""What a weight file says about itself: the metadata of every safetensors file that emseg-bench writes.

With it a file can be used without knowing where it came from: which model it belongs to, and which
pixels that model wants.  Reading it neither loads the weights nor imports torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt, Le, Len

from ..contracts.basics import STRICT, OptionValue, Precision
from ..contracts.data import Axes, GreyRange, Normalisation
from ..contracts.errors import WeightsError
from ..files.regular import open_regular, shown
from ..files.texts import parse_json

KEY = "emseg_bench"
"""The metadata entry that holds a `WeightsInfo` as JSON."""

MOST_CHANNELS: Final = 65_536
"""Of a network, at either end; more are none that anybody trained."""
HEADER_LIMIT = 100_000_000
"""Bytes; a longer header is no safetensors file (the format's own limit)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmenting:
    """How a trial's test images were segmented: what of `ScoringProtocol` makes labels, and the precision."""

    __pydantic_config__ = STRICT

    protocol: str
    """Its name."""
    window: int | Literal["crop", "whole-resized", "whole-padded"]
    overlap: float
    blending: Literal["gaussian", "constant"]
    blend_on: Literal["logits", "probabilities"]
    flips: bool
    padding: Literal["mirror", "zero"]
    slice_overlap: float
    threshold: float
    postprocess: tuple[str, ...] = ()
    axes: Axes
    """Along which volumes are cut."""
    precision: Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsStart:
    """What a network started from of which a file holds only what training changed."""

    __pydantic_config__ = STRICT

    init: str
    """Name of the model's initialisation, whose source gives the file again."""
    file: str
    """The file's name, for people."""
    sha256: str
    adapted: tuple[str, ...] = ()
    """Names of weights of which the file holds factors, whose product is added to what they started from."""
    scale: Annotated[float, Gt(0)] = 1.0
    """By which products of factors are multiplied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsInfo:
    """What belongs to a set of weights."""

    __pydantic_config__ = STRICT

    model: str
    """Name of the model."""
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    """Those of the model's options that the weights fit."""
    channels: Annotated[int, Ge(1), Le(MOST_CHANNELS)] = 1
    """Of the input."""
    context: Annotated[int, Ge(0), Le(MOST_CHANNELS)] = 0
    """Slices on either side of one that are channels, too; `channels` counts them."""
    num_logits: Annotated[int, Ge(1), Le(MOST_CHANNELS)] | None = None
    """Output channels of a whole trained model; None for weights that only initialise one."""
    class_names: tuple[str, ...] = ()
    """By label value; empty where unknown."""
    normalisation: Normalisation | None = None
    """What the weights were trained with; None where unknown."""
    window: Annotated[int, Ge(1)] | None = None
    """Side of the crops that they were trained on, px."""
    grey_range: GreyRange | None = None
    """Which stored values became 0 and 1; None where unknown."""
    voxel_size_nm: Annotated[tuple[float, ...], Len(2, 3)] | None = None
    """Of the data that they were trained on, (y, x) or (z, y, x); None where unknown."""
    label_values: tuple[int, ...] = ()
    """What each class is in the owner's label files, by label; empty: the labels."""
    segmenting: Segmenting | None = None
    """How they were scored; None where unknown."""
    start: WeightsStart | None = None
    """Where the network started of which the file holds only what training changed; None: it holds all."""
    origin: str
    """How they came about, in one line for people."""
    distribution: str = ""
    """Package that provides the model; empty: emseg-bench itself, or not known."""


def to_metadata(info: WeightsInfo) -> dict[str, str]:
    """Write `info` as metadata for `safetensors.torch.save_file`.

    It is a single entry: safetensors writes several in random order, and equal weights must be equal files.
    """
    from ..files.validation import plain

    # where nothing is known; older files do not have them
    unsaid = ("distribution", "voxel_size_nm", "start", "context")
    told = {key: value for key, value in plain(info).items() if key not in unsaid or value}
    return {KEY: json.dumps(told, sort_keys=True)}


def read_info(path: Path) -> WeightsInfo | None:
    """Read what a weight file says about itself; None if it is not one of ours.

    Raises:
        WeightsError: It is one of ours, but what it says cannot be understood.
    """
    text = _metadata(path).get(KEY)
    if text is None:
        return None
    from ..contracts.errors import UsageError
    from ..files.validation import validate

    try:
        return validate(WeightsInfo, parse_json(text, "metadata", WeightsError), "metadata")
    except (WeightsError, UsageError) as error:
        raise WeightsError(
            f"{path}: what it says about itself cannot be understood ({error}); "
            "use the emseg-bench that wrote it."
        ) from error


def _metadata(path: Path) -> Mapping[str, str]:
    """Read the metadata of a safetensors file; nothing if it has none or is something else."""
    try:
        with open_regular(path, WeightsError) as file:
            length = int.from_bytes(file.read(8), "little")
            text = file.read(length) if length < HEADER_LIMIT else b"{}"
        header = parse_json(text, shown(path), WeightsError)
    except (OSError, WeightsError):
        return {}
    found = header.get("__metadata__") if isinstance(header, dict) else None
    return found if isinstance(found, dict) else {}
