"""Scores the validation split now and then, and keeps the best state."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from .state import CurvePoint, TrainingState
from .watch import WatchHook

Score = Callable[[nn.Module], float | None]
"""Gives the primary metric on the validation split; None where it applies to no case."""
GoesOn = Callable[[int, float | None], bool]
"""Takes an iteration and the score there, and says whether training is worth going on with."""


class PrunedError(Exception):
    """Ends training at a validation; no fault of the trial's."""


class ValidationHook(Hook):  # type: ignore[misc]
    """Scores at evenly spread iterations, the last one always among them.

    Args:
        state: Takes the scores and the best weights.
        watch: Its clock is stopped meanwhile.
        network: What is scored and kept.
        score: Scores it.
        goes_on: Is asked after each validation.
        as_tested: Lets the network be what is tested, as long as it is scored.
        metric: Name of the metric.
        higher_is_better: Its direction.
        iterations: Of the whole training.
        times: How often to score.
    """

    priority = "VERY_LOW"  # after the schedule has stepped

    def __init__(
        self,
        state: TrainingState,
        watch: WatchHook,
        network: nn.Module,
        score: Score,
        goes_on: GoesOn,
        metric: str,
        *,
        higher_is_better: bool,
        iterations: int,
        times: int,
        as_tested: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._state, self._watch, self._network, self._score = state, watch, network, score
        self._goes_on, self._as_tested = goes_on, as_tested
        self._series, self._higher = f"val/{metric}", higher_is_better
        self._milestones = milestones(iterations, times)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Score at a milestone.

        Raises:
            PrunedError: It is not worth going on.
        """
        if batch_idx + 1 in self._milestones:
            self._watch.pause()
            start = time.perf_counter()
            with self._as_tested():
                score = self._score(self._network)
            self._take(batch_idx + 1, score)
            self._state.validation_seconds += time.perf_counter() - start
            if not self._goes_on(batch_idx + 1, score):
                self._state.pruned_at = batch_idx + 1
                raise PrunedError
            self._watch.restart()

    def _take(self, iteration: int, score: float | None) -> None:
        """Note a score; keep the weights if none was better."""
        if score is not None:
            self._state.curve.append(CurvePoint(iteration, self._series, score))
        if (
            score is not None
            and self._state.best_score is not None
            and not self._beats(score, self._state.best_score)
        ):
            return
        if score is None and self._state.best_score is not None:
            return
        self._state.best_score, self._state.best_iteration = score, iteration
        self._state.best_weights = weights_of(self._network)

    def _beats(self, score: float, best: float) -> bool:
        return score > best if self._higher else score < best


def milestones(iterations: int, times: int) -> frozenset[int]:
    """Spread validations evenly; `times` may exceed the iterations."""
    times = min(times, iterations)
    return frozenset(round(iterations * (number + 1) / times) for number in range(times))


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Copy a network's state to the CPU."""
    return {name: value.detach().to("cpu", copy=True) for name, value in network.state_dict().items()}
