"""The training loss: cross-entropy (binary: BCE with logits) plus Dice, over the pixels that count."""

from __future__ import annotations

from collections.abc import Callable

import torch
from segmentation_models_pytorch.losses import DiceLoss
from torch import Tensor, nn
from torch.nn import functional as F

from ..contracts.settings import Recipe

NOTHING = -100
"""Stands for an ignored pixel inside the loss (PyTorch's own default)."""

Dice = Callable[[Tensor, Tensor], Tensor]
"""From logits (N, K, H, W) and labels (N, H, W), `NOTHING` where they do not count, to a scalar."""


class SegmentationLoss(nn.Module):
    """Weighted sum of cross-entropy and soft Dice.

    Args:
        recipe: Their weights and the classes' weights.
        num_logits: K: 1 for a binary task.
        ignore_value: Label of pixels that do not count.
    """

    class_weights: Tensor | None

    def __init__(self, recipe: Recipe, num_logits: int, ignore_value: int | None) -> None:
        super().__init__()
        self._ce_weight, self._dice_weight = recipe.ce_weight, recipe.dice_weight
        self._binary, self._ignore_value = num_logits == 1, ignore_value
        self._dice = self.make_dice(binary=self._binary)
        weights = torch.tensor(recipe.class_weights) if recipe.class_weights else None
        self.register_buffer("class_weights", weights, persistent=False)

    def make_dice(self, *, binary: bool) -> Dice:
        """Make the Dice loss: here Sudre et al. 2017, arXiv 1707.03237, smoothed by one pixel of overlap.

        It is pooled over the batch and averaged over classes; a class that the batch does not hold adds
        nothing.
        """
        mode = "binary" if binary else "multiclass"
        dice: Dice = DiceLoss(mode, from_logits=True, smooth=1.0, ignore_index=NOTHING)
        return dice

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss, a scalar.

        Args:
            logits: (N, K, H, W); computed with in float32.
            labels: (N, H, W) int64 label values.
        """
        logits = logits.float()
        if self._ignore_value is not None:
            labels = labels.masked_fill(labels == self._ignore_value, NOTHING)
        entropy = self._binary_entropy(logits, labels) if self._binary else self._entropy(logits, labels)
        loss: Tensor = self._ce_weight * entropy + self._dice_weight * self._dice(logits, labels)
        return loss

    def _entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean over the pixels that count, each weighing as much as its class."""
        counts = labels != NOTHING
        weight = counts if self.class_weights is None else self.class_weights[labels.clamp(min=0)] * counts
        total = F.cross_entropy(
            logits, labels, weight=self.class_weights, ignore_index=NOTHING, reduction="sum"
        )
        return total / weight.sum().clamp(min=torch.finfo(torch.float32).tiny)

    def _binary_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        counts = labels != NOTHING
        entropy = F.binary_cross_entropy_with_logits(
            logits[:, 0], labels.clamp(min=0).float(), reduction="none"
        )
        return (entropy * counts).sum() / counts.sum().clamp(min=1)
