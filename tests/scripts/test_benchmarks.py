"""The benchmark scripts run and print what the documents say they print."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments", "last"),
    [
        (
            "bench_engine_overhead.py",
            ["--model", "unet[encoder=resnet18]", "--iterations", "2", "--pairs", "1", "--threads", "1"],
            "median ratio",
        ),
        (
            "bench_retina.py",
            ["--side", "32", "--batch", "1", "--repeats", "1", "--threads", "1"],
            "| fine-tuning step, bf16",
        ),
        (
            "bench_models.py",
            ["--models", "unet,fpn", "--side", "64", "--batch", "1", "--repeats", "1", "--threads", "1"],
            "| `fpn` | cnn | 23.15 |",
        ),
        ("bench_image_index.py", ["--files", "20"], "later read"),
        ("bench_metrics.py", ["--side", "64"], "iou-matched"),
        ("bench_inference.py", ["--volume", "40", "--threads", "1"], "orthoplane, 40 x 40 x 40: peak"),
    ],
)
def test_runs(script, arguments, last, run_script):
    done = run_script(SCRIPTS / script, *arguments)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].startswith(last)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments", "last"),
    [
        ("bench_startup.py", ["--runs", "1"], "list models (terminal)"),
        ("bench_data_memory.py", ["--gib", "0.04", "--crops", "5"], "open and read 5 crops"),
    ],
)
def test_runs_with_processes_of_its_own(script, arguments, last):
    run(sys.executable, script, arguments, last)


@pytest.mark.slow
def test_runs_with_processes_that_are_like_it(warm):
    arguments = ["--settings", "5", "--repeats", "1", "--threads", "1"]
    run(warm / "python", "bench_inference.py", arguments, "geometric mean of MONAI / ours")


def run(python, script, arguments, last):
    command = [python, SCRIPTS / script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(last)
