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
    from ..contracts.data import PostProcessing
    from ..evaluation.segmenter import Segmenter
    from .ensemble import Ensemble

Array: TypeAlias = np.ndarray[Any, Any]

SCORING_ONLY = ("name", "metrics", "primary", "skips_undefined", "volumes", "decoder")
"""Keys of a protocol that do not change a label map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceSettings:
    """How images are segmented."""

    weights: TrainedWeights
    others: tuple[TrainedWeights, ...] = ()
    """Networks of the same kind whose probabilities are averaged with those of the first."""
    protocol: ScoringProtocol
    normalisation: Normalisation
    window: int
    """Side of the inference window, px."""
    axes: Axes
    """Along which axes volumes are cut into slices."""
    device: str
    more_devices: tuple[str, ...] = ()
    """Volumes are shared out among these, too."""
    precision: Precision
    greys: Mapping[str, GreyRange]
    """Which values become 0 and 1, by their type."""

    rescaled_to_nm: float | None = None
    """Side of a pixel that images are brought to before they go through the network; None: as they are."""

    @property
    def members(self) -> tuple[TrainedWeights, ...]:
        """All networks."""
        return (self.weights, *self.others)

    @property
    def devices(self) -> tuple[str, ...]:
        """All devices."""
        return (self.device, *self.more_devices)

    @property
    def values(self) -> Array | None:
        """Give what is written for each label; None: labels are written as they are."""
        owners = self.weights.info.label_values
        if not owners or min(owners) < 0 or len(set(owners)) < len(owners):
            return None
        return np.array(owners, np.min_scalar_type(max(owners)))

    @property
    def classes(self) -> tuple[tuple[int, str], ...]:
        """Give the value in a label map, and the name, of each class."""
        names = self.weights.info.class_names
        if not names:
            names = tuple(f"class{k}" if k else "background" for k in range(max(2, self.weights.num_logits)))
        values = range(len(names)) if self.values is None else self.values.tolist()
        return tuple(zip(values, names, strict=True))

    @property
    def words(self) -> str:
        """Say which value in a label map is which class; empty: nobody knows."""
        named = self.weights.info.class_names
        return ", ".join(f"{value} {name}" for value, name in self.classes) if named else ""

    @property
    def origin(self) -> str:
        """Say where the networks come from, with the first digits of their files' hashes."""
        told = [f"{one.info.origin} (sha256 {sha256_of_file(one.path)[:12]})" for one in self.members]
        return ("mean of the probabilities of " if len(told) > 1 else "") + "; ".join(told)

    def how(self, *, volumes: bool) -> str:
        """Say how images are segmented, and where that is from."""
        protocol, told = self.protocol, self.weights.info.segmenting
        overlap = protocol.slice_overlap if volumes else protocol.overlap
        view = protocol.window if isinstance(protocol.window, str) and "whole" in protocol.window else None
        parts = [
            f"protocol {protocol.name}",
            view or f"windows of {self.window} px{self._scored_in}, overlap {overlap:g}, {protocol.blending}",
            *(["mirror images"] if protocol.flips else []),
            *(
                [f"{len(self.members)} networks, their probabilities averaged"]
                if len(self.members) > 1
                else []
            ),
            *([f"pixels brought to {self.rescaled_to_nm:g} nm"] if self.rescaled_to_nm else []),
            *protocol.postprocess,
            *([self.axes] if volumes else []),
            self.precision,
            *(f"{grey.low:g} to {grey.high:g} ({kind}) as 0 to 1" for kind, grey in self.greys.items()),
        ]
        scored = told is not None and self._as_scored(told)
        return ", ".join(parts) + ("; as the trial was scored" if scored else "")

    @property
    def _scored_in(self) -> str:
        """Say which windows the trial was scored in, where they were others."""
        info = self.weights.info
        if info.segmenting is None:
            return ""
        scored = info.window if info.segmenting.window == "crop" else info.segmenting.window
        if scored in (None, self.window):
            return ""
        return f" (the trial was scored {f'in those of {scored} px' if isinstance(scored, int) else scored})"

    def _as_scored(self, told: Segmenting) -> bool:
        used = {**asdict(self.protocol), "axes": self.axes, "precision": self.precision}
        return all(used[key] == value for key, value in asdict(told).items() if key != "protocol")

    @property
    def channels(self) -> int:
        """Channels of an image, or of a slice without its neighbours."""
        return self.weights.image_channels

    @property
    def context(self) -> int:
        """Slices on either side of one that the network sees with it."""
        return self.weights.info.context

    @property
    def steps(self) -> tuple[Method[PostProcessingCard], ...]:
        """Look up the steps of post-processing.

        Raises:
            UsageError: There is no such step, or an option is wrong.
        """
        return find_steps(self.protocol, installed_plugins().catalogue)

    @property
    def made_steps(self) -> tuple[PostProcessing, ...]:
        """Make the steps of post-processing."""
        return make_steps(self.steps)

    def ensemble(self, device: str, voxel_size_nm: tuple[float, ...] | None = None) -> Ensemble:
        """Build the networks on a device, with their weights.

        Args:
            device: Which.
            voxel_size_nm: Of what is segmented, (y, x) or (z, y, x); for `rescaled_to_nm`.

        Raises:
            WeightsError: The weights do not fit.
        """
        from .ensemble import Ensemble

        place = "cpu" if device.startswith("cpu") else device
        members = (self.segmenter(one, place) for one in self.members)
        return Ensemble(tuple(members), self.scales(voxel_size_nm))

    def scales(self, voxel_size_nm: tuple[float, ...] | None) -> dict[str, float]:
        """Say by axis how often a pixel of `rescaled_to_nm` goes into one of an image; see `Ensemble`."""
        if self.rescaled_to_nm is None or voxel_size_nm is None:
            return {}
        axes = "zyx"[-len(voxel_size_nm) :]
        return {axis: side / self.rescaled_to_nm for axis, side in zip(axes, voxel_size_nm, strict=True)}

    def segmenter(self, weights: TrainedWeights | None = None, device: str | None = None) -> Segmenter:
        """Build one network, the first unless another is named, on the first device or another.

        Raises:
            WeightsError: The weights do not fit.
        """
        from ..evaluation.inference import inference_batch
        from ..evaluation.segmenter import Segmenter
        from ..training.memory_layout import channels_last

        weights, device = weights or self.weights, device or self.device
        return Segmenter(
            model=channels_last(build(weights).to(device)),
            normalisation=self.normalisation,
            protocol=self.protocol,
            window=self.window,
            size_divisor=weights.size_divisor,
            device=device,
            batch_size=inference_batch(device),
            num_logits=weights.num_logits,
            num_extra=len(weights.extra_outputs),
            context=weights.info.context,
            steps=self.made_steps,
        )

    def identity(self) -> dict[str, Any]:
        """Give what can change a label map, as plain data; the device is not in it."""
        from ..plugins.asked import provider_of

        return {
            "weights": [sha256_of_file(one.path) for one in self.members],
            "model": provider_of(self.weights.offer).source_sha256,
            "engine": engine_sha256(),
            "protocol": {k: v for k, v in asdict(self.protocol).items() if k not in SCORING_ONLY},
            "methods": [asdict(one) for one in method_specs(self.steps)],
            "normalisation": asdict(self.normalisation),
            "window": self.window,
            "rescaled_to_nm": self.rescaled_to_nm,
            "precision": self.precision,
            "label_values": None if self.values is None else self.values.tolist(),
        }
