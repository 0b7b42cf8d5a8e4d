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

    def take(self, count: int = 1) -> str | None:
        """Take a place on each of some devices, whose names are joined by commas; None: too few are free."""
        free = [name for name in self._devices if self._running[name] < self._places]
        if len(free) < count:
            return None
        taken = sorted(free, key=lambda name: self._running[name])[:count]
        self._running.update(taken)
        return ",".join(taken)

    def give_back(self, devices: str) -> None:
        """Free what was taken together."""
        self._running.subtract(devices.split(","))

    def drop(self, device: str) -> None:
        """Hand a device out no more."""
        if device in self._devices:
            self._devices.remove(device)


def needed(processes: int, devices: Sequence[str]) -> int:
    """Count the devices that a trial takes: one for each of its processes, which share a lone CPU."""
    return 1 if tuple(devices) == ("cpu",) else processes


def lack(processes: int, devices: Sequence[str]) -> str:
    """Say why a trial of so many processes cannot have its devices."""
    if not devices:
        return "no device is left: all have failed"
    return (
        f"recipe.processes: got {processes}, each of which takes a device, but there is only "
        f"{', '.join(devices)}; name more with --device, or set fewer processes."
    )


def see_alone(devices: str) -> str:
    """Let this process, and all that it starts, see one GPU of several, or some.

    To be called before CUDA is first used.

    Args:
        devices: ``cuda:1`` counts among those that the process has seen so far; ``cpu:1`` is the CPU; or
            several of one kind, joined by commas.

    Returns:
        What they are called from now on: ``cuda``, ``cpu``.
    """
    kind = devices.partition(":")[0]
    numbers = [one.partition(":")[2] for one in devices.split(",")]
    if kind == "cuda" and all(numbers):
        names = [name for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
        os.environ[VISIBLE] = ",".join(names[int(number)] if names else number for number in numbers)
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
