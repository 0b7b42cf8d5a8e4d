"""How well a batch is segmented while training: the running IoU that RETINA's publication shows.

It is a curve to watch, not a score: with several classes the published code compares probabilities
with the labels, where only the binary one decides first (Xing, Xie & Bader 2025,
doi 10.1371/journal.pcbi.1013115).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5
"""px; makes a class that is in neither truth nor prediction score 1."""


def batch_iou(logits: Tensor, labels: Tensor, ignore_value: int | None = None) -> Tensor:
    """Compute each class's IoU over all pixels of a batch: (I + 1e-5) / (U + 1e-5).

    With a prediction p and the truth y, 0 or 1, I is sum(p y) and U is sum(p) + sum(y) - I.

    Args:
        logits: (N, K, H, W).  K = 1: p is 1 where the sigmoid is above 0.5; K > 1: p is the softmax.
        labels: (N, H, W) int64 label values.
        ignore_value: Pixels with this label are not counted.

    Returns:
        (K,) float32: of the foreground for K = 1, else of every class, background included.
    """
    logits = logits.float()
    counted = labels[:, None] != (-1 if ignore_value is None else ignore_value)
    if logits.shape[1] == 1:
        predicted, true = logits.sigmoid() > 0.5, labels[:, None] == 1
    else:
        known = labels.masked_fill(~counted[:, 0], 0)
        predicted, true = logits.softmax(dim=1), F.one_hot(known, logits.shape[1]).movedim(-1, 1)
    p, y = predicted * counted, true * counted
    dims = (0, 2, 3)
    overlap = (p * y).sum(dims)
    return (overlap + EPSILON) / (p.sum(dims) + y.sum(dims) - overlap + EPSILON)


class RunningIou(nn.Module):
    """The running mean over classes and batches, for a training curve.

    Args:
        ignore_value: Label of pixels that do not count.
    """

    def __init__(self, ignore_value: int | None) -> None:
        super().__init__()
        self._ignore_value = ignore_value
        self.mean = EmaMean()

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Take in a batch's logits (N, K, H, W) and labels (N, H, W); return the mean, a scalar."""
        mean: Tensor = self.mean(batch_iou(logits, labels, self._ignore_value).mean())
        return mean


class EmaMean(nn.Module):
    """A running mean in which old values fade, without a start that leans towards 0.

    Its state is in its buffers, so that a resumed training goes on with the same mean.

    Args:
        decay: Share of the past that each new value leaves.
    """

    total: Tensor
    weight: Tensor

    def __init__(self, decay: float = 0.98) -> None:
        super().__init__()
        self._decay = decay
        self.register_buffer("total", torch.zeros(()))
        self.register_buffer("weight", torch.zeros(()))

    def forward(self, value: Tensor) -> Tensor:
        """Take in `value`, a scalar; return the mean, divided by 1 - decay^n after n values."""
        self.total.lerp_(value, 1 - self._decay)
        self.weight.lerp_(torch.ones_like(self.weight), 1 - self._decay)
        return self.total / self.weight
