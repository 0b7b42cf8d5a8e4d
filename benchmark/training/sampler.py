"""Which training image each draw takes: a seeded stream that can start anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

ORDER_STREAM, CROP_STREAM = 0, 1
"""Names of the independent random streams of a seed."""


def random_stream(seed: int, stream: int, position: int) -> np.random.Generator:
    """Return the generator of one position in one stream: the same wherever and whenever it is made.

    Args:
        seed: The trial's seed.
        stream: `ORDER_STREAM` or `CROP_STREAM`.
        position: Number of the pass or draw.

    Philox is counter-based (Salmon et al. 2011, doi 10.1145/2063384.2063405): each position has its
    own block, so nothing has to be replayed to resume.
    """
    return np.random.Generator(np.random.Philox(key=[seed, stream], counter=[0, 0, position, 0]))


class Draw(NamedTuple):
    """One training crop to make."""

    number: int
    """Its place in the stream."""
    image: int
    """Which image it is cut from."""


class DrawSampler(Sampler[Draw]):
    """Endless passes over the images, each pass in its own order.

    Args:
        images: Number of training images.
        seed: The trial's seed.
        draws: How many draws to make in all.
    """

    def __init__(self, images: int, seed: int, draws: int) -> None:
        self._images, self._seed, self._draws = images, seed, draws
        self.start = 0
        """Number of the first draw; set before iterating to go on after a resume."""

    def __iter__(self) -> Iterator[Draw]:
        for first in range(self.start - self.start % self._images, self._draws, self._images):
            order = random_stream(self._seed, ORDER_STREAM, first // self._images).permutation(self._images)
            for number in range(max(first, self.start), min(first + self._images, self._draws)):
                yield Draw(number, int(order[number - first]))

    def __len__(self) -> int:
        return max(0, self._draws - self.start)
