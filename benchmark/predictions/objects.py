"""Objects of label maps, numbered piece by piece; what touches across a border between pieces is joined.

Pixels of one class that touch by a side, an edge or a corner touch, as in metrics of objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ..evaluation.working import RawArray

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What was found in some slices."""

    labels: Array
    """(Z, Y, X)"""
    numbers: Array
    """(Z, Y, X) uint32: 1, 2, ... of the parts, 0 for none; are counted on in place."""
    values: Array
    """Label of each part."""
    sizes: Array
    """Voxels of each part."""


class Objects:
    """Numbers 1, 2, ... of objects (Z, Y, X), read slab by slab.

    Args:
        pieces: What was found, from the first slice on without a gap.
        store: Takes the numbers of the parts of objects, a piece at a time; uint32.
    """

    dtype = np.dtype(np.uint32)

    def __init__(self, pieces: Iterable[Parts], store: RawArray | Array) -> None:
        self.shape, self._parts = store.shape, store
        touching, values, sizes = _number_parts(pieces, store)
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


def _number_parts(pieces: Iterable[Parts], store: RawArray | Array) -> tuple[Array, Array, Array]:
    """Number parts on, piece by piece; return which touch (N, 2), and value and size of each."""
    touching, values, sizes = [np.empty((0, 2), np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    last: tuple[Array, Array] | None = None
    count = start = 0
    for piece in pieces:
        numbers = piece.numbers
        if count:
            np.add(numbers, np.uint32(count), out=numbers, where=numbers > 0)
        values.append(piece.values)
        sizes.append(piece.sizes)
        count += len(piece.values)
        store[start : start + len(numbers)] = numbers
        start += len(numbers)
        if last is not None:
            touching += _touching(*last, piece.labels[0], numbers[0])
        last = piece.labels[-1], numbers[-1]
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
