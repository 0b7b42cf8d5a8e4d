"""Winograd's convolution as an operator of PyTorch, with its gradients, for the CPU in float32.

As operators, they are opaque to `torch.compile` and to FLOP counters, which get the count of the
convolution that they stand for.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from .winograd import TILE, filter_numbers
from .winograd_blocks import (
    NUMBERS,
    all_blocks,
    as_tiles,
    grad_numbers,
    look,
    look_back,
    output_shape,
    paint,
    products,
    sources_of,
)

Shape: TypeAlias = tuple[int, ...]
_HAS_MKL: bool = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
MIN_CHANNELS, MIN_SIDE = 128, 7
"""Below, a direct convolution is faster; with a doubled input, half of these channels are enough."""


# Defined and registered one by one: `torch.library.custom_op` would import TorchDynamo, seconds of work, at
# the first call.
_LIBRARY: Any = torch.library.Library("emseg_bench", "DEF")  # type: ignore[no-untyped-call]
for _schema in (
    "winograd(Tensor? coarse, Tensor? fine, Tensor filters, Tensor? bias, bool rectify) -> Tensor",
    "winograd_input_gradient(Tensor grad, Tensor filters, bool doubled) -> Tensor",
    "winograd_filter_gradient(Tensor grad, Tensor? coarse, Tensor? fine) -> Tensor",
):
    _LIBRARY.define(_schema, tags=torch.Tag.pt2_compliant_tag)


@torch.library.impl(_LIBRARY, "winograd", "CPU")
def _winograd(
    coarse: Tensor | None, fine: Tensor | None, filters: Tensor, bias: Tensor | None, rectify: bool
) -> Tensor:
    images, height, width = output_shape(coarse, fine)
    rows, columns = -(-height // TILE), -(-width // TILE)
    out = filters.new_empty(images, rows * TILE, columns * TILE, filters.shape[2])
    tiled = out.view(images, rows, TILE, columns, TILE, -1)
    sources = sources_of(coarse, fine)
    for blocks in zip(*(all_blocks(source.pixels, source.doubled) for source in sources), strict=True):
        paint(tiled, blocks[0], products(sources, blocks, filters), bias, rectify)
    return out[:, :height, :width].contiguous().permute(0, 3, 1, 2)


@torch.library.impl(_LIBRARY, "winograd_input_gradient", "CPU")
def _input_gradient(grad: Tensor, filters: Tensor, doubled: bool) -> Tensor:
    """From the gradient by the output (N, O, H, W), that by the input with these `filters` (36, C, O)."""
    images, _, height, width = grad.shape
    side = 2 if doubled else 1
    result = grad.new_zeros(images, height // side, width // side, filters.shape[1])
    tiled, back = as_tiles(grad), filters.transpose(1, 2)
    for block in all_blocks(result, doubled):
        look_back(torch.bmm(grad_numbers(tiled, block), back), result, block)
    return result.permute(0, 3, 1, 2)


@torch.library.impl(_LIBRARY, "winograd_filter_gradient", "CPU")
def _filter_gradient(grad: Tensor, coarse: Tensor | None, fine: Tensor | None) -> Tensor:
    """From the gradient by the output (N, O, H, W), that by the filters' numbers (36, A + B, O)."""
    sources, tiled = sources_of(coarse, fine), as_tiles(grad)
    # One sum per source: into a part of a larger tensor, PyTorch would add matrix by matrix.
    sums = [grad.new_zeros(NUMBERS, source.pixels.shape[3], grad.shape[1]) for source in sources]
    for blocks in zip(*(all_blocks(source.pixels, source.doubled) for source in sources), strict=True):
        numbers = grad_numbers(tiled, blocks[0])
        for source, block, total in zip(sources, blocks, sums, strict=True):
            total.baddbmm_(look(source.pixels, block).transpose(1, 2), numbers)
    return torch.cat(sums, 1)


def _fake_output(coarse: Tensor | None, fine: Tensor | None, filters: Tensor, *_: object) -> Tensor:
    return filters.new_empty(*output_shape(coarse, fine), filters.shape[2]).permute(0, 3, 1, 2)


def _fake_input_gradient(grad: Tensor, filters: Tensor, doubled: bool) -> Tensor:
    images, _, height, width = grad.shape
    side = 2 if doubled else 1
    return grad.new_empty(images, height // side, width // side, filters.shape[1]).permute(0, 3, 1, 2)


def _fake_filter_gradient(grad: Tensor, coarse: Tensor | None, fine: Tensor | None) -> Tensor:
    channels = sum(x.shape[1] for x in (coarse, fine) if x is not None)
    return grad.new_empty(NUMBERS, channels, grad.shape[1])


def _remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG001 - PyTorch names it
    coarse, fine, filters, bias, rectify = inputs
    if bias is not None or rectify:
        raise NotImplementedError("bias and ReLU are for inference: call this without gradients to follow")
    ctx.save_for_backward(coarse, fine, filters)


def _gradients(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    coarse, fine, filters = ctx.saved_tensors
    operators = torch.ops.emseg_bench
    by_coarse, by_fine, by_filters, _, _ = ctx.needs_input_grad
    split = 0 if coarse is None else coarse.shape[1]
    return (
        operators.winograd_input_gradient(grad, filters[:, :split], True) if by_coarse else None,
        operators.winograd_input_gradient(grad, filters[:, split:], False) if by_fine else None,
        operators.winograd_filter_gradient(grad, coarse, fine) if by_filters else None,
        None,
        None,
    )


torch.library.register_fake("emseg_bench::winograd", _fake_output, lib=_LIBRARY)
torch.library.register_fake("emseg_bench::winograd_input_gradient", _fake_input_gradient, lib=_LIBRARY)
torch.library.register_fake("emseg_bench::winograd_filter_gradient", _fake_filter_gradient, lib=_LIBRARY)
torch.library.register_autograd("emseg_bench::winograd", _gradients, setup_context=_remember, lib=_LIBRARY)


def _flops(pixels: Shape, filters: Shape) -> int:
    """Of the convolution that this stands for; `pixels` (N, O or C, H, W), `filters` (36, C, O)."""
    return 2 * 9 * pixels[0] * pixels[2] * pixels[3] * filters[1] * filters[2]


@register_flop_formula(torch.ops.emseg_bench.winograd)
def _(_coarse: Shape | None, _fine: Shape | None, filters: Shape, *_: object, out_shape: Shape) -> int:
    return _flops(out_shape, filters)


@register_flop_formula(torch.ops.emseg_bench.winograd_input_gradient)
def _(grad: Shape, filters: Shape, *_: object, **_named: object) -> int:
    return _flops(grad, filters)


@register_flop_formula(torch.ops.emseg_bench.winograd_filter_gradient)
def _(grad: Shape, *_: object, out_shape: Shape) -> int:
    return _flops(grad, out_shape)


def suits(weight: Tensor, fine: Tensor | None, coarse: Tensor | None = None) -> bool:
    """Whether `winograd` is the fastest way to convolve these inputs with `weight` (O, A + B, 3, 3).

    Measured for this network's 3x3 convolutions with MKL; elsewhere PyTorch's own convolution is taken, and
    in exported networks, which others run.
    """
    if torch.is_autocast_enabled("cpu") or not _HAS_MKL or torch.compiler.is_exporting():
        return False
    if weight.shape[1] < (MIN_CHANNELS if coarse is None else MIN_CHANNELS // 2):
        return False
    if min(output_shape(coarse, fine)[1:]) < MIN_SIDE:
        return False
    tensors = [tensor for tensor in (weight, fine, coarse) if tensor is not None]
    return all(tensor.device.type == "cpu" and tensor.dtype == torch.float32 for tensor in tensors)


def winograd(
    coarse: Tensor | None, fine: Tensor | None, filters: Tensor, bias: Tensor | None, rectify: bool
) -> Tensor:
    """Convolve the concatenation of ``doubled(coarse)`` and `fine` with 3x3 filters, padded by 1 px.

    Args:
        coarse: (N, A, H / 2, W / 2), to be doubled (bilinear, corners aligned), if there is such an input.
        fine: (N, B, H, W), likewise.
        filters: `winograd.filter_numbers` of filters (O, A + B, 3, 3).
        bias: (O,), for inference only: no gradient comes back with it.
        rectify: Apply ReLU; for inference only.

    Returns:
        (N, O, H, W), channels last.
    """
    out: Tensor = torch.ops.emseg_bench.winograd(coarse, fine, filters, bias, rectify)
    return out


def convolve(weight: Tensor, coarse: Tensor | None, fine: Tensor | None) -> Tensor:
    """Convolve like `winograd`, with filters (O, A + B, 3, 3), without bias, differentiably."""
    return winograd(coarse, fine, filter_numbers(weight), None, False)


def folded_filters(weight: Tensor) -> Tensor:
    """(36, C, O): the numbers of filters (O, C, 3, 3), rounded once."""
    return filter_numbers(weight.double()).to(weight.dtype)
