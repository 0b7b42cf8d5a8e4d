"""What a model's inference costs, and the whole cost of a trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import nn

from ..contracts.basics import Precision
from ..contracts.errors import TrialError
from ..contracts.records import Profile
from ..evaluation.inference import inference_batch
from ..files.hashing import profiling_sha256
from .complexity import count_flops, count_parameters
from .energy import EnergyMeter
from .hardware import device_name
from .latency import Shape, measure_energy, measure_latency, measure_throughput
from .load import OthersShare
from .memory import MemoryPeak


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceProfile:
    """The fields of `contracts.records.Profile` that say what inference costs, with its conditions."""

    device: str
    precision: Precision
    threads: int | None
    parameters: int
    input_shape: Shape
    flops: int | None
    latency_p25_ms: float
    latency_p50_ms: float
    latency_p75_ms: float
    latency_p95_ms: float
    latency_runs: int
    throughput_batch: int
    throughput_images_per_s: float
    throughput_p25_images_per_s: float
    throughput_p75_images_per_s: float
    others_share: float | None
    inference_joules: float | None


def profile_inference(
    model: nn.Module,
    *,
    channels: int,
    window: int,
    device: str,
    precision: Precision,
    energy: EnergyMeter,
    on_note: Callable[[str], None],
) -> InferenceProfile:
    """Measure a model on windows as evaluation uses them.

    Call it after `PeakMemory` was read: attention is spelt out to count FLOPs, which takes memory.

    Args:
        model: On `device`.
        channels: C of the input.
        window: H and W of the input, px.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        precision: ``bf16``: under autocast.
        energy: Counts joules, where the hardware does.
        on_note: Hears why a number is not available, or was taken in another way than usual.
    """
    shape = (1, channels, window, window)
    batches = (inference_batch(device), *shape[1:])
    with OthersShare() as others:
        latency = measure_latency(model, shape, device=device, precision=precision)
        throughput = measure_throughput(model, batches, device=device, precision=precision, on_note=on_note)
    batches = (throughput.batch, *shape[1:])
    joules = measure_energy(model, batches, energy, device=device, precision=precision)
    return InferenceProfile(
        device=device_name(device),
        precision=precision,
        threads=torch.get_num_threads() if device == "cpu" else None,
        parameters=count_parameters(model),
        input_shape=shape,
        flops=_flops(model, shape, device, precision, on_note),
        latency_p25_ms=latency.p25_ms,
        latency_p50_ms=latency.p50_ms,
        latency_p75_ms=latency.p75_ms,
        latency_p95_ms=latency.p95_ms,
        latency_runs=latency.runs,
        throughput_batch=throughput.batch,
        throughput_images_per_s=throughput.images_per_s,
        throughput_p25_images_per_s=throughput.p25_images_per_s,
        throughput_p75_images_per_s=throughput.p75_images_per_s,
        others_share=others.share,
        inference_joules=joules,
    )


def complete_profile(
    inference: InferenceProfile,
    memory: MemoryPeak,
    *,
    trainable_parameters: int,
    optimiser_state_mib: float,
    train_seconds: float,
    train_images_per_s: float,
    compile_seconds: float | None = None,
    validation_seconds: float,
    test_seconds: float,
    energy_counted: str,
    trial_joules: float | None,
) -> Profile:
    """Join what inference costs with what the trial as a whole cost."""
    return Profile(
        **{one.name: getattr(inference, one.name) for one in fields(inference)},
        trainable_parameters=trainable_parameters,
        optimiser_state_mib=optimiser_state_mib,
        memory_kind=memory.kind,
        peak_memory_mib=memory.peak_mib,
        peak_memory_reserved_mib=memory.reserved_mib,
        train_seconds=train_seconds,
        train_images_per_s=train_images_per_s,
        compile_seconds=compile_seconds,
        validation_seconds=validation_seconds,
        test_seconds=test_seconds,
        energy_counted=energy_counted,
        trial_joules=trial_joules,
        profiling_code=profiling_sha256(),
    )


def _flops(
    model: nn.Module, shape: Shape, device: str, precision: Precision, on_note: Callable[[str], None]
) -> int | None:
    """Count FLOPs; where that cannot be done the trial's other numbers still stand."""
    try:
        return count_flops(model, shape, device=device, precision=precision)
    except TrialError as error:
        on_note(str(error))
        return None
