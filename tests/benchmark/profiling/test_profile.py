from dataclasses import asdict, fields
from pathlib import Path

import pytest
import torch
from emseg_bench.benchmark.contracts.records import Profile
from emseg_bench.benchmark.files.hashing import profiling_sha256
from emseg_bench.benchmark.profiling.energy import EnergyMeter
from emseg_bench.benchmark.profiling.hardware import cpu_name
from emseg_bench.benchmark.profiling.memory import MemoryPeak
from emseg_bench.benchmark.profiling.profile import complete_profile, profile_inference
from torch import nn

NOWHERE = Path("/nowhere")


def measure(model, on_note):
    return profile_inference(
        model,
        channels=2,
        window=16,
        device="cpu",
        precision="bf16",
        energy=EnergyMeter("cpu", NOWHERE),
        on_note=on_note,
    )


def refuse(note):
    raise AssertionError(note)


def test_inference_of_a_convolution():
    found = measure(nn.Conv2d(2, 3, 3, padding=1), refuse)
    assert (found.device, found.precision, found.threads) == (cpu_name(), "bf16", torch.get_num_threads())
    assert found.parameters == 2 * 3 * 9 + 3
    assert found.input_shape == (1, 2, 16, 16)
    assert found.flops == 2 * (3 * 16 * 16) * (9 * 2)
    assert 0 < found.latency_p50_ms <= found.latency_p95_ms
    assert 5 <= found.latency_runs <= 30
    assert found.throughput_batch == 4
    assert found.throughput_images_per_s > 0


def test_flops_that_cannot_be_counted_are_none_and_noted():
    notes = []
    found = measure(nn.AvgPool2d(3, stride=1, padding=1), notes.append)
    assert found.flops is None
    assert found.latency_p50_ms > 0
    assert [note.split(":")[0] for note in notes] == ["FLOPs cannot be counted"]


@pytest.mark.parametrize(
    ("memory", "kind", "reserved"),
    [
        (MemoryPeak(kind="process RSS", peak_mib=512.0, reserved_mib=None, method="m"), "process RSS", None),
        (MemoryPeak(kind="CUDA", peak_mib=512.0, reserved_mib=640.0, method="m"), "CUDA", 640.0),
    ],
)
def test_complete_profile_has_every_field(memory, kind, reserved):
    inference = measure(nn.Conv2d(2, 1, 1), refuse)
    costs = {"train_seconds": 1.0, "train_images_per_s": 2.0, "validation_seconds": 3.0, "test_seconds": 4.0}
    costs |= {"trainable_parameters": 3, "optimiser_state_mib": 0.5}
    costs |= {"energy_counted": "the GPU by NVML", "trial_joules": 5.0, "compile_seconds": None}
    whole = asdict(complete_profile(inference, memory, **costs))
    expected = {
        **asdict(inference),
        **costs,
        "memory_kind": kind,
        "peak_memory_mib": 512.0,
        "peak_memory_reserved_mib": reserved,
        "profiling_code": profiling_sha256(),
    }
    assert whole == expected
    assert set(expected) == {field.name for field in fields(Profile)}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_profile():
    found = profile_inference(
        nn.Conv2d(1, 1, 1).cuda(),
        channels=1,
        window=16,
        device="cuda",
        precision="bf16",
        energy=EnergyMeter("cuda"),
        on_note=refuse,
    )
    assert found.device == torch.cuda.get_device_name()
    assert found.threads is None
    assert found.throughput_batch == 16
