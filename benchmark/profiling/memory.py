"""How much memory a stretch of work needs at its peak."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Literal, Protocol

import psutil
import torch

from ..contracts.basics import STRICT

_MIB = 2**20
_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_SAMPLING_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPeak:
    """The most memory in use at once, in MiB."""

    __pydantic_config__ = STRICT

    kind: Literal["process RSS", "CUDA"]
    peak_mib: float
    """The whole process's resident set (interpreter and libraries included, child processes not), or
    what CUDA tensors took."""
    reserved_mib: float | None
    """CUDA only: what the caching allocator held."""
    method: str
    """How it was found out."""


def larger(one: MemoryPeak | None, other: MemoryPeak) -> MemoryPeak:
    """Give the larger of two peaks; of two kinds the other one, for another device took it."""
    return one if one and one.kind == other.kind and one.peak_mib > other.peak_mib else other


class PeakMemory:
    """Context manager that finds the peak of what runs inside.

    The counters belong to the process, so contexts must not overlap.

    Args:
        device: CUDA memory is counted on a CUDA device, the process's resident set on all others.
    """

    def __init__(self, device: torch.device | str) -> None:
        self._gauge = _gauge(torch.device(device))
        self._final: MemoryPeak | None = None

    def __enter__(self) -> PeakMemory:
        self._gauge.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._final = self._gauge.read()
        self._gauge.stop()

    def read(self) -> MemoryPeak:
        """Return the peak so far; after the context the peak of all of it."""
        return self._final or self._gauge.read()


class _Gauge(Protocol):
    def start(self) -> None: ...
    def read(self) -> MemoryPeak: ...
    def stop(self) -> None: ...


def _gauge(device: torch.device) -> _Gauge:
    if device.type == "cuda":
        return _CudaGauge(device)
    return _KernelGauge() if _kernel_counts() else _SamplingGauge()


class _CudaGauge:
    """Asks PyTorch's allocator."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def start(self) -> None:
        torch.cuda.reset_peak_memory_stats(self._device)

    def read(self) -> MemoryPeak:
        return MemoryPeak(
            kind="CUDA",
            peak_mib=torch.cuda.max_memory_allocated(self._device) / _MIB,
            reserved_mib=torch.cuda.max_memory_reserved(self._device) / _MIB,
            method="PyTorch's CUDA allocator",
        )

    def stop(self) -> None:
        """Nothing runs meanwhile."""


class _KernelGauge:
    """Asks Linux, which counts for every process anyway (proc(5), VmHWM)."""

    def start(self) -> None:
        _reset_kernel_peak()

    def read(self) -> MemoryPeak:
        return _rss(_kernel_peak_mib(), "the kernel's peak counter (VmHWM)")

    def stop(self) -> None:
        """Nothing runs meanwhile."""


class _SamplingGauge:
    """Looks at the resident set again and again, from a thread; may miss a short peak."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._peak = 0
        self._ended = Event()
        self._thread = Thread(target=self._watch, name="peak-memory", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def read(self) -> MemoryPeak:
        self._look()
        return _rss(self._peak / _MIB, f"sampled every {_SAMPLING_SECONDS * 1e3:.0f} ms")

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLING_SECONDS):
            self._look()

    def _look(self) -> None:
        self._peak = max(self._peak, self._process.memory_info().rss)


def _rss(peak_mib: float, method: str) -> MemoryPeak:
    return MemoryPeak(kind="process RSS", peak_mib=peak_mib, reserved_mib=None, method=method)


def _kernel_counts() -> bool:
    """Say whether this kernel counts a process's peak and lets it be reset."""
    try:
        _reset_kernel_peak()
        return _kernel_peak_mib() > 0
    except (OSError, LookupError):
        return False


def _reset_kernel_peak() -> None:
    _CLEAR_REFS.write_text("5")


def _kernel_peak_mib() -> float:
    found = re.search(r"VmHWM:\s*(\d+) kB", _STATUS.read_text())
    if found is None:
        raise LookupError(f"{_STATUS} has no VmHWM")
    return int(found[1]) / 1024
