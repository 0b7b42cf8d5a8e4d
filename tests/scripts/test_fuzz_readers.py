"""A few damaged files of every format; the script itself makes as many as one likes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/fuzz_readers.py"


@pytest.mark.slow
def test_no_reader_fails_on_damaged_files():
    ended = subprocess.run(
        [sys.executable, SCRIPT, "--inputs", "4", "--seed", "11"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "dataset-yaml" in ended.stdout
