"""One optimiser step of a pre-training, as mmengine's Runner wants it."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor

from ...benchmark.contracts.pretraining import PretrainingMethod
from ...benchmark.training.processes import Processes
from ...benchmark.training.step import averaging, take_step


class PretrainingStep(BaseModel):  # type: ignore[misc]
    """Takes one optimiser step per call of `train_step`, with all processes together.

    Its ``state_dict`` is the method's alone, so that it fits any number of processes.

    Args:
        method: Its module is on its device already.
        device: Where batches go.
        accumulate: Parts that the batch is taken in, one after another.
        processes: Gradients are averaged over them.
    """

    def __init__(
        self, method: PretrainingMethod, device: torch.device, accumulate: int, processes: Processes
    ) -> None:
        super().__init__()
        self.module = method.module
        self._method, self._device, self._accumulate = method, device, accumulate
        # In a tuple, for a module would register it and save everything twice.
        self._parallel = (averaging(method.module, device),) if processes.count > 1 else ()

    def train_step(self, data: list[Tensor], optim_wrapper: Any) -> dict[str, Tensor]:
        """Take one optimiser step.

        Args:
            data: This process's share of the batch: views (n, ...).
            optim_wrapper: Enters autocast, and updates the parameters.
        """
        views = [view.to(self._device, non_blocking=True).chunk(self._accumulate) for view in data]
        parallel = self._parallel[0] if self._parallel else None
        parts, count = zip(*views, strict=True), self._accumulate
        loss = take_step(parts, count, lambda part: self(*part), self, optim_wrapper, parallel)
        self._method.after_step()
        return {"loss": loss}

    def forward(self, *views: Tensor) -> Tensor:
        """Return the loss of some views, a scalar."""
        loss: Tensor = (self._parallel[0] if self._parallel else self.module)(*views)
        return loss
