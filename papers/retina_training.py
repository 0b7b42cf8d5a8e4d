"""RETINA's loss and schedule (Xing, Xie & Bader 2025, doi 10.1371/journal.pcbi.1013115).

Its two Dice losses, pooled over the batch, differ: the binary one has plain sums below the line and the one
of several classes, which counts the background too, has sums of squares (Milletari, Navab & Ahmadi 2016,
arXiv:1606.04797).
"""

from __future__ import annotations

import torch
from mmengine.optim import OptimWrapper, PolyLR
from torch import Tensor
from torch.nn import functional as F

from ..benchmark.training.loss import NOTHING, Dice, SegmentationLoss
from ..benchmark.training.optimisation import POLY_POWER

SMOOTH = 1e-5


class RetinaLoss(SegmentationLoss):
    """Weighted sum of cross-entropy and RETINA's Dice."""

    def make_dice(self, *, binary: bool) -> Dice:
        """Choose the Dice loss that was published for the task."""
        published = dice_of_foreground if binary else dice_of_classes
        return lambda logits, labels: published(logits, labels, labels != NOTHING)


def schedule(optimiser: OptimWrapper, _begin: int, iterations: int) -> PolyLR:
    """Build RETINA's schedule: rate ``base * (1 - max(k - 1, 0) / total) ** 0.9`` in step k = 0, 1, ...

    Upstream counts a step only after it has set the rate for the next one, so that the first two steps share
    the full rate.
    """
    return PolyLR(optimiser, eta_min=0.0, power=POLY_POWER, begin=1, end=iterations + 2, by_epoch=False)


def dice_of_foreground(logits: Tensor, labels: Tensor, counts: Tensor) -> Tensor:
    """Return ``1 - (2 sum(p y) + s) / (sum(p) + sum(y) + s)`` of the sigmoid p.

    Args:
        logits: (N, 1, H, W) float32.
        labels: (N, H, W) integer, 1 for foreground.
        counts: (N, H, W) bool: which pixels count.
    """
    p, y = torch.sigmoid(logits[:, 0]) * counts, (labels == 1).to(logits.dtype) * counts
    return 1 - (2 * (p * y).sum() + SMOOTH) / (p.sum() + y.sum() + SMOOTH)


def dice_of_classes(logits: Tensor, labels: Tensor, counts: Tensor) -> Tensor:
    """Return ``1 - (2 sum(p y) + s) / (sum(p^2) + sum(y^2) + s)`` of the softmax p, mean over classes.

    Args:
        logits: (N, K, H, W) float32.
        labels: (N, H, W) integer.
        counts: (N, H, W) bool: which pixels count.
    """
    p = logits.softmax(dim=1) * counts[:, None]
    y = F.one_hot(labels.clamp(min=0), logits.shape[1]).movedim(-1, 1) * counts[:, None]
    overlap, predicted, true = (value.sum(dim=(0, 2, 3)) for value in (p * y, p * p, y))
    return (1 - (2 * overlap + SMOOTH) / (predicted + true + SMOOTH)).mean()
