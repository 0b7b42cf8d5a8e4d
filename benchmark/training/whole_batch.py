"""What is computed over the batch of all processes, of which each has a part: losses and BatchNorm.

Gradients are averaged over processes afterwards (`step.averaging`), so the backward passes here give as many
times the gradient as there are processes where each has its own part of a sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..contracts.errors import TrialError


def gathered_batch(part: Tensor) -> Tensor:
    """Give the parts (n, ...) of all processes as one batch (N, ...), in which gradients reach one's own."""
    batch: Tensor = _Gathered.apply(part)
    return batch


class _Gathered(torch.autograd.Function):
    """Joins the parts of all processes, each of which computes the same with them."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        ctx.size = len(part)
        parts = [torch.empty_like(part, memory_format=torch.contiguous_format) for _ in range(_count())]
        distributed.all_gather(parts, part.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        begin = distributed.get_rank() * ctx.size
        return gradient[begin : begin + ctx.size] * _count()


class _Summed(torch.autograd.Function):
    """Adds up a tensor over all processes, and the gradients of what they make of the sum."""

    @staticmethod
    def forward(_ctx: Any, value: Tensor) -> Tensor:
        return _sum(value)

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        return _sum(gradient)


@contextmanager
def synchronised(network: nn.Module) -> Iterator[None]:
    """Have all BatchNorm layers that train normalise by the statistics of all processes' parts.

    PyTorch's own layer for it takes GPUs alone.

    Raises:
        TrialError: A layer computes in a way of its own, which cannot be followed here.
    """
    layers = [(name, one) for name, one in network.named_modules() if isinstance(one, _BatchNorm)]
    for name, layer in layers:
        _check(name, layer)
    for _, layer in layers:
        layer.forward = partial(_normalise, layer)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for _, layer in layers:
            del layer.forward


def _check(name: str, layer: nn.Module) -> None:
    plain = type(layer).forward in (_BatchNorm.forward, nn.SyncBatchNorm.forward)
    if not plain and not all(isinstance(getattr(layer, part, None), nn.Module) for part in ("drop", "act")):
        raise TrialError(
            f"the model's layer {name!r} is a {type(layer).__name__}, whose statistics cannot be taken over "
            "several processes; train it in one: --set recipe.processes=1."
        )


def _normalise(layer: Any, images: Tensor) -> Tensor:
    """Do what a layer does; one of timm's goes on with an activation."""
    if not layer.training:
        return type(layer).forward(layer, images)  # type: ignore[no-any-return]
    values = images.float()
    axes = [axis for axis in range(values.ndim) if axis != 1]
    statistics = values.new_zeros(_count(), 2, values.shape[1])
    statistics[distributed.get_rank()] = torch.stack([values.mean(axes), values.var(axes, correction=0)])
    means, variances = _Summed.apply(statistics).unbind(1)
    mean = means.mean(0)
    variance = variances.mean(0) + (means - mean).square().mean(0)
    _keep(layer, mean.detach(), variance.detach(), values.numel() // len(mean) * _count())
    scale = (variance + layer.eps).rsqrt()
    shape = [1, -1, *[1] * (values.ndim - 2)]
    normal = values - mean.view(shape)
    if layer.affine:
        scale = scale * layer.weight
        normal = torch.addcmul(layer.bias.view(shape), normal, scale.view(shape))
    else:
        normal = normal * scale.view(shape)
    normal = normal.to(images.dtype)
    return layer.act(layer.drop(normal)) if hasattr(layer, "drop") else normal  # type: ignore[no-any-return]


def _keep(layer: Any, mean: Tensor, variance: Tensor, count: int) -> None:
    """Update a layer's running statistics."""
    if not layer.track_running_stats:
        return
    layer.num_batches_tracked.add_(1)
    weight = 1 / layer.num_batches_tracked.item() if layer.momentum is None else layer.momentum
    layer.running_mean.lerp_(mean, weight)
    layer.running_var.lerp_(variance * (count / max(1, count - 1)), weight)


def _sum(value: Tensor) -> Tensor:
    total = value.contiguous().clone()
    distributed.all_reduce(total)
    return total


def _count() -> int:
    return distributed.get_world_size()
