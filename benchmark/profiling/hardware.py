"""Which devices this machine has, and what they are called.

PyTorch takes a second to import, so it is asked only where an accelerator can be.
"""

from __future__ import annotations

import platform
import re
import subprocess
from pathlib import Path

from ..contracts.errors import UsageError
from ..files.printable import brief

_CPUINFO = Path("/proc/cpuinfo")
_ACCELERATOR_NODES = tuple(Path("/dev", name) for name in ("nvidia0", "nvidiactl", "kfd", "dxg"))
"""NVIDIA, NVIDIA in a container, AMD, and either under WSL."""

_KINDS = ("cpu", "cuda", "mps")
_CPU_PLACE = re.compile(r"cpu:[0-9]{1,3}")


def may_have_accelerator() -> bool:
    """Say whether asking PyTorch for an accelerator is worth it; on Linux its device node tells."""
    return platform.system() != "Linux" or any(node.exists() for node in _ACCELERATOR_NODES)


def choose_device(requested: str) -> str:
    """Settle on a device.

    Args:
        requested: ``auto`` (an accelerator if there is one), ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Returns:
        ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        UsageError: `requested` is none of these, or not on this machine.
    """
    if requested == "cpu":
        return "cpu"
    available = _accelerators() if may_have_accelerator() else ()
    if requested == "auto":
        return available[0] if available else "cpu"
    if requested in available:
        return requested
    raise UsageError(
        f"device {requested!r} is not on this machine; expected auto or one of: "
        f"{', '.join(('cpu', *available))}. If it should be here, check the driver and that the "
        "installed PyTorch was built for it."
    )


def choose_devices(requested: str) -> tuple[str, ...]:
    """Settle on the devices that the trials of a run are shared out among.

    Args:
        requested: As `choose_device` has it, where ``cuda`` are all GPUs that are visible; or several of one
            kind, comma-separated: ``cuda:0,cuda:2``; ``cpu:0,cpu:1`` are places on the CPU, to try it out.

    Returns:
        One device, or several with numbers.

    Raises:
        UsageError: One is none, not on this machine or named twice, or they are of different kinds.
    """
    names = [name.strip() for name in requested.split(",")]
    if len(names) == 1 and not _CPU_PLACE.fullmatch(names[0]):
        one = choose_device(names[0])
        numbered = [name for name in _accelerators() if ":" in name] if one == "cuda" else []
        return tuple(numbered) if len(numbered) > 1 else (one,)
    kinds = {name.partition(":")[0] for name in names}
    if len(kinds) > 1 or len(set(names)) < len(names) or not all(":" in name for name in names):
        raise UsageError(
            f"got --device {brief(requested)}, expected devices of one kind with their numbers, each once: "
            "cuda:0,cuda:2."
        )
    return tuple(name if _CPU_PLACE.fullmatch(name) else choose_device(name) for name in names)


def believed_device(requested: str, executor: str) -> str:
    """Take a device that another machine has as the user names it.

    Args:
        requested: ``cpu``, ``cuda`` or ``mps``.
        executor: What gives each trial its own; for messages.

    Raises:
        UsageError: It is none of these; ``auto`` would say what this machine has.
    """
    if requested in _KINDS:
        return requested
    if requested == "auto":
        raise UsageError(
            f"the executor {executor} runs trials elsewhere, so this machine cannot tell on what; say it "
            "with --device cuda or --device cpu."
        )
    raise UsageError(
        f"got --device {brief(requested)}, expected {', '.join(_KINDS)}: the executor {executor} gives each "
        "trial a device of its own."
    )


def device_name(device: str) -> str:
    """Return what the CPU or GPU is called by its maker."""
    if not device.startswith("cuda"):
        return cpu_name()  # Apple's GPU goes by the chip's name
    import torch

    return str(torch.cuda.get_device_name(device))


def cpu_name() -> str:
    """Return the CPU's model name, or its architecture where the system does not tell the model."""
    if platform.system() == "Darwin":
        return sysctl("machdep.cpu.brand_string")
    return cpuinfo_field("model name") or platform.processor() or platform.machine()


def cpuinfo_field(name: str) -> str:
    """Return the value of a field of ``/proc/cpuinfo`` for the first CPU; empty where there is none."""
    try:
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in pairs if key.strip() == name), "")


def sysctl(name: str) -> str:
    """Return a value of the macOS kernel; empty for a name that it does not know."""
    command = ["/usr/sbin/sysctl", "-n", name]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603


def _accelerators() -> tuple[str, ...]:
    """Name the devices that PyTorch can use, the one to prefer first."""
    import torch

    numbered = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    cuda = ("cuda", *numbered) if torch.cuda.is_available() else ()
    return (*cuda, "mps") if torch.backends.mps.is_available() else cuda
