"""Which floating-point precision the hardware is made for."""

from __future__ import annotations

import platform
from typing import Literal, TypeAlias

from ..contracts.basics import Precision
from .hardware import cpuinfo_field, sysctl

AskedPrecision: TypeAlias = Literal["auto", "fp32", "bf16"]

_BF16_FLAGS = frozenset({"amx_bf16", "bf16"})
"""x86's and Arm's matrix units for bfloat16, as ``/proc/cpuinfo`` names them.

x86's ``avx512_bf16`` is left out: it multiplies in bfloat16, but with autocast's conversions a training
step of `retina` or `unet` took 1.2 to 1.7 times as long as in float32 (docs/performance.md).
"""


def resolve_precision(requested: AskedPrecision, device: str, *, elsewhere: bool = False) -> Precision:
    """Settle on a precision.

    Args:
        requested: What is asked for by name is what is used; ``auto`` is bf16 where `device` gains by it,
            and fp32 elsewhere (Apple's GPU included).
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        elsewhere: Whether it is not this machine's: then a GPU is taken to gain by bf16, and no CPU.
    """
    if requested != "auto":
        return requested
    return "bf16" if (device.startswith("cuda") if elsewhere else _has_bf16(device)) else "fp32"


def cpu_has_bf16() -> bool:
    """Say whether this CPU has matrix units for bfloat16; False where the system does not tell."""
    if platform.system() == "Darwin":
        return sysctl("hw.optional.arm.FEAT_BF16") == "1"
    flags = cpuinfo_field("flags") or cpuinfo_field("Features")
    return not _BF16_FLAGS.isdisjoint(flags.split())


def _has_bf16(device: str) -> bool:
    if device == "cpu":
        return cpu_has_bf16()
    return device.startswith("cuda") and _gpu_has_bf16(device)


def _gpu_has_bf16(device: str) -> bool:
    import torch

    # NVIDIA from Ampere (8.0) on; every AMD GPU that PyTorch supports
    return torch.version.hip is not None or torch.cuda.get_device_capability(device) >= (8, 0)
