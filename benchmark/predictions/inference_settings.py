"""All that decides a label map but the image itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..contracts.basics import Precision
from ..contracts.cards import PostProcessingCard
from ..contracts.data import Axes, GreyRange, Normalisation
from ..contracts.settings import ScoringProtocol
from ..experiments.methods import Method, find_steps, make_steps, method_specs
from ..files.hashing import engine_sha256, sha256_of_file
from ..plugins.loading import installed_plugins
from ..weights.weight_info import Segmenting
from .network import TrainedWeights, build

if TYPE_CHECKING:
    from ..evaluation.segmenter import Segmenter

Array: TypeAlias = np.ndarray[Any, Any]

SCORING_ONLY = ("name", "metrics", "primary", "skips_undefined", "volumes")
"""Keys of a protocol that do not change a label map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceSettings:
    """How images are segmented."""

    weights: TrainedWeights
    protocol: ScoringProtocol
    normalisation: Normalisation
    window: int
    """Side of the inference window, px."""
    axes: Axes
    """Along which axes volumes are cut into slices."""
    device: str
    precision: Precision
    greys: Mapping[str, GreyRange]
    """Which values become 0 and 1, by their type."""

    @property
    def values(self) -> Array | None:
        """Give what is written for each label; None: labels are written as they are."""
        owners = self.weights.info.label_values
        if not owners or min(owners) < 0 or len(set(owners)) < len(owners):
            return None
        return np.array(owners, np.min_scalar_type(max(owners)))

    @property
    def words(self) -> str:
        """Say which value in a label map is which class."""
        values = range(len(self.weights.info.class_names)) if self.values is None else self.values
        names = zip(values, self.weights.info.class_names, strict=True)
        return ", ".join(f"{value} {name}" for value, name in names)

    def how(self, *, volumes: bool) -> str:
        """Say how images are segmented, and where that is from."""
        protocol, told = self.protocol, self.weights.info.segmenting
        overlap = protocol.slice_overlap if volumes else protocol.overlap
        view = protocol.window if isinstance(protocol.window, str) and "whole" in protocol.window else None
        parts = [
            f"protocol {protocol.name}",
            view or f"windows of {self.window} px, overlap {overlap:g}, {protocol.blending}",
            *(["mirror images"] if protocol.flips else []),
            *protocol.postprocess,
            *([self.axes] if volumes else []),
            self.precision,
            *(f"{grey.low:g} to {grey.high:g} ({kind}) as 0 to 1" for kind, grey in self.greys.items()),
        ]
        scored = told is not None and self._as_scored(told)
        return ", ".join(parts) + ("; as the trial was scored" if scored else "")

    def _as_scored(self, told: Segmenting) -> bool:
        used = {**asdict(self.protocol), "axes": self.axes, "precision": self.precision}
        return all(used[key] == value for key, value in asdict(told).items() if key != "protocol")

    @property
    def channels(self) -> int:
        """Channels of the network's input."""
        return self.weights.info.channels

    @property
    def steps(self) -> tuple[Method[PostProcessingCard], ...]:
        """Look up the steps of post-processing.

        Raises:
            UsageError: There is no such step, or an option is wrong.
        """
        return find_steps(self.protocol, installed_plugins().catalogue)

    def segmenter(self) -> Segmenter:
        """Build the network on its device, with its weights.

        Raises:
            WeightsError: The weights do not fit.
        """
        from ..evaluation.inference import inference_batch
        from ..evaluation.segmenter import Segmenter
        from ..training.memory_layout import channels_last

        return Segmenter(
            model=channels_last(build(self.weights).to(self.device)),
            normalisation=self.normalisation,
            protocol=self.protocol,
            window=self.window,
            size_divisor=self.weights.offer.card.size_divisor,
            device=self.device,
            batch_size=inference_batch(self.device),
            num_logits=self.weights.num_logits,
            steps=make_steps(self.steps),
        )

    def identity(self) -> dict[str, Any]:
        """Give what can change a label map, as plain data; the device is not in it."""
        from ..plugins.asked import provider_of

        return {
            "weights": sha256_of_file(self.weights.path),
            "model": provider_of(self.weights.offer).source_sha256,
            "engine": engine_sha256(),
            "protocol": {k: v for k, v in asdict(self.protocol).items() if k not in SCORING_ONLY},
            "methods": [asdict(one) for one in method_specs(self.steps)],
            "normalisation": asdict(self.normalisation),
            "window": self.window,
            "precision": self.precision,
            "label_values": None if self.values is None else self.values.tolist(),
        }
