"""How well a batch is segmented while training: the running IoU that RETINA's publication shows.

It is a curve to watch, not a score: with several classes the published code compares probabilities
with the labels, where only the binary one decides first (Xing, Xie & Bader 2025,
doi 10.1371/journal.pcbi.1013115).
"""

from __future__ import annotations

from torch import Tensor
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


class EmaMean:
    """A running mean in which old values fade, without a start that leans towards 0.

    Args:
        decay: Share of the past that each new value leaves.
    """

    def __init__(self, decay: float = 0.98) -> None:
        self._decay = decay
        self._sum = self._weight = 0.0

    def update(self, value: float) -> float:
        """Take in `value`; return the mean, divided by 1 - decay^n after n values."""
        self._sum = self._decay * self._sum + (1 - self._decay) * value
        self._weight = self._decay * self._weight + (1 - self._decay)
        return self._sum / self._weight
