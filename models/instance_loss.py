"""The losses of networks that predict affinities, or boundaries and distances."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from ..benchmark.contracts.data import ExtraOutput
from .instance_options import LARGEST_PX
from .instance_targets import affinities, boundaries, distances


@dataclass(frozen=True, slots=True)
class InstanceLoss:
    """A module's ``auxiliary_loss``: of what it gives behind its logits, over pixels and pairs that count.

    Cross-entropy and, since pairs of different objects are few, the Dice loss of these (Wolf et al. 2018,
    doi 10.1007/978-3-030-01225-0_34), half each; of distances the mean absolute error, in shares of the
    largest.
    """

    num_logits: int
    outputs: tuple[ExtraOutput, ...]

    def __call__(self, outputs: Tensor, labels: Tensor, instances: Tensor) -> Tensor:
        """Return the loss, a scalar; arguments as of `ModelCard`."""
        extra = outputs[:, self.num_logits :].float()
        offsets = [one.offset for one in self.outputs if one.offset is not None]
        if offsets:
            same, valid = affinities(labels, instances, offsets)
            return _binary(extra, same, valid, inverted=True)
        boundary, valid = boundaries(labels, instances)
        far, known = distances(boundary, instances, LARGEST_PX)
        edges = _binary(extra[:, :1], boundary[:, None], valid[:, None], inverted=False)
        errors = F.l1_loss(extra[:, 1], far, reduction="none") / LARGEST_PX
        return edges + _mean(errors, valid & known)


def _binary(logits: Tensor, target: Tensor, valid: Tensor, *, inverted: bool) -> Tensor:
    """Add up cross-entropy and the Dice loss, of what is not the target if `inverted`, (N, E, H, W) each."""
    entropy = F.binary_cross_entropy_with_logits(logits, target.float(), reduction="none")
    rare = ~target if inverted else target
    probability = (-logits if inverted else logits).sigmoid()
    axes = (0, 2, 3)
    hit = (probability * (rare & valid)).sum(axes)
    sizes = ((probability + rare.float()) * valid).sum(axes)
    dice = 1 - (2 * hit + 1) / (sizes + 1)  # smoothed by a pixel
    return 0.5 * _mean(entropy, valid) + 0.5 * dice.mean()


def _mean(values: Tensor, counts: Tensor) -> Tensor:
    return (values * counts).sum() / counts.sum().clamp(min=1)
