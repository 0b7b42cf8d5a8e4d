"""Random numbers of steps that several processes take together."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner


class SeedHook(Hook):  # type: ignore[misc]
    """Seeds the random numbers of a step, such as dropout, by its number.

    So every process has its own, and none of them has to be kept in a resume point.

    Args:
        seed: Of the training.
        rank: Of this process.
    """

    def __init__(self, seed: int, rank: int) -> None:
        self._seed, self._rank = seed, rank

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed step `batch_idx`."""
        state = np.random.SeedSequence([self._seed, self._rank, batch_idx]).generate_state(1, np.uint64)
        torch.manual_seed(int(state[0]))
