"""One optimiser step over a batch that is taken in parts, and that several processes share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

Part = TypeVar("Part")


def take_step(
    parts: Iterable[Part],
    count: int,
    loss_of: Callable[[Part], Tensor],
    model: nn.Module,
    optim_wrapper: Any,
    parallel: DistributedDataParallel | None = None,
) -> Tensor:
    """Change the parameters once, by the mean of the parts' gradients.

    Args:
        parts: Of the batch, each as large as the others.
        count: How many there are.
        loss_of: Gives the loss of one.
        model: Whose forward passes autocast is entered for.
        optim_wrapper: Enters autocast, and updates the parameters.
        parallel: Averages gradients over processes, which the last part alone has to wait for.

    Returns:
        The mean of the losses, a scalar without gradient.
    """
    losses: list[Tensor] = []
    for number, part in enumerate(parts, 1):
        with _alone(parallel if number < count else None):
            with optim_wrapper.optim_context(model):
                loss = loss_of(part) / count
            optim_wrapper.backward(loss)
        losses.append(loss.detach())
    optim_wrapper.step()
    optim_wrapper.zero_grad()
    return sum(losses[1:], losses[0])


def averaging(network: nn.Module, device: torch.device, *, may_idle: bool = False) -> DistributedDataParallel:
    """Wrap a network so that every backward pass averages gradients over all processes.

    Args:
        network: On its device; all processes get the first one's parameters.
        device: Of this process.
        may_idle: Whether some parameters may have no part in what the network gives.
    """
    # Running statistics of normalisation stay each process's own, or are equal in all.
    devices = [device] if device.type == "cuda" else None
    with warnings.catch_warnings(action="ignore", category=FutureWarning):  # newer PyTorch has another name
        return DistributedDataParallel(
            network, device_ids=devices, broadcast_buffers=False, find_unused_parameters=may_idle
        )


def _alone(parallel: DistributedDataParallel | None) -> AbstractContextManager[Any]:
    """Keep gradients to this process."""
    return parallel.no_sync() if parallel else nullcontext()
