"""How much energy a stretch of work takes, where the hardware counts it; nobody guesses where it does not.

Counted are whole chips, whatever they do: idling, and other processes' work, are part of it.  Processors are
read from Linux's powercap tree (RAPL), whose files only root may read on many machines; a GPU by NVIDIA's
NVML (from Volta on).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Final, Protocol

from ..contracts.running import Runtime
from ..files.wording import counted

POWERCAP: Final = Path("/sys/class/powercap")
LOOK_SECONDS: Final = 20.0
"""Between two looks: counters begin again at 0 after 65 or 262 kJ, which are minutes at some 100 W."""
_PACKAGE: Final = re.compile(r"package-\d+")
_MICRO: Final = 1e-6
_MILLI: Final = 1e-3


class Counter(Protocol):
    """Counts energy from the time that it was made on."""

    what: str
    """Which hardware, for people."""

    def joules(self) -> float:
        """Return what was taken so far.

        Raises:
            OSError: It cannot be read any more.
        """


@dataclass(slots=True)
class _Zone:
    """A counter of powercap, which begins again at 0 after its largest value."""

    path: Path
    largest: int
    """µJ"""
    last: int
    taken: int = 0

    def look(self) -> int:
        """Return µJ since it was made."""
        now = _number(self.path / "energy_uj")
        self.taken += now - self.last if now >= self.last else now - self.last + self.largest
        self.last = now
        return self.taken


@dataclass(slots=True)
class Rapl:
    """All processors of a machine, and their memory where it is counted apart."""

    zones: Sequence[_Zone]
    what: str

    def joules(self) -> float:
        """See `Counter`."""
        return _MICRO * sum(zone.look() for zone in self.zones)


def rapl(powercap: Path = POWERCAP) -> Rapl | None:
    """Find what may be read of the powercap tree; None where a processor is missing.

    Args:
        powercap: Holds ``intel-rapl:0`` and the like (AMD's are called so too), and all their parts.
    """
    try:
        named = {path: (path / "name").read_text().strip() for path in sorted(powercap.glob("intel-rapl:*"))}
        packages = [path for path, name in named.items() if _PACKAGE.fullmatch(name)]
        memory = [path for path, name in named.items() if name == "dram"]
        zones = [
            _Zone(path, _number(path / "max_energy_range_uj"), _number(path / "energy_uj"))
            for path in (*packages, *memory)
        ]
    except (OSError, ValueError):
        return None
    if not packages:
        return None
    processors = "the processor" if len(packages) == 1 else f"{len(packages)} processors"
    return Rapl(zones, f"{processors}{' with memory' if memory else ''} by RAPL")


@dataclass(slots=True)
class Nvml:
    """One GPU."""

    read: Callable[[], int]
    """mJ since the driver was loaded."""
    what: str = "the GPU by NVML"
    first: int = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.read()

    def joules(self) -> float:
        """See `Counter`."""
        return _MILLI * (self.read() - self.first)


def nvml(device: str) -> Nvml | None:
    """Find the energy counter of a GPU; None where it has none, as parts of a GPU (MIG).

    Args:
        device: ``cuda`` or ``cuda:1``, as PyTorch calls it in this process.
    """
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(_uuid(device))

        def read() -> int:
            try:
                return int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle))
            except pynvml.NVMLError as error:
                raise OSError(f"NVML: {error}") from error

        return Nvml(read)
    except (pynvml.NVMLError, OSError):
        return None


def _uuid(device: str) -> str:
    """Ask PyTorch which GPU it is, for NVML counts all of them, visible or not."""
    import torch

    told = str(torch.cuda.get_device_properties(device).uuid)
    return told if told.startswith(("GPU-", "MIG-")) else f"GPU-{told}"


class EnergyMeter:
    """Context manager that counts energy, on every counter that there is for a device.

    Args:
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``; beside a GPU the processors count, too.
        powercap: See `rapl`.
        processors: False: another process of this machine counts them.
    """

    def __init__(self, device: str, powercap: Path = POWERCAP, *, processors: bool = True) -> None:
        gpu = nvml(device) if device.startswith("cuda") else None
        found = (gpu, rapl(powercap) if processors else None)
        self._counters: list[Counter] = [one for one in found if one is not None]
        if device.startswith("cuda") and found[0] is None:
            self._counters = []  # without the GPU the rest would be taken for all
        self._ended, self._lock = Event(), Lock()
        self._thread = Thread(target=self._watch, name="energy", daemon=True)

    @property
    def what(self) -> str:
        """What is counted, for people; empty: nothing."""
        return " and ".join(one.what for one in self._counters)

    def shared_by(self, runtime: Runtime) -> str:
        """Say what is counted, and how many trials it may be that it is counted for; empty: nothing."""
        trials, devices = counted(runtime.at_once, "trial"), counted(len(runtime.devices) or 1, "device")
        return f"{self.what}, of {trials} at once on {devices}" if self.what else ""

    def __enter__(self) -> EnergyMeter:
        if self._counters:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._counters:
            self._thread.join()

    def joules(self) -> float | None:
        """Return what was taken since the meter was made; None where nothing is counted, or no more."""
        with self._lock:
            try:
                return sum(one.joules() for one in self._counters) if self._counters else None
            except (OSError, ValueError):
                self._counters = []
                return None

    def _watch(self) -> None:
        """Look now and then, so that no wrap-around is missed."""
        while not self._ended.wait(LOOK_SECONDS):
            self.joules()


def _number(path: Path) -> int:
    return int(path.read_text())
