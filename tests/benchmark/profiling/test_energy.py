"""Energy is read where hardware counts it, over wrap-arounds too, and is never 0 for not being known."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from emseg_bench.benchmark.contracts.running import Runtime
from emseg_bench.benchmark.profiling import energy
from emseg_bench.benchmark.profiling.energy import EnergyMeter, nvml, rapl
from emseg_bench.benchmark.profiling.latency import Limits, measure_energy
from torch import nn


@pytest.fixture
def powercap(tmp_path):
    """A tree of two processors, whose memory one counts, and of what must not be counted twice."""
    tree = {
        "intel-rapl:0": "package-0",
        "intel-rapl:0:0": "core",
        "intel-rapl:0:1": "dram",
        "intel-rapl:1": "package-1",
        "intel-rapl:2": "psys",
    }
    for folder, name in tree.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "name").write_text(f"{name}\n")
        (tmp_path / folder / "max_energy_range_uj").write_text("10000000\n")
        count(tmp_path, folder, 1_000_000)
    (tmp_path / "intel-rapl").mkdir()
    return tmp_path


def count(powercap, folder, microjoules):
    whole = powercap / folder / "next"  # as the kernel, which never shows half a number
    whole.write_text(f"{microjoules}\n")
    whole.replace(powercap / folder / "energy_uj")


def test_processors_and_their_memory_are_added_up_and_nothing_else(powercap):
    counter = rapl(powercap)
    assert counter.what == "2 processors with memory by RAPL"
    assert counter.joules() == 0
    for folder in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:2"):
        count(powercap, folder, 3_500_000)
    assert counter.joules() == pytest.approx(5.0)
    count(powercap, "intel-rapl:1", 2_000_000)
    assert counter.joules() == pytest.approx(6.0)


def test_counters_that_wrap_around_go_on(powercap):
    counter = rapl(powercap)
    for value, joules in ((9_000_000, 8.0), (500_000, 9.5), (9_999_999, 19.0), (0, 19.0), (1_000_000, 20.0)):
        count(powercap, "intel-rapl:1", value)
        assert counter.joules() == pytest.approx(joules, abs=1e-5)


@pytest.mark.parametrize("fault", ["none", "unreadable", "text", "no package"])
def test_what_cannot_be_read_is_not_known(powercap, tmp_path, fault, monkeypatch):
    if fault == "none":
        powercap = tmp_path / "nowhere"
    elif fault == "unreadable":
        (powercap / "intel-rapl:1/energy_uj").unlink()  # root may read all that is there
    elif fault == "text":
        (powercap / "intel-rapl:1/energy_uj").write_text("")
    else:
        for number in (0, 1):
            (powercap / f"intel-rapl:{number}/name").write_text("psys")
    assert rapl(powercap) is None
    with EnergyMeter("cpu", powercap) as meter:
        assert (meter.what, meter.joules(), meter.shared_by(Runtime())) == ("", None, "")


def test_a_counter_that_fails_later_makes_the_sum_unknown(powercap):
    with EnergyMeter("cpu", powercap) as meter:
        assert meter.joules() == 0
        (powercap / "intel-rapl:0/energy_uj").unlink()
        assert (meter.joules(), meter.joules()) == (None, None)


def test_a_meter_looks_so_often_that_no_turn_is_missed(powercap, monkeypatch):
    monkeypatch.setattr(energy, "LOOK_SECONDS", 0.001)
    with EnergyMeter("cpu", powercap) as meter:
        zone = meter._counters[0].zones[0]
        for value in (9_000_000, 0, 9_000_000, 0):
            count(powercap, "intel-rapl:0", value)
            while zone.last != value:  # the meter's own thread reads
                pass
        assert meter.joules() == pytest.approx(19.0)


@pytest.fixture
def gpu(monkeypatch):
    """A fake NVML with one GPU; gives what it counts."""
    state = SimpleNamespace(millijoules=7_000, fault=None)
    module = ModuleType("pynvml")
    module.NVMLError = type("NVMLError", (Exception,), {})

    def init():
        if state.fault == "init":
            raise module.NVMLError("Driver Not Loaded")

    def handle(uuid):
        assert uuid == "GPU-1234"
        return "handle"

    def total(handle):
        assert handle == "handle"
        if state.fault == "count":
            raise module.NVMLError("Not Supported")
        return state.millijoules

    module.nvmlInit, module.nvmlDeviceGetHandleByUUID = init, handle
    module.nvmlDeviceGetTotalEnergyConsumption = total
    monkeypatch.setitem(sys.modules, "pynvml", module)
    told = {"cuda": SimpleNamespace(uuid="1234")}
    monkeypatch.setattr(torch.cuda, "get_device_properties", told.__getitem__)
    return state


def test_a_gpu_counts_from_when_the_meter_was_made(gpu, powercap):
    counter = nvml("cuda")
    gpu.millijoules += 2_500
    assert (counter.what, counter.joules()) == ("the GPU by NVML", pytest.approx(2.5))
    with EnergyMeter("cuda", powercap) as meter:
        gpu.millijoules += 1_000
        count(powercap, "intel-rapl:1", 3_000_000)
        assert meter.joules() == pytest.approx(3.0)
    assert meter.what == "the GPU by NVML and 2 processors with memory by RAPL"
    runtime = Runtime(device="cuda", devices=("cuda:0", "cuda:1"), workers=2)
    assert meter.shared_by(runtime) == f"{meter.what}, of 4 trials at once on 2 devices"


@pytest.mark.parametrize("fault", ["init", "count", "package"])
def test_without_the_gpu_nothing_stands_for_the_whole(gpu, powercap, fault, monkeypatch):
    gpu.fault = fault
    if fault == "package":
        monkeypatch.setitem(sys.modules, "pynvml", None)
    with EnergyMeter("cuda", powercap) as meter:
        assert (meter.what, meter.joules()) == ("", None)


def test_joules_of_an_image(powercap, monkeypatch):
    monkeypatch.setattr(
        "emseg_bench.benchmark.profiling.latency.ENERGY_LIMITS",
        Limits(least_runs=3, most_runs=3, seconds=0.0),
    )
    passes = []

    class Hungry(nn.Module):
        def forward(self, images):
            passes.append(len(images))
            count(powercap, "intel-rapl:1", 1_000_000 + 2_000_000 * len(passes))
            return images

    with EnergyMeter("cpu", powercap) as meter:
        found = measure_energy(Hungry(), (4, 1, 8, 8), meter, device="cpu", precision="fp32")
    assert found == pytest.approx(2.0 / 4)
    with EnergyMeter("cpu", powercap / "nowhere") as meter:
        assert measure_energy(Hungry(), (4, 1, 8, 8), meter, device="cpu", precision="fp32") is None
    assert passes == [4] * 4
