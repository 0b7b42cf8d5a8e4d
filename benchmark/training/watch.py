"""Watches the loss: stops at NaN, keeps the curve, tells how far training is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from ..contracts.errors import TrialError
from .state import CurvePoint, TrainingState

POINTS = 200
"""Values of the loss that are kept: reading one makes a GPU wait, so not every step is read."""


class CurveHook(Hook):  # type: ignore[misc]
    """Tells of what is new in the curve.

    Args:
        state: Holds the curve; what a resume point brought back was told before.
        tell: Called with new points.
    """

    priority = "LOWEST"  # after validation, and after the resume point was read

    def __init__(self, state: TrainingState, tell: Callable[[Sequence[CurvePoint]], None]) -> None:
        self._state, self._tell, self._told = state, tell, 0

    def before_train(self, runner: Runner) -> None:
        """Leave out what was told before."""
        self._told = len(self._state.curve)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Tell of new points, if there are some."""
        if new := self._state.curve[self._told :]:
            self._told += len(new)
            self._tell(new)


class WatchHook(Hook):  # type: ignore[misc]
    """Reads the loss every few steps.

    Args:
        state: Takes the curve and the training time.
        iterations: Of the whole training.
        tell: Called with the steps done and the last loss.
        interval: Steps between two readings; None: so many that `POINTS` are read.
        read: Makes a number of the loss.
    """

    priority = "HIGH"

    def __init__(
        self,
        state: TrainingState,
        iterations: int,
        tell: Callable[[int, float], None],
        interval: int | None = None,
        read: Callable[[Tensor], float] = float,
    ) -> None:
        self._state, self._iterations, self._tell = state, iterations, tell
        self._interval = interval or max(1, iterations // POINTS)
        self._value = read
        self._mark = time.perf_counter()

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        self._mark = time.perf_counter()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Read the loss now and then.

        Raises:
            TrialError: It is not a finite number.
        """
        done = batch_idx + 1
        if done % self._interval == 0 or done == self._iterations or done == 1:
            self._read(runner, done, self._value(outputs["loss"]))
            self._state.curve += [
                CurvePoint(done, f"train/{name}", float(value))
                for name, value in outputs.items()
                if name != "loss"
            ]

    def pause(self) -> None:
        """Stop the clock: what follows is not training."""
        now = time.perf_counter()
        self._state.train_seconds += now - self._mark
        self._mark = now

    def restart(self) -> None:
        """Start the clock again."""
        self._mark = time.perf_counter()

    def _read(self, runner: Runner, done: int, loss: float) -> None:
        rate = runner.optim_wrapper.get_lr()["lr"][0]
        if not math.isfinite(loss) and done == 1:
            raise TrialError(
                f"the training loss is {loss} before the first step: what the model computes is at fault, or "
                "a NaN in the images, not the training; look into its forward(), or use --precision fp32."
            )
        if not math.isfinite(loss):
            raise TrialError(
                f"the training loss became {loss} at iteration {done} of {self._iterations} "
                f"(learning rate {rate:.2g}); lower it with --set recipe.learning_rate=..., "
                "or use --precision fp32."
            )
        self._state.curve += [
            CurvePoint(done, "train/loss", loss),
            CurvePoint(done, "train/learning_rate", rate),
        ]
        self._tell(done, loss)
