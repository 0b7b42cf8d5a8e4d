"""Facts about machine and software that a number may have to be explained by."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .hardware import cpu_name, device_name

_DISTRIBUTION = "emseg-bench"
_NVIDIA_DRIVER = Path("/sys/module/nvidia/version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where a trial ran; goes to ``environment.json``.  None: not there, or not told by the system."""

    python: str
    platform: str
    """Operating system, its version and architecture."""
    cpu: str
    cpu_cores: int
    """Logical cores that this process may use."""
    memory_mib: int
    """Of the machine."""
    device: str
    """``cpu``, ``cuda``, ``cuda:1``, ``mps``"""
    device_name: str
    cuda: str | None
    """Version that PyTorch was built for."""
    cudnn: int | None
    driver: str | None
    """Version of NVIDIA's kernel driver."""
    packages: Mapping[str, str]
    """Versions of emseg-bench and of what it requires."""


def describe_environment(device: str) -> Environment:
    """Collect the facts for a trial on `device` (``cpu``, ``cuda``, ``cuda:N`` or ``mps``)."""
    import psutil
    import torch

    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        cpu=cpu_name(),
        cpu_cores=_usable_cores(),
        memory_mib=psutil.virtual_memory().total // 2**20,
        device=device,
        device_name=device_name(device),
        cuda=torch.version.cuda,
        cudnn=_cudnn() if device.startswith("cuda") else None,
        driver=_NVIDIA_DRIVER.read_text().strip() if _NVIDIA_DRIVER.exists() else None,
        packages=_packages(),
    )


def _cudnn() -> int | None:
    from torch.backends import cudnn

    return cudnn.version()  # type: ignore[no-any-return,no-untyped-call]


def _usable_cores() -> int:
    # a cluster job or container may use fewer than the machine has
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _packages() -> dict[str, str]:
    required = [item for item in metadata.requires(_DISTRIBUTION) or () if "extra ==" not in item]
    names = [_DISTRIBUTION, *(re.split(r"[^\w.-]", item, maxsplit=1)[0] for item in required)]
    return {name: metadata.version(name) for name in sorted(names)}
