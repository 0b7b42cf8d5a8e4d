"""The state in which a model is evaluated and timed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ..contracts.basics import Precision


def autocast(device: torch.device | str, precision: Precision) -> torch.autocast:
    """Return the autocast context of `precision`: bfloat16, or switched off for ``fp32``."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bf16")


@contextmanager
def inference(model: nn.Module, device: torch.device | str, precision: Precision) -> Iterator[None]:
    """Put `model` in evaluation mode, without gradients and in `precision`; undo it at the end.

    One such context should span all forward passes: autocast then converts each weight only once.
    """
    # module by module, because a frozen part may be in another mode than the whole
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.inference_mode(), autocast(device, precision):
            yield
    finally:
        for module, training in modes:
            module.training = training


def inference_batch(device: str) -> int:
    """Choose how many windows go through a network at once: few on a CPU, more on an accelerator."""
    return 4 if device == "cpu" else 16
