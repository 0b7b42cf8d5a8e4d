"""Training on a share of the labelled cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

LABEL_STREAM = 3
"""The random stream that orders the cases; training's own streams have other numbers."""


def labelled_subset(cases: Sequence[T], fraction: float, seed: int) -> list[T]:
    """Choose a share of the cases, in their order.

    The share is rounded down, but is at least one case.  Of one seed a smaller share lies inside every
    larger one, so that more labels never mean other labels.

    Args:
        cases: All that there are, sorted.
        fraction: In (0, 1].
        seed: Decides which.
    """
    import numpy as np

    number = max(1, int(len(cases) * fraction + 1e-9))  # 0.29 * 100 is 28.999999999999996 in binary
    rng = np.random.Generator(np.random.Philox(key=[seed, LABEL_STREAM]))
    return [cases[index] for index in sorted(rng.permutation(len(cases))[:number])]


def describe_fraction(fraction: float) -> str:
    """Say for people what share of the labels is trained on; nothing if it is all."""
    return "" if fraction == 1 else f"{100 * fraction:g} % of the labels"
