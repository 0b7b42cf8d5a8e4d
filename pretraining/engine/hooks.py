"""What happens about the steps of a pre-training: saving, showing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...benchmark.training.watch import WatchHook


class EpochHook(Hook):  # type: ignore[misc]
    """Does something after every so many epochs, while the clock of training stands still.

    Args:
        steps: Steps between two times.
        epochs: Epochs between two times.
        act: Called with the epochs done.
        watch: Its clock is stopped meanwhile.
    """

    def __init__(self, steps: int, epochs: int, act: Callable[[int], None], watch: WatchHook) -> None:
        self._steps, self._epochs, self._act, self._watch = steps, epochs, act, watch

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Act when it is time."""
        times, rest = divmod(batch_idx + 1, self._steps)
        if not rest:
            self._watch.pause()
            self._act(times * self._epochs)
            self._watch.restart()
