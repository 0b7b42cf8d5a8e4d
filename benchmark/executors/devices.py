"""Which device runs which trial: every one has its places, and one that fails takes no more."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from .context import persistently

VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
ANSWER_SECONDS: Final = 120.0
"""That a GPU may take for a first small sum: a driver that hangs never answers."""


class DevicePool:
    """Hands out devices, the least busy one first.

    Args:
        devices: Names, each once: ``cuda:0``, ``cuda:2``.
        places: Trials that one device runs at once.
    """

    def __init__(self, devices: Sequence[str], places: int) -> None:
        self._running: Counter[str] = Counter()
        self._devices = list(devices)
        self._places = places

    @property
    def left(self) -> tuple[str, ...]:
        """Devices that have not failed."""
        return tuple(self._devices)

    def take(self) -> str | None:
        """Take a place; None: none is free."""
        device = min(self._devices, key=lambda name: self._running[name], default=None)
        if device is None or self._running[device] >= self._places:
            return None
        self._running[device] += 1
        return device

    def give_back(self, device: str) -> None:
        """Free a place."""
        self._running[device] -= 1

    def drop(self, device: str) -> None:
        """Hand a device out no more."""
        if device in self._devices:
            self._devices.remove(device)


def see_alone(device: str) -> str:
    """Let this process, and all that it starts, see one GPU of several.

    To be called before CUDA is first used.

    Args:
        device: ``cuda:1`` counts among those that the process has seen so far; ``cpu:1`` is the CPU.

    Returns:
        What the device is called from now on: ``cuda``, ``cpu``.
    """
    kind, _, number = device.partition(":")
    if kind == "cuda" and number:
        names = [name for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
        os.environ[VISIBLE] = names[int(number)] if names else number
    return kind


def answers(device: str, context: Any) -> bool:
    """Try in a process of its own whether a device still computes.

    Args:
        device: One of the pool's.
        context: Starts the process; where it cannot, nothing is known against the device.
    """
    if not device.startswith("cuda"):
        return True
    try:
        process = persistently(lambda: _start(device, context))
    except (OSError, EOFError):
        return True
    process.join(ANSWER_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
    return bool(process.exitcode == 0)


def _start(device: str, context: Any) -> Any:
    process = context.Process(target=_add, args=(device,))
    process.start()
    return process


def _add(device: str) -> None:
    where = see_alone(device)
    import torch

    if float(torch.ones(1024, device=where).sum()) != 1024:
        os._exit(1)
