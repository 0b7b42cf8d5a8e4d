"""The network and its loss as mmengine's Runner wants them."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from ..contracts import Normalisation
from ..errors import TrialError
from ..normalise import to_input
from .loss import SegmentationLoss


class TrainingModule(BaseModel):  # type: ignore[misc]
    """Takes one optimiser step per call of `train_step`.

    Args:
        network: Maps (N, C, H, W) to logits (N, K, H, W); already on its device.
        loss: Of logits and labels.
        normalisation: Of the images.
        device: Where batches go.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: SegmentationLoss,
        normalisation: Normalisation,
        device: torch.device,
    ) -> None:
        super().__init__()
        self.network, self.loss = network, loss
        self._normalisation, self._device = normalisation, device

    def train_step(self, data: list[Tensor], optim_wrapper: Any) -> dict[str, Tensor]:
        """Take one optimiser step.

        Args:
            data: Images (N, C, H, W) float32 on the 0-1 scale, and labels (N, H, W) int64.
            optim_wrapper: Enters autocast, and updates the parameters.
        """
        with optim_wrapper.optim_context(self):
            loss = self(*data)
        optim_wrapper.update_params(loss)
        return {"loss": loss.detach()}

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar.

        Raises:
            TrialError: The network's output has another shape than (N, K, H, W).
        """
        images = images.to(self._device, non_blocking=True)
        images = to_input(images, self._normalisation.mean, self._normalisation.std)
        logits = self.network(images.contiguous(memory_format=torch.channels_last))
        labels = labels.to(self._device, non_blocking=True)
        if logits.ndim != 4 or logits.shape[-2:] != labels.shape[-2:]:
            raise TrialError(
                f"the model turned {tuple(images.shape)} into {tuple(logits.shape)}, "
                "expected logits (N, K, H, W) of the same height and width; mend the model's forward()."
            )
        loss: Tensor = self.loss(logits, labels)
        return loss
