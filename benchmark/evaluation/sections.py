"""Objects that were found section by section, joined along z by their overlap.

The rule is that of Cellpose's stitching (Stringer et al. 2021, doi 10.1038/s41592-020-01018-x), made one to
one.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]


def join_sections(sections: Array, labels: Array, least_iou: float) -> Array:
    """Join objects of neighbouring sections that overlap enough, each with one of the next section at most.

    Pairs are taken in the order of their IoU, the largest first.  An object that branches goes on in the
    branch that overlaps more, and the other begins anew.

    Args:
        sections: (Z, Y, X) numbers of objects, which count within their section; 0 for none.
        labels: (Z, Y, X); objects of different labels are never joined.
        least_iou: Of a pair that is joined.

    Returns:
        (Z, Y, X) int64 numbers.
    """
    joined = np.zeros(sections.shape, np.int64)
    count = 0
    for index, section in enumerate(sections):
        known, places = np.unique(section, return_inverse=True)
        numbers = np.zeros(len(known), np.int64)
        if index:
            above, same = joined[index - 1], labels[index - 1] == labels[index]
            below, first = places.reshape(section.shape), int((known == 0).sum())
            for upper, lower in _pairs(above, below, first, same, least_iou):
                numbers[lower] = upper
        new = (numbers == 0) & (known != 0)
        numbers[new] = count + 1 + np.arange(new.sum())
        count += int(new.sum())
        joined[index] = numbers[places].reshape(section.shape)
    return joined


def _pairs(above: Array, below: Array, first: int, same: Array, least_iou: float) -> list[tuple[int, int]]:
    """Choose which objects of two sections are one.

    Args:
        above: (Y, X) numbers, 0 for none.
        below: (Y, X) places of numbers, none where below `first`.
        first: The first place that is an object's.
        same: (Y, X) whether both sections have one label.
        least_iou: Of a pair.
    """
    both = (above > 0) & (below >= first) & same
    pairs, shared = np.unique(np.stack([above[both], below[both]]), axis=1, return_counts=True)
    upper_sizes = np.bincount(above.ravel(), minlength=1)[pairs[0]]
    lower_sizes = np.bincount(below.ravel(), minlength=1)[pairs[1]]
    ious = shared / (upper_sizes + lower_sizes - shared)
    chosen: list[tuple[int, int]] = []
    uppers, lowers = set[int](), set[int]()
    for place in np.argsort(-ious, kind="stable"):
        upper, lower = map(int, pairs[:, place])
        if ious[place] < least_iou or upper in uppers or lower in lowers:
            continue
        uppers.add(upper)
        lowers.add(lower)
        chosen.append((upper, lower))
    return chosen
