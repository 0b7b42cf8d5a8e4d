"""What an exported file says of itself: all that is needed to segment with it and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Literal

from ..benchmark.contracts.basics import STRICT, OptionValue
from ..benchmark.contracts.data import GreyRange, Normalisation
from ..benchmark.files.hashing import sha256_of_file
from ..benchmark.files.store import to_json
from ..benchmark.files.validation import plain
from ..benchmark.images.intensity import EIGHT_BIT
from .choosing import Source

KEY: Final = "emseg_bench"
"""Under this name a file holds its description."""
LEAST_PARTS: Final = 2
"""Of the size divisor, that a side has."""
INPUT, OUTPUT = "input", "logits"
PADDING: Final = (
    "Pad below and to the right up to multiples of sides_multiple_of, and to sides_at_least: by reflection "
    "without the border pixel, or by repeating the border pixel along an axis that is too short. Cut the "
    "output back."
)
SCALING: Final = "x = (clip((value - low) / (high - low), 0, 1) - mean) / std"
LABELS: Final = {
    "sigmoid": "label = sigmoid(logit) > threshold",
    "softmax": "label = the class of the largest logit, the first of equal ones",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTold:
    """What the network takes: float32 (N, C, H, W), of any N, H and W that the rules allow."""

    __pydantic_config__ = STRICT

    name: str = INPUT
    axes: str = "NCHW"
    channels: int
    sides_multiple_of: int
    sides_at_least: int
    """Such a multiple; a side that comes down to one pixel within a network is no side to exporters."""
    padding: str = PADDING
    scaling: str = SCALING
    low: float
    """The stored value that becomes 0."""
    high: float
    """The stored value that becomes 1."""
    mean: tuple[float, ...]
    """Per channel, on the 0-1 scale."""
    std: tuple[float, ...]
    voxel_size_nm: tuple[float, ...] | None
    """Of the training images, (y, x) or (z, y, x); None where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTold:
    """What the network gives: float32 (N, K, H, W)."""

    __pydantic_config__ = STRICT

    name: str = OUTPUT
    channels: int
    activation: Literal["sigmoid", "softmax"]
    labels: str
    threshold: float
    """For sigmoid."""
    class_names: tuple[str, ...]
    """By label, background first; empty where unknown."""
    label_values: tuple[int, ...]
    """What each class is in the owner's label files; empty: the labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A model in a file."""

    __pydantic_config__ = STRICT

    version: Literal[1] = 1
    model: str
    options: Mapping[str, OptionValue]
    origin: str
    exported_by: str
    weights_sha256: str
    """Of the weight file that it was made from."""
    input: InputTold
    output: OutputTold
    window: int | None
    """Side of the windows that it was trained on, px; larger images are best cut into such, overlapping."""
    citation: str
    code_licence: str
    """Of the network's code; the weights' is their owner's to say."""

    @property
    def grey(self) -> GreyRange:
        """Which values become 0 and 1."""
        return GreyRange(low=self.input.low, high=self.input.high)

    def to_json(self) -> str:
        """Write it as a JSON document."""
        return to_json(plain(self))


def describe(source: Source, normalisation: Normalisation) -> Description:
    """Gather what belongs to a model whose images are normalised so."""
    weights, info, card = source.weights, source.weights.info, source.weights.offer.card
    grey = info.grey_range or EIGHT_BIT
    activation: Literal["sigmoid", "softmax"] = "sigmoid" if weights.num_logits == 1 else "softmax"
    record = source.origin.record if source.origin else None
    return Description(
        model=record.spec.model.label if record else info.model,
        options=dict(info.options),
        origin=info.origin,
        exported_by=f"emseg-bench {version('emseg-bench')}",
        weights_sha256=sha256_of_file(weights.path),
        input=InputTold(
            channels=info.channels,
            sides_multiple_of=weights.size_divisor,
            sides_at_least=LEAST_PARTS * weights.size_divisor,
            low=grey.low,
            high=grey.high,
            mean=normalisation.mean,
            std=normalisation.std,
            voxel_size_nm=info.voxel_size_nm or (record.voxel_size_nm if record else None),
        ),
        output=OutputTold(
            channels=weights.num_logits,
            activation=activation,
            labels=LABELS[activation],
            threshold=info.segmenting.threshold if info.segmenting else 0.5,
            class_names=info.class_names,
            label_values=info.label_values,
        ),
        window=info.window,
        citation=card.citation,
        code_licence=card.licence,
    )
