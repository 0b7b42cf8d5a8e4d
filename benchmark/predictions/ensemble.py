"""Several trained networks that segment together, one slice at a time, and how sure they are.

The mean of their probabilities is handed on as logits, so that whatever makes labels of one network's logits
makes them of several.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import tee
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..evaluation.segmenter import Segmenter

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Networks of one kind on one device; evaluation mode and autocast are the caller's."""

    members: tuple[Segmenter, ...]
    scales: Mapping[str, float] = field(default_factory=dict)
    """By axis (z, y, x): how often the training data's pixel goes into one of the new data's; those that are
    not named stay as they are."""

    def image(self, pixels: Array) -> tuple[Tensor, ...]:
        """Predict the logits (K, H, W) of an image (C, H, W), of each member."""
        height, width = pixels.shape[-2:]
        resized = _resized(pixels, self.sides((height, width), "yx"))
        return tuple(_logits_of(member.logits(resized), (height, width)) for member in self.members)

    def slices(
        self,
        planes: Iterable[Array],
        shape: tuple[int, int],
        axis: str,
        *,
        before: int = 0,
        after: int = 0,
    ) -> Iterator[tuple[Tensor, ...]]:
        """Predict the logits (K, H, W) of slices that follow each other along an axis, of each member.

        Args:
            planes: (H, W) each, uint8 or float32 between 0 and 1.
            shape: Of all of them.
            axis: z, y or x.
            before: How many of the first planes are there as neighbours alone (`neighbours.reach`).
            after: How many of the last ones are.
        """
        sides = self.sides(shape, "zyx".replace(axis, ""))
        resized = (_resized(plane[None], sides)[0] for plane in planes)
        copies = tee(resized, len(self.members))
        each = [
            member.slices(copy, sides, axis, before=before, after=after)
            for member, copy in zip(self.members, copies, strict=True)
        ]
        for logits in zip(*each, strict=True):
            yield tuple(_logits_of(one, shape) for one in logits)

    def sides(self, shape: tuple[int, int], axes: str) -> tuple[int, int]:
        """Return the height and width at which the networks see an image or slice of `shape`."""
        height, width = (
            max(1, round(side * self.scales.get(axis, 1.0))) for side, axis in zip(shape, axes, strict=True)
        )
        return height, width


def combined(logits: Sequence[Tensor]) -> Tensor:
    """Return logits whose probabilities are the mean of the members'; of one member its own."""
    if len(logits) == 1:
        return logits[0]
    stacked, number = torch.stack([one.float() for one in logits]), math.log(len(logits))
    if stacked.shape[1] == 1:
        on, off = (F.logsigmoid(sign * stacked).logsumexp(0) for sign in (1, -1))
        return on - off
    return stacked.log_softmax(1).logsumexp(0) - number


def to_probabilities(logits: Tensor) -> Tensor:
    """Return the probabilities (C, H, W) of all classes, background included, of logits (K, H, W)."""
    if len(logits) > 1:
        return logits.float().softmax(0)
    foreground = logits.float().sigmoid()
    return torch.cat([1 - foreground, foreground])


def entropy(probabilities: Tensor) -> Tensor:
    """Return the entropy (H, W) of probabilities (C, H, W), as a share of the largest that there can be."""
    found: Tensor = torch.special.entr(probabilities).sum(0) / math.log(len(probabilities))
    return found


def disagreement(logits: Sequence[Tensor]) -> Tensor:
    """Return what of the mean's entropy (H, W) is the members' not agreeing: mutual information, 0 to 1."""
    single = torch.stack([entropy(to_probabilities(one)) for one in logits]).mean(0)
    return (entropy(to_probabilities(combined(logits))) - single).clamp_(min=0)


def _resized(pixels: Array, sides: tuple[int, int]) -> Array:
    """Bring pixels (C, H, W) to other sides, in their own type."""
    if pixels.shape[-2:] == sides:
        return pixels
    values = torch.tensor(pixels).float()[None]  # a copy: memory maps cannot be written to
    found = F.interpolate(values, size=sides, mode="bilinear", antialias=True)[0].numpy()
    return (np.rint(found) if pixels.dtype == np.uint8 else found).astype(pixels.dtype)


def _logits_of(logits: Tensor, sides: tuple[int, int]) -> Tensor:
    if logits.shape[-2:] == sides:
        return logits
    return F.interpolate(logits.float()[None], size=sides, mode="bilinear", antialias=True)[0]
