"""A network with all that its inference needs: from the pixels of an image to logits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..contracts import Normalisation, ScoringProtocol
from ..normalise import to_input
from .sliding_window import predict_logits
from .whole_image import grow, predict_padded, shrink


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmenter:
    """Segments images of any size; evaluation mode and autocast are the caller's (`inference.inference`)."""

    model: nn.Module
    """On `device`."""
    normalisation: Normalisation
    protocol: ScoringProtocol
    """Window or whole image, overlap, blending and padding come from here."""
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
            DataError: The pixels do not fit the normalisation, or are too few.
            TrialError: The model's output has the wrong shape, or is not finite.
        """
        if self.protocol.window == "whole-resized":
            small = self._padded(shrink(image, self.size_divisor))
            return grow(small, *image.shape[-2:])
        if self.protocol.window == "whole-padded":
            return self._padded(image)
        return predict_logits(
            self.model,
            self._input(image),
            window=self.window,
            overlap=self.protocol.overlap,
            blending=self.protocol.blending,
            padding=self.protocol.padding,
            size_divisor=self.size_divisor,
            batch_size=self.batch_size,
        )

    def for_slices(self) -> Segmenter:
        """Give the same for the slices of a volume, whose windows may overlap differently."""
        whole = self.protocol.window == "whole-resized"
        protocol = replace(
            self.protocol,
            overlap=self.protocol.slice_overlap,
            window="whole-padded" if whole else self.protocol.window,
        )
        return replace(self, protocol=protocol)

    def _padded(self, image: np.ndarray[Any, Any]) -> Tensor:
        return predict_padded(self.model, self._input(image), self.size_divisor)

    def _input(self, image: np.ndarray[Any, Any]) -> Tensor:
        pixels = torch.tensor(image, device=self.device)  # moved in its own, smaller type
        return to_input(pixels, self.normalisation.mean, self.normalisation.std)
