"""Which training image each draw takes: a seeded stream that can start anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of each batch a process takes, of several that train together."""

    batch: int = 1
    """Draws of one optimiser step over all processes; a multiple of `processes`."""
    rank: int = 0
    processes: int = 1

    def holds(self, number: int) -> bool:
        """Say whether a draw is this process's."""
        return number % self.batch // (self.batch // self.processes) == self.rank


class DrawSampler(Sampler[Draw]):
    """Endless passes over the images, each pass in its own order.

    Args:
        images: Number of training images.
        seed: The trial's seed.
        draws: How many draws to make in all, over all processes.
        kept: Draws of each pass; None: as many as there are images.
        share: Of several processes, all of which count all draws.
    """

    def __init__(
        self, images: int, seed: int, draws: int, kept: int | None = None, share: Share | None = None
    ) -> None:
        self._images, self._seed, self._draws = images, seed, draws
        self._kept, self._share = kept or images, share or Share()
        self.start = 0
        """Number of the first draw, over all processes; set before iterating to go on after a resume."""

    @property
    def processes(self) -> int:
        """Say how many processes share the draws."""
        return self._share.processes

    def __iter__(self) -> Iterator[Draw]:
        for first in range(self.start - self.start % self._kept, self._draws, self._kept):
            order = random_stream(self._seed, ORDER_STREAM, first // self._kept).permutation(self._images)
            for number in range(max(first, self.start), min(first + self._kept, self._draws)):
                if self._share.holds(number):
                    yield Draw(number, int(order[number - first]))

    def __len__(self) -> int:
        return max(0, self._draws - self.start) // self.processes
