import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.profiling import hardware
from emseg_bench.benchmark.profiling.hardware import (
    choose_device,
    choose_devices,
    cpu_name,
    device_name,
    may_have_accelerator,
)


@pytest.fixture
def no_nodes(monkeypatch):
    monkeypatch.setattr(hardware, "_ACCELERATOR_NODES", (Path("/nonexistent/nvidia0"),))


@pytest.fixture
def gpus(monkeypatch, tmp_path):
    """Give a function that makes this a machine with GPUs, as PyTorch tells it."""
    (tmp_path / "nvidia0").touch()

    def pretend(cuda=0, mps=False):
        monkeypatch.setattr(hardware, "_ACCELERATOR_NODES", (tmp_path / "nvidia0",))
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.skipif(platform.system() != "Linux", reason="device nodes are Linux's")
def test_no_node_no_accelerator(no_nodes):
    assert not may_have_accelerator()
    assert choose_device("auto") == "cpu"
    with pytest.raises(UsageError, match="'cuda' is not on this machine; expected auto or one of: cpu"):
        choose_device("cuda")


def test_any_node_is_reason_to_ask(gpus):
    gpus()
    assert may_have_accelerator()
    assert choose_device("auto") == "cpu"


def test_other_systems_are_always_asked(monkeypatch, no_nodes):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert may_have_accelerator()


@pytest.mark.parametrize(
    ("machine", "requested", "chosen"),
    [
        ({"cuda": 2}, "auto", "cuda"),
        ({"cuda": 2}, "cuda", "cuda"),
        ({"cuda": 2}, "cuda:1", "cuda:1"),
        ({"cuda": 2}, "cpu", "cpu"),
        ({"mps": True}, "auto", "mps"),
        ({"mps": True}, "mps", "mps"),
    ],
)
def test_device_is_chosen(gpus, machine, requested, chosen):
    gpus(**machine)
    assert choose_device(requested) == chosen


@pytest.mark.parametrize(
    ("requested", "chosen"),
    [
        ("auto", ("cuda:0", "cuda:1", "cuda:2")),
        ("cuda", ("cuda:0", "cuda:1", "cuda:2")),
        ("cuda:1", ("cuda:1",)),
        ("cuda:2, cuda:0", ("cuda:2", "cuda:0")),
        ("cpu", ("cpu",)),
        ("cpu:0,cpu:1", ("cpu:0", "cpu:1")),
        ("cpu:0", ("cpu:0",)),
    ],
)
def test_trials_are_shared_out_among_devices(gpus, requested, chosen):
    gpus(cuda=3)
    assert choose_devices(requested) == chosen


def test_the_only_gpu_needs_no_number(gpus):
    gpus(cuda=1)
    assert choose_devices("auto") == choose_devices("cuda") == ("cuda",)


@pytest.mark.parametrize(
    "requested", ["cuda:0,cuda:0", "cuda:0,cpu:0", "cuda,cuda:1", "cuda:0,", ",", "cpu,cpu"]
)
def test_devices_that_make_no_pool_are_told(gpus, requested):
    gpus(cuda=3)
    with pytest.raises(UsageError, match="expected devices of one kind with their numbers, each once"):
        choose_devices(requested)


@pytest.mark.parametrize("requested", ["cuda:0,cuda:7", "cpu:0,cpu:-1", "cuda:0,cuda:x"])
def test_a_device_of_a_pool_that_is_absent_is_told(gpus, requested):
    gpus(cuda=3)
    with pytest.raises(UsageError, match="is not on this machine"):
        choose_devices(requested)


@pytest.mark.parametrize("requested", ["cuda:2", "mps", "gpu", ""])
def test_absent_and_unknown_devices_are_told(gpus, requested):
    gpus(cuda=2)
    with pytest.raises(UsageError, match=f"device '{requested}' .*cpu, cuda, cuda:0, cuda:1"):
        choose_device(requested)


@pytest.mark.skipif(platform.system() != "Linux", reason="the device nodes are Linux's")
def test_torch_is_not_imported_without_an_accelerator():
    if may_have_accelerator():
        pytest.skip("this machine has an accelerator")
    program = (
        "import sys\n"
        "from emseg_bench.benchmark.profiling.hardware import choose_device, device_name\n"
        "from emseg_bench.benchmark.profiling.precision import resolve_precision\n"
        "print(choose_device('auto'), bool(device_name('cpu')), bool(resolve_precision('auto', 'cpu')))\n"
        "print({'torch', 'numpy', 'psutil'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd="/"
    )
    assert done.stdout == "cpu True True\nset()\n"


# --------------------------------------------------------------------------------------------- names
@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="needs /proc/cpuinfo")
def test_cpu_name_of_this_machine():
    listed = subprocess.run(["grep", "-m1", "^model name", "/proc/cpuinfo"], capture_output=True, text=True)
    expected = listed.stdout.partition(":")[2].strip() or platform.processor() or platform.machine()
    assert cpu_name() == device_name("cpu") == expected != ""


def test_cpu_name_without_a_model_is_the_architecture(monkeypatch, tmp_path):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(hardware, "_CPUINFO", tmp_path / "cpuinfo")
    assert cpu_name() == "aarch64"
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Neoverse: N1\n\nmodel name : second\n")
    assert cpu_name() == "Neoverse: N1"


def test_mac_is_asked_by_sysctl(monkeypatch):
    def run(command, **_):
        assert command == ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return SimpleNamespace(stdout="Apple M2\n")

    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(subprocess, "run", run)
    assert device_name("mps") == device_name("cpu") == "Apple M2"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_name():
    assert device_name("cuda:0") == torch.cuda.get_device_properties(0).name
