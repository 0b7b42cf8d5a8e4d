"""All that decides a label map but the image itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..contracts import Axes, Normalisation, Precision, ScoringProtocol
from ..hashing import engine_sha256, sha256_of_file
from .network import TrainedWeights, build

if TYPE_CHECKING:
    from ..evaluation.segmenter import Segmenter

SCORING_ONLY = ("name", "metrics", "primary", "skips_undefined")
"""Keys of a protocol that do not change a label map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
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

    @property
    def channels(self) -> int:
        """Channels of the network's input."""
        return self.weights.info.channels

    def segmenter(self) -> Segmenter:
        """Build the network on its device, with its weights.

        Raises:
            WeightsError: The weights do not fit.
        """
        from ..evaluation.segmenter import Segmenter
        from ..inference import inference_batch
        from ..layout import channels_last

        return Segmenter(
            model=channels_last(build(self.weights).to(self.device)),
            normalisation=self.normalisation,
            protocol=self.protocol,
            window=self.window,
            size_divisor=self.weights.offer.card.size_divisor,
            device=self.device,
            batch_size=inference_batch(self.device),
            num_logits=self.weights.num_logits,
        )

    def identity(self) -> dict[str, Any]:
        """Give what can change a label map, as plain data; the device is not in it."""
        from ..asked import provider_of

        return {
            "weights": sha256_of_file(self.weights.path),
            "model": provider_of(self.weights.offer).source_sha256,
            "engine": engine_sha256(),
            "protocol": {k: v for k, v in asdict(self.protocol).items() if k not in SCORING_ONLY},
            "normalisation": asdict(self.normalisation),
            "window": self.window,
            "precision": self.precision,
        }
