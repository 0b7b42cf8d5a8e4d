"""The GPU check, as far as a machine without a GPU can run it."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "scripts/gpu_check.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("gpu_check", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU: run the script itself")
def test_without_cuda_it_says_so(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu_check.py"])
    assert script.main() == 2
    assert "no CUDA device" in capsys.readouterr().err


@pytest.mark.slow
def test_a_device_agrees_with_itself(script):
    assert script.largest_difference("unet", "cpu") < 1e-5


def test_difference_beyond_the_limit_is_found(script, monkeypatch):
    monkeypatch.setattr(
        script, "largest_difference", lambda model, device: {"retina": 0.5, "unet": 0.0}[model]
    )
    assert not script.logits_agree("cuda")


@pytest.mark.slow
def test_a_grid_is_shared_out(script, toy_path, work, monkeypatch, capsys):
    monkeypatch.setenv("PYTHONPATH", str(toy_path))
    settings = [f"--set=recipe.{setting}" for setting in ("iterations=6", "batch_size=2", "crop=32")]
    grid = ["--models", "toy", "--datasets", "toy-data", "--threads", "1", *settings]
    assert script.shares_out(["cpu:0", "cpu:1"], work / "grid", grid)
    told = capsys.readouterr().out
    assert "4 trials took" in told
    assert "scores differ by at most 0.0e+00" in told
    assert "cpu:0: 2 trials, cpu:1: 2 trials" in told


def test_profile_table(script, tmp_path, capsys):
    folder = tmp_path / "trials" / "abc"
    folder.mkdir(parents=True)
    profile = {
        "device": "some GPU",
        "precision": "bf16",
        "input_shape": [1, 1, 96, 96],
        "parameters": 123,
        "flops": None,
        "latency_p50_ms": 1.5,
        "latency_p95_ms": 2.5,
        "throughput_images_per_s": 100.0,
        "peak_memory_mib": 10.0,
        "peak_memory_reserved_mib": 20.0,
        "train_seconds": 3.0,
        "train_images_per_s": 40.0,
    }
    record = {"status": "complete", "spec": {"model": {"label": "unet@scratch"}}, "profile": profile}
    (folder / "record.json").write_text(json.dumps(record))
    script.print_profile(tmp_path)
    row = capsys.readouterr().out.splitlines()[-1]
    head = "| unet@scratch | some GPU | bf16 | 1 × 1 × 96 × 96 | 123 | n/a "
    assert row == f"{head}| 1.5 | 2.5 | 100 | 10 | 20 | 3 | 40 |"
