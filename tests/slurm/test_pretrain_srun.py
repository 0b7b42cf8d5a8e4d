"""Two processes that pre-train together under a real Slurm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile


@pytest.mark.slow
def test_srun_starts_processes_that_train_together(slurm: None, toy_path: Path, work: Path) -> None:
    (work / "images").mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 40), dtype=np.uint8)
        tifffile.imwrite(work / "images" / f"{number}.tif", pixels)
    command = [
        *("srun", "-n2", "--kill-on-bad-exit", str(Path(sys.executable).with_name("emseg-bench"))),
        *("pretrain", "--images", "images", "--model", "toy-plain", "--recipe", "smoke", "--out", "out"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(toy_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("images/s; last loss") == 1
    assert json.loads((work / "out" / "record.json").read_bytes())["processes"] == 2
