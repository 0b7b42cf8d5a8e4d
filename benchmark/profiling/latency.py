"""How long inference takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from ..contracts.basics import Precision
from ..evaluation.inference import inference
from .energy import EnergyMeter

Shape = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to stop repeating: after `most_runs` or `seconds`, but not before `least_runs`."""

    least_runs: int
    most_runs: int
    seconds: float

    def expected(self, each: float) -> float:
        """Say how long repeating takes (s) what takes `each` s."""
        return min(max(self.seconds, self.least_runs * each), self.most_runs * each)


WARM_UP = Limits(least_runs=2, most_runs=5, seconds=1.0)
"""Discarded: the first passes choose kernels, allocate memory and raise clocks."""
LATENCY_LIMITS = Limits(least_runs=5, most_runs=30, seconds=3.0)
THROUGHPUT_LIMITS = Limits(least_runs=2, most_runs=10, seconds=3.0)
ENERGY_LIMITS = Limits(least_runs=2, most_runs=100_000, seconds=3.0)
"""Some counters are read anew every tenth of a second only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Duration of single forward passes, after warm-up."""

    p25_ms: float
    p50_ms: float
    p75_ms: float
    p95_ms: float
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Images per second in batches."""

    batch: int
    """Images per forward pass."""
    images_per_s: float
    p25_images_per_s: float
    """With `p75_images_per_s` the middle half of the batches."""
    p75_images_per_s: float


def measure_latency(
    model: nn.Module,
    shape: Shape,
    *,
    device: torch.device | str,
    precision: Precision,
    limits: Limits = LATENCY_LIMITS,
) -> Latency:
    """Time forward passes one by one, each waited for to its end.

    Args:
        model: On `device`.
        shape: (N, C, H, W) of the input, which lies on `device` already.
        device: Where the model runs.
        precision: ``bf16``: under autocast.
        limits: How often to measure.
    """
    seconds = _time_forward(model, shape, device, precision, limits)
    p25, p50, p75, p95 = (float(value) * 1e3 for value in np.percentile(seconds, [25, 50, 75, 95]))
    return Latency(p25_ms=p25, p50_ms=p50, p75_ms=p75, p95_ms=p95, runs=len(seconds))


def measure_throughput(
    model: nn.Module,
    shape: Shape,
    *,
    device: torch.device | str,
    precision: Precision,
    on_note: Callable[[str], None],
    limits: Limits = THROUGHPUT_LIMITS,
) -> Throughput:
    """Time forward passes of whole batches.

    Args:
        model: On `device`.
        shape: (N, C, H, W) of the input; N is halved as long as the GPU's memory is too small for it.
        device: Where the model runs.
        precision: ``bf16``: under autocast.
        on_note: Hears that N was halved.
        limits: How often to measure.

    Raises:
        torch.OutOfMemoryError: There is not even memory for a batch of one.
    """
    batch, *image = shape
    try:
        seconds = _time_forward(model, shape, device, precision, limits)
    except torch.OutOfMemoryError:
        if batch == 1:
            raise
    else:
        p25, p75 = (float(batch / value) for value in np.percentile(seconds, [75, 25]))
        mean = batch * len(seconds) / sum(seconds)
        return Throughput(batch=batch, images_per_s=mean, p25_images_per_s=p25, p75_images_per_s=p75)
    # here the exception is gone, and with it what its frames kept alive on the GPU
    on_note(f"no memory for a batch of {batch}: throughput is measured at {batch // 2}")
    smaller = (batch // 2, image[0], image[1], image[2])
    return measure_throughput(
        model, smaller, device=device, precision=precision, on_note=on_note, limits=limits
    )


def measure_energy(
    model: nn.Module, shape: Shape, meter: EnergyMeter, *, device: torch.device | str, precision: Precision
) -> float | None:
    """Return the joules of one image in batches; None where nothing counts them.

    Args:
        model: On `device`.
        shape: (N, C, H, W) of a batch.
        meter: Counts.
        device: Where the model runs.
        precision: ``bf16``: under autocast.
    """
    if not meter.what:
        return None
    forward = _forward(model, shape, device)
    with inference(model, device, precision):
        forward()
        before = meter.joules()
        runs = len(_repeat(forward, ENERGY_LIMITS))
        after = meter.joules()
    return None if before is None or after is None else (after - before) / (runs * shape[0])


def _time_forward(
    model: nn.Module, shape: Shape, device: torch.device | str, precision: Precision, limits: Limits
) -> list[float]:
    """Return the durations (s) of forward passes after warm-up."""
    forward = _forward(model, shape, device)
    with inference(model, device, precision):
        _repeat(forward, WARM_UP)
        return _repeat(forward, limits)


def _forward(model: nn.Module, shape: Shape, device: torch.device | str) -> Callable[[], None]:
    """Make a forward pass that is waited for to its end."""
    images = _images(shape).to(device)

    def forward() -> None:
        model(images)
        _synchronise(images.device)

    return forward


def _images(shape: Shape) -> Tensor:
    """Return random images in the layout of evaluation, without touching the global generator."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=generator).to(memory_format=torch.channels_last)


def _repeat(run: Callable[[], None], limits: Limits) -> list[float]:
    """Return how long each call took, in s."""
    durations: list[float] = []
    while len(durations) < limits.least_runs or (
        len(durations) < limits.most_runs and sum(durations) < limits.seconds
    ):
        start = perf_counter()
        run()
        durations.append(perf_counter() - start)
    return durations


def _synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
