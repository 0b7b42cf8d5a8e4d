"""What a network is to say of objects, made of their numbers: affinities, or boundaries and distances."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..benchmark.training.loss import NOTHING


def affinities(
    labels: Tensor, instances: Tensor, offsets: Sequence[tuple[int, int]]
) -> tuple[Tensor, Tensor]:
    """Tell of each pixel whether the one at an offset from it is of the same object.

    Args:
        labels: (N, H, W) int64, `NOTHING` where they do not count.
        instances: (N, H, W) int64 numbers of objects, 0 for none, of which no pixel is of the same object as
            another.
        offsets: (y, x), px; E of them.

    Returns:
        (N, E, H, W) bool, and where both pixels are within the image and count, likewise.
    """
    same, valid = [], []
    for offset in offsets:
        other, inside = _shifted(instances, offset)
        other_labels, _ = _shifted(labels, offset)
        same.append((instances == other) & (instances > 0) & (labels == other_labels) & inside)
        valid.append(inside & (labels != NOTHING) & (other_labels != NOTHING))
    return torch.stack(same, 1), torch.stack(valid, 1)


def boundaries(labels: Tensor, instances: Tensor) -> tuple[Tensor, Tensor]:
    """Tell which pixels have one of another object, or of none, at one of their sides; arguments as above.

    Returns:
        (N, H, W) bool, and which pixels count, likewise.  Pixels without an object have a boundary where they
        touch one, too.
    """
    found = torch.zeros_like(labels, dtype=torch.bool)
    for offset in ((-1, 0), (0, -1)):
        other, inside = _shifted(instances, offset)
        other_labels, _ = _shifted(labels, offset)
        both = inside & (labels != NOTHING) & (other_labels != NOTHING)
        differ = (instances != other) | ((instances > 0) & (labels != other_labels))
        edge = both & differ
        found |= edge | _back(edge, offset)
    return found, labels != NOTHING


def distances(boundary: Tensor, instances: Tensor, largest: float) -> tuple[Tensor, Tensor]:
    """Measure how far an object's pixels are from the next boundary.

    Args:
        boundary: (N, H, W) bool.
        instances: (N, H, W) numbers of objects.
        largest: Where distances are cut off, px.

    Returns:
        (N, H, W) float32 Euclidean distances, px, 0 where there is no object; and where they are true since
        the crop's edge is not nearer, as bool.
    """
    radius = int(largest)
    far = torch.full(boundary.shape, float(largest**2), device=boundary.device)
    squared = torch.where(boundary, torch.zeros_like(far), far)
    for axis in (1, 2):  # exact within the radius, an axis after the other
        squared = torch.stack(
            [_moved(squared, step, axis, far) + step**2 for step in range(-radius, radius + 1)]
        )
        squared = squared.amin(0).clamp_(max=largest**2)
    found = squared.sqrt() * (instances > 0)
    return found, found <= _edge_distance(boundary)


def _shifted(values: Tensor, offset: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Give for each pixel the value of the one at an offset, and whether there is one."""
    moved = torch.roll(values, (-offset[0], -offset[1]), (1, 2))
    inside = torch.ones_like(values, dtype=torch.bool)
    for axis, step in enumerate(offset, 1):
        places = torch.arange(values.shape[axis], device=values.device) + step
        within = (places >= 0) & (places < values.shape[axis])
        inside &= within.view([-1 if one == axis else 1 for one in range(3)])
    return moved, inside


def _back(edge: Tensor, offset: tuple[int, int]) -> Tensor:
    """Mark the other pixel of each pair; pairs lie within the image."""
    return torch.roll(edge, offset, (1, 2))


def _moved(values: Tensor, step: int, axis: int, far: Tensor) -> Tensor:
    offset = (step, 0) if axis == 1 else (0, step)
    moved, inside = _shifted(values, offset)
    return torch.where(inside, moved, far)


def _edge_distance(mask: Tensor) -> Tensor:
    """Give (H, W): how far each pixel is from what lies beyond the crop, px."""
    rows, columns = (torch.arange(1, side + 1, device=mask.device) for side in mask.shape[1:])
    near = [torch.minimum(places, places.flip(0)).float() for places in (rows, columns)]
    return torch.minimum(near[0][:, None], near[1][None])
