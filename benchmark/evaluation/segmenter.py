"""A network with all that its inference needs: from the pixels of an image to logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..contracts import Normalisation, ScoringProtocol
from ..normalise import to_input
from .sliding_window import predict_logits


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmenter:
    """Segments images of any size; evaluation mode and autocast are the caller's (`inference.inference`)."""

    model: nn.Module
    """On `device`."""
    normalisation: Normalisation
    protocol: ScoringProtocol
    """Overlap, blending and padding come from here."""
    window: int
    """Side of the inference window, px (`sliding_window.window_side`)."""
    size_divisor: int
    """The model's."""
    device: torch.device | str
    batch_size: int
    """Windows per forward pass."""

    def logits(self, image: np.ndarray[Any, Any]) -> Tensor:
        """Predict the logits of a whole image.

        Args:
            image: (C, H, W) uint8, or float32 between 0 and 1.

        Returns:
            (K, H, W) float32 on `device`.

        Raises:
            DataError: The pixels do not fit the normalisation.
            TrialError: The model's output has the wrong shape, or is not finite.
        """
        pixels = torch.tensor(image, device=self.device)  # moved in its own, smaller type
        return predict_logits(
            self.model,
            to_input(pixels, self.normalisation.mean, self.normalisation.std),
            window=self.window,
            overlap=self.protocol.overlap,
            blending=self.protocol.blending,
            padding=self.protocol.padding,
            size_divisor=self.size_divisor,
            batch_size=self.batch_size,
        )
