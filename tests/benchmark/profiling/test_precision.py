import platform

import pytest
import torch
from emseg_bench.benchmark.profiling import hardware, precision
from emseg_bench.benchmark.profiling.precision import cpu_has_bf16, resolve_precision


@pytest.fixture
def cpuinfo(monkeypatch, tmp_path):
    """Give a function that replaces what Linux tells of its CPU."""

    def write(text):
        (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(platform, "system", lambda: "Linux")
        monkeypatch.setattr(hardware, "_CPUINFO", tmp_path / "cpuinfo")

    return write


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 sse\n", False),
        ("flags\t\t: fpu amx_tile amx_bf16\n", True),
        ("flags\t\t: fpu avx2 avx512f avx512_fp16\n", False),
        ("Features\t: fp asimd i8mm bf16\n", True),
        ("Features\t: fp asimd ebf16x\n", False),
        ("flags\t\t: fpu sse\n\nflags\t\t: amx_bf16\n", False),
        ("model name\t: bf16\n", False),
        ("", False),
    ],
)
def test_cpu_flags(cpuinfo, text, has):
    cpuinfo(text)
    assert cpu_has_bf16() is has
    assert resolve_precision("auto", "cpu") == ("bf16" if has else "fp32")


@pytest.mark.parametrize(("answer", "has"), [("1", True), ("0", False), ("", False)])
def test_mac(monkeypatch, answer, has):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(precision, "sysctl", {"hw.optional.arm.FEAT_BF16": answer}.__getitem__)
    assert cpu_has_bf16() is has


@pytest.mark.skipif(platform.system() != "Linux", reason="needs Linux")
@pytest.mark.skipif(not hasattr(torch.cpu, "_is_amx_tile_supported"), reason="this PyTorch does not tell")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="PyTorch tells on x86 only")
def test_this_machine_agrees_with_pytorch():
    assert cpu_has_bf16() == torch.cpu._is_amx_tile_supported()


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:1", "mps"])
@pytest.mark.parametrize("asked", ["fp32", "bf16"])
def test_what_is_asked_for_is_used(cpuinfo, device, asked):
    cpuinfo("")
    assert resolve_precision(asked, device) == asked


@pytest.mark.parametrize(("capability", "chosen"), [((7, 5), "fp32"), ((8, 0), "bf16"), ((9, 0), "bf16")])
def test_gpu_by_its_generation(monkeypatch, capability, chosen):
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", {"cuda:1": capability}.__getitem__)
    assert resolve_precision("auto", "cuda:1") == chosen


def test_amd_and_apple(monkeypatch):
    monkeypatch.setattr(torch.version, "hip", "6.2")
    assert resolve_precision("auto", "cuda") == "bf16"
    assert resolve_precision("auto", "mps") == "fp32"
