"""RETINA's pre-training (Xing, Xie & Bader 2025, doi 10.1371/journal.pcbi.1013115): give images back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.contracts.cards import ModelToPretrain
from ..benchmark.contracts.data import Normalisation
from ..benchmark.contracts.pretraining import PretrainingRecipe
from ..benchmark.images.normalise import to_input
from .corruption import corrupt, make_target
from .options import ReconstructionOptions


def create(
    model: ModelToPretrain, recipe: PretrainingRecipe, normalisation: Normalisation, **options: OptionValue
) -> Reconstruction:
    """Begin a pre-training by reconstruction.

    Args:
        model: Its reconstruction network is trained.
        recipe: Says how large crops are.
        normalisation: Of input and target alike.
        **options: Those of `ReconstructionOptions`.
    """
    network = ReconstructionLoss(model.reconstruction(), normalisation)
    return Reconstruction(network, recipe.crop, ReconstructionOptions(**options))  # type: ignore[arg-type]


class ReconstructionLoss(nn.Module):
    """A network with its loss: the mean of squared differences over all pixels, in float32.

    Args:
        network: Maps (N, 1, H, W) to (N, 1, H, W).
        normalisation: Of input and target alike.
    """

    def __init__(self, network: nn.Module, normalisation: Normalisation) -> None:
        super().__init__()
        self.network, self.normalisation = network, normalisation

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar.

        Args:
            inputs: (N, 1, H, W) uint8, spoilt.
            targets: (N, 1, H, W) uint8.
        """
        return mse_loss(self.reconstruct(inputs).float(), self._normalised(targets))

    def reconstruct(self, inputs: Tensor) -> Tensor:
        """Return normalised images (N, 1, H, W)."""
        output: Tensor = self.network(self._normalised(inputs).contiguous(memory_format=torch.channels_last))
        return output

    def _normalised(self, images: Tensor) -> Tensor:
        return to_input(images, self.normalisation.mean, self.normalisation.std)


class Reconstruction:
    """A pre-training by reconstruction in progress.

    Args:
        module: What is trained.
        side: Of the crops, px.
        options: How images are changed and spoilt.
    """

    def __init__(self, module: ReconstructionLoss, side: int, options: ReconstructionOptions) -> None:
        self.module = module
        self._side, self._options = side, options

    def views(
        self, image: np.ndarray[Any, Any], rng: np.random.Generator
    ) -> tuple[np.ndarray[Any, Any], ...]:
        """Make input and target of one image: (H, W) uint8 to two (1, side, side) uint8."""
        target = make_target(image, self._side, self._options, rng)
        return corrupt(target, self._options, rng)[None], target[None]

    def after_step(self) -> None:
        """Nothing follows a step."""

    def weights(self) -> Mapping[str, Tensor]:
        """Give the network's weights under their own names."""
        return self.module.network.state_dict()

    def panels(self, views: Sequence[Tensor]) -> Mapping[str, Tensor]:
        """Picture inputs (N, 1, H, W) uint8, what the network makes of them, and targets, each (N, H, W)."""
        inputs, targets = views
        self.module.eval()
        with torch.inference_mode():
            output = self.module.reconstruct(inputs).float()
        mean, std = self.module.normalisation.mean[0], self.module.normalisation.std[0]
        return {
            "input": inputs[:, 0] / 255,
            "reconstruction": (output[:, 0] * std + mean).clamp(0, 1),
            "target": targets[:, 0] / 255,
        }
