"""The network and its loss as mmengine's Runner wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Self

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn import functional as F

from ..contracts.data import Normalisation, TrainingOutputs
from ..contracts.errors import TrialError
from ..images.normalise import to_input
from .auxiliary import auxiliary_loss_of
from .batch import Batch
from .compiling import Compiled
from .methods import TrainingLoss
from .step import averaging, take_step
from .whole_batch import gathered_batch


class TrainingModule(BaseModel):  # type: ignore[misc]
    """Takes one optimiser step per call of `train_step`.

    Args:
        network: Maps (N, C, H, W) to logits (N, K, H, W), or with `num_extra` to (N, K + E, H, W); already on
            its device.
        loss: Of logits and labels.
        normalisation: Of the images.
        device: Where batches go.
        accumulate: Equal parts that each batch is taken in.
        num_extra: E, the outputs that follow the logits.
        hold_still: Puts what is frozen of the network back into evaluation mode.
        compiles: Whether the network is called through ``torch.compile``.
        together: Whether several processes train, each with its part of every batch.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: TrainingLoss,
        normalisation: Normalisation,
        device: torch.device,
        accumulate: int = 1,
        *,
        num_extra: int = 0,
        hold_still: Callable[[], None] = lambda: None,
        compiles: bool = False,
        together: bool = False,
    ) -> None:
        super().__init__()
        self._accumulate, self._hold_still = accumulate, hold_still
        # In a tuple, for a module would register it and save everything twice.
        self._parallel = (averaging(network, device, may_idle=True),) if together else ()
        called: nn.Module = self._parallel[0] if self._parallel else network
        self._call = Compiled(called) if compiles else called.__call__
        self.network, self.loss_module = network, loss.module
        self._loss, self._num_extra = loss, num_extra
        self._auxiliary_loss = auxiliary_loss_of(network, num_extra)
        self.shown = nn.ModuleDict(loss.shown)
        self._normalisation, self._device = normalisation, device

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation mode; what is frozen of the network stays in the latter."""
        super().train(mode)
        self._hold_still()
        return self

    def train_step(self, data: Batch, optim_wrapper: Any) -> dict[str, Tensor]:
        """Take one optimiser step.

        Args:
            data: Crops, whose grey values are still to change.
            optim_wrapper: Enters autocast, and updates the parameters.

        Returns:
            ``loss``, and what the training curve shows beside it.
        """
        images, labels = data.on(self._device)
        instances = data.instances_on(self._device)
        batch = [images, labels, *([] if instances is None else [instances])]
        parts = zip(*(one.chunk(self._accumulate) for one in batch), strict=True)
        seen: list[tuple[Tensor, Tensor]] = []
        parallel = self._parallel[0] if self._parallel else None
        loss = take_step(parts, self._accumulate, partial(self._loss_of, seen), self, optim_wrapper, parallel)
        logits, labels = seen[0] if len(seen) == 1 else map(torch.cat, zip(*seen, strict=True))
        return {"loss": loss} | {name: one(logits, labels) for name, one in self.shown.items()}

    def _loss_of(self, seen: list[tuple[Tensor, Tensor]], part: tuple[Tensor, ...]) -> Tensor:
        """Give the loss of a part of the batch, of all processes, and add its logits and labels to `seen`."""
        images, labels, *instances = part
        outputs, auxiliary = _parted(self(images))
        _check_outputs(images, outputs, self._loss.num_logits, self._num_extra)
        if self._parallel:
            outputs, labels, *instances = map(gathered_batch, (outputs, labels, *instances))
            auxiliary = {name: (gathered_batch(more), weight) for name, (more, weight) in auxiliary.items()}
        logits = outputs[:, : self._loss.num_logits]
        seen.append((logits.detach(), labels))
        loss = self._loss(logits, labels)
        if self._auxiliary_loss:
            loss = loss + self._auxiliary_loss(outputs, labels, instances[0], self._loss.ignore_value)
        for name, (more, weight) in auxiliary.items():
            loss = loss + weight * self._loss(_sized(name, more, logits), labels)
        return loss

    def forward(self, images: Tensor) -> Tensor | TrainingOutputs:
        """Map images (N, C, H, W) on the 0-1 scale to logits (N, K, H, W), or to these and others."""
        images = to_input(images, self._normalisation.mean, self._normalisation.std)
        outputs: Tensor | TrainingOutputs = self._call(images.contiguous(memory_format=torch.channels_last))
        return outputs


def _parted(outputs: Any) -> tuple[Any, Mapping[str, tuple[Tensor, float]]]:
    return (outputs.logits, outputs.auxiliary) if isinstance(outputs, TrainingOutputs) else (outputs, {})


def _sized(name: str, more: object, logits: Tensor) -> Tensor:
    """Bring auxiliary logits (N, K, h, w) to the sides of the network's own.

    Raises:
        TrialError: They are no logits of the same images and classes.
    """
    if not isinstance(more, Tensor) or more.ndim != 4 or more.shape[:2] != logits.shape[:2]:
        got = tuple(more.shape) if isinstance(more, Tensor) else f"a {type(more).__name__}"
        raise TrialError(
            f"the model's auxiliary output {name!r} is {got}, expected logits (N, K, h, w) with (N, K) = "
            f"{tuple(logits.shape[:2])}; mend the model's forward()."
        )
    if more.shape == logits.shape:
        return more
    return F.interpolate(more.float(), logits.shape[-2:], mode="bilinear", align_corners=False)


def _check_outputs(images: Tensor, outputs: object, num_logits: int, num_extra: int) -> None:
    """Raise TrialError if the network gives anything but logits, and as many other outputs as expected."""
    expected = (len(images), num_logits + num_extra, *images.shape[-2:])
    got = tuple(outputs.shape) if isinstance(outputs, Tensor) else f"a {type(outputs).__name__}"
    if got != expected:
        what = f"{num_logits} logits and {num_extra} extra outputs (N, K + E, H, W)"
        raise TrialError(
            f"the model turned images {tuple(images.shape)} into {got}, expected "
            f"{what if num_extra else 'logits (N, K, H, W)'} = {expected}; mend the model's forward()."
        )
