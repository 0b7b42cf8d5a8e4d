"""One optimiser step over a batch that is taken in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

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


def _alone(parallel: DistributedDataParallel | None) -> AbstractContextManager[Any]:
    """Keep gradients to this process."""
    return parallel.no_sync() if parallel else nullcontext()
