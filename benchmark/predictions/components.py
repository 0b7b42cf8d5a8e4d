"""Objects of label maps: connected components of each class, numbered slab by slab.

Pixels of one class that touch by a side, an edge or a corner belong to one object, as in metrics of objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.csgraph import connected_components

from ..evaluation.working import RawArray
from .writing.about import Stored, slabs

Array: TypeAlias = np.ndarray[Any, Any]


class Objects:
    """Numbers 1, 2, ... of the objects of a label map (Z, Y, X), read slab by slab.

    Args:
        labels: The label map.
        background: Its value that is no object.
        parts: Takes the numbers of the parts of objects, a slab at a time; uint32.
    """

    dtype = np.dtype(np.uint32)

    def __init__(self, labels: Stored, background: int, parts: RawArray | Array) -> None:
        self.shape, self._parts = labels.shape, parts
        touching, values, sizes = _number_parts(labels, background, parts)
        count = len(values)
        ones = np.ones(len(touching), bool)
        graph = sparse.coo_matrix((ones, (touching[:, 0], touching[:, 1])), shape=(count + 1, count + 1))
        _, found = connected_components(graph, directed=False)
        _, first, numbers = np.unique(found[1:], return_index=True, return_inverse=True)
        order = np.argsort(np.argsort(first))  # by where they begin
        self._numbers = np.concatenate([[0], order[numbers] + 1]).astype(np.uint32)
        self.values = values[np.sort(first)] if count else values
        """Stored value of each object's class."""
        self.sizes = np.bincount(self._numbers[1:], sizes, len(first) + 1)[1:].astype(np.int64)
        """Voxels of each object."""

    def __getitem__(self, index: slice) -> Array:
        """Read the numbers of a range of slices."""
        return self._numbers[self._parts[index]]


def _number_parts(labels: Stored, background: int, parts: RawArray | Array) -> tuple[Array, Array, Array]:
    """Number parts of objects slab by slab; return which touch (N, 2), and value and size of each."""
    touching, values, sizes = [np.empty((0, 2), np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    last: tuple[Array, Array] | None = None
    count = 0
    for start, slab in slabs(labels):
        numbers = np.zeros(slab.shape, np.uint32)
        for value in np.unique(slab):
            if value == background:
                continue
            found, number = ndimage.label(slab == value, np.ones((3, 3, 3), bool))
            inside = found > 0
            numbers[inside] = found[inside] + count
            values.append(np.full(number, int(value)))
            sizes.append(np.bincount(found.ravel(), minlength=number + 1)[1:])
            count += number
        parts[start : start + len(slab)] = numbers
        if last is not None:
            touching += _touching(*last, slab[0], numbers[0])
        last = slab[-1], numbers[-1]
    return np.concatenate(touching), np.concatenate(values), np.concatenate(sizes)


def _touching(above: Array, numbers_above: Array, below: Array, numbers_below: Array) -> Iterator[Array]:
    """Give pairs of parts of one class that touch across a border between slabs."""
    height, width = above.shape
    for dy, dx in product((-1, 0, 1), repeat=2):
        one = slice(max(0, dy), height + min(0, dy)), slice(max(0, dx), width + min(0, dx))
        other = slice(max(0, -dy), height + min(0, -dy)), slice(max(0, -dx), width + min(0, -dx))
        same = (above[one] == below[other]) & (numbers_above[one] > 0) & (numbers_below[other] > 0)
        pairs = np.stack([numbers_above[one][same], numbers_below[other][same]], 1)
        yield np.unique(pairs, axis=0).astype(np.int64)
