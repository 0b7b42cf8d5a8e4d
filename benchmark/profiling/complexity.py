"""How large a model is and how much it computes, whatever it runs on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ..contracts.basics import Precision
from ..contracts.errors import TrialError
from ..evaluation.inference import inference


def count_parameters(model: nn.Module) -> int:
    """Return the number of all parameters; a shared one counts once."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_flops(
    model: nn.Module, shape: tuple[int, int, int, int], *, device: torch.device | str, precision: Precision
) -> int:
    """Count the floating-point operations of one forward pass; a multiply-add counts as 2.

    Counted are convolutions, matrix products and attention, from the shapes that flow through the
    model; element-wise operations, normalisation, pooling and resizing are not, as is usual.

    Args:
        model: On `device`.
        shape: (N, C, H, W) of the input, which is all zeros.
        device: Where the model runs.
        precision: ``bf16``: under autocast.

    Raises:
        TrialError: The model cannot run under the counter, or nothing that it computes can be counted.
    """
    try:
        with (
            inference(model, device, precision),
            _unfused_attention(),
            FlopCounterMode(display=False) as counter,
        ):
            model(torch.zeros(shape, device=device))
    except RuntimeError as error:
        raise TrialError(
            f"FLOPs cannot be counted: the model fails under PyTorch's counter: {error}"
        ) from error
    flops = int(counter.get_total_flops())
    if flops == 0:
        raise TrialError(
            "FLOPs cannot be counted: PyTorch's counter knows none of the operations that the model runs."
        )
    return flops


@contextmanager
def _unfused_attention() -> Iterator[None]:
    """Spell attention out as matrix products: the counter knows no formula for fused CPU kernels."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
