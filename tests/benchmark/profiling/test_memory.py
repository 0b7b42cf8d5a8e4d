import mmap
import os
import re
import threading

import numpy as np
import psutil
import pytest
import torch
from emseg_bench.benchmark.profiling import memory
from emseg_bench.benchmark.profiling.memory import PeakMemory

MIB = 2**20
kernel_counts = pytest.mark.skipif(
    not memory._kernel_counts(), reason="this kernel has no resettable peak counter"
)


def resident_mib():
    return psutil.Process().memory_info().rss / MIB


def allocate(mib):
    """Take fresh memory from the system, never a freed block, and write to it so that it is resident."""
    block = mmap.mmap(-1, mib * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    pixels = np.frombuffer(block, dtype=np.uint8)
    pixels.fill(1)
    return pixels


@pytest.fixture(params=[pytest.param("kernel", marks=kernel_counts), "sampling"])
def way(request, monkeypatch):
    monkeypatch.setattr(memory, "_kernel_counts", lambda: request.param == "kernel")
    return request.param


def test_peak_holds_what_was_given_back(way):
    before = resident_mib()
    with PeakMemory("cpu") as peak:
        block = allocate(200)
        low = peak.read().peak_mib
        del block
    after = peak.read()
    assert resident_mib() < before + 100
    assert low == pytest.approx(before + 200, abs=40)
    assert after.peak_mib == pytest.approx(before + 200, abs=40)
    assert (after.kind, after.reserved_mib) == ("process RSS", None)


def test_short_peaks_are_found_between_samples(way):
    before = resident_mib()
    with PeakMemory("cpu") as peak:
        for _ in range(20):
            allocate(100)
    assert peak.read().peak_mib == pytest.approx(before + 100, abs=60)


def test_peaks_before_the_context_do_not_count(way):
    allocate(300)
    before = resident_mib()
    with PeakMemory("cpu") as peak:
        allocate(20)
    assert peak.read().peak_mib < before + 120


def test_peak_stays_after_the_context(way):
    with PeakMemory("cpu") as peak:
        pass
    first = peak.read()
    block = allocate(100)
    assert peak.read() == first
    assert block.size


def fail_in(context):
    with context:
        block = allocate(100)
        raise KeyError(len(block))


def test_peak_is_known_after_an_error(way):
    before = resident_mib()
    peak = PeakMemory("cpu")
    with pytest.raises(KeyError):
        fail_in(peak)
    assert peak.read().peak_mib == pytest.approx(before + 100, abs=40)


def test_method_is_told(way):
    with PeakMemory("cpu") as peak:
        assert (
            peak.read().method
            == {"kernel": "the kernel's peak counter (VmHWM)", "sampling": "sampled every 20 ms"}[way]
        )


def test_sampling_ends_with_the_context(monkeypatch):
    monkeypatch.setattr(memory, "_kernel_counts", lambda: False)
    with PeakMemory("cpu"):
        assert "peak-memory" in {thread.name for thread in threading.enumerate()}
    assert "peak-memory" not in {thread.name for thread in threading.enumerate()}


def test_kernels_without_the_counter_are_recognised(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "status")
    monkeypatch.setattr(memory, "_CLEAR_REFS", tmp_path / "clear_refs")
    assert not memory._kernel_counts()  # no such file
    (tmp_path / "status").write_text("Name: python\n")
    assert not memory._kernel_counts()  # no such field
    (tmp_path / "status").write_text("VmHWM:\t 2048 kB\n")
    assert memory._kernel_counts()
    assert memory._kernel_peak_mib() == 2


@kernel_counts
def test_kernel_and_psutil_agree():
    with PeakMemory("cpu") as peak:
        assert peak.read().peak_mib == pytest.approx(resident_mib(), abs=16)
    assert re.search("VmHWM", memory._STATUS.read_text())
    assert os.access(memory._CLEAR_REFS, os.W_OK)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_allocations_are_counted():
    with PeakMemory("cuda") as peak:
        torch.ones(200 * MIB, dtype=torch.uint8, device="cuda")
    result = peak.read()
    assert result.kind == "CUDA"
    assert result.peak_mib == pytest.approx(200, abs=20)
    assert result.reserved_mib >= result.peak_mib
