"""``torch.compile``, for training: the first step compiles, and its time is told apart."""

from __future__ import annotations

import time
from typing import Any, Final

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from ..contracts.data import TrainingOutputs
from ..contracts.errors import TrialError
from ..files.printable import brief
from .state import TrainingState

BACKEND: Final = "inductor"
IN_THIS_PROCESS: Final = {"compile_threads": 1}
"""Compile without processes that would be left where a trial is killed."""


class Compiled:
    """Calls a network through ``torch.compile``; the network itself stays as it is.

    Args:
        network: Maps images to logits.
    """

    def __init__(self, network: nn.Module) -> None:
        options: Any = IN_THIS_PROCESS if BACKEND == "inductor" else None
        self._call: Any = torch.compile(network, backend=BACKEND, options=options)

    def __call__(self, images: Tensor) -> Tensor | TrainingOutputs:
        """Give what the network gives.

        Raises:
            TrialError: It cannot be compiled.
        """
        from torch._dynamo.exc import TorchDynamoException  # public nowhere, and slow to import

        try:
            outputs: Tensor | TrainingOutputs = self._call(images)
        except TorchDynamoException as error:
            first = " ".join(str(error).split("\n\n")[0].split())
            raise TrialError(
                f"recipe.compile is true, but the network could not be compiled here ({brief(first, 200)}); "
                "train without it, or look into the trial's log: on a CPU it takes a C++ compiler."
            ) from error
        return outputs


class CompileHook(Hook):  # type: ignore[misc]
    """Counts the first step of a session as compiling, not as training.

    Args:
        state: Takes its time.
    """

    def __init__(self, state: TrainingState) -> None:
        self._state = state
        self._mark: float | None = None
        self._done = False

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Start the clock before the first step."""
        if not self._done:
            self._mark = time.perf_counter()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Take the first step's time out of that of training."""
        if self._done or self._mark is None:
            return
        self._done = True
        seconds = time.perf_counter() - self._mark
        self._state.compile_seconds += seconds
        self._state.compiled += 1
        self._state.train_seconds -= seconds  # which the clock of training counts, too
