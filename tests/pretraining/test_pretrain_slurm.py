"""Two processes under a real Slurm that this test sets up; skipped where it is not installed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import tifffile

NEEDED = ("slurmctld", "slurmd", "srun", "scontrol", "munged")
SETTINGS = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000
PartitionName=all Nodes={host} Default=YES State=UP
"""


def can_run_slurm() -> bool:
    there = all(shutil.which(name) or Path("/usr/sbin", name).exists() for name in NEEDED)
    return there and sys.platform == "linux" and os.geteuid() == 0 and (os.cpu_count() or 1) >= 2


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cluster of one node, which is this machine."""
    folder = tmp_path / "slurm"
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    host = socket.gethostname()
    (folder / "slurm.conf").write_text(SETTINGS.format(host=host, folder=folder))
    monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin")
    munge = start_munge()
    subprocess.run(["slurmctld"], check=True)
    subprocess.run(["slurmd"], check=True)
    try:
        subprocess.run(["srun", "-n1", "true"], check=True, timeout=120)
        yield
    finally:
        for name in ("slurmd", "slurmctld"):
            stop(folder / f"{name}.pid")
        if munge:
            stop(Path("/run/munge/munged.pid"))


def start_munge() -> bool:
    """Start the daemon that vouches for users, unless it runs."""
    if subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode == 0:
        return False
    Path("/run/munge").mkdir(exist_ok=True)
    shutil.chown("/run/munge", "munge", "munge")
    subprocess.run(["munged"], check=True, user="munge", group="munge")
    return True


def stop(pid_file: Path) -> None:
    """End the daemon of a pid file."""
    with suppress(OSError, ValueError):
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            os.kill(pid, 0)
            time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.skipif(not can_run_slurm(), reason="needs Slurm, installed on this machine, and root")
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
