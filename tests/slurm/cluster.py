"""A real Slurm of one node, which is this machine; where it is not installed, tests of it are skipped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

NEEDED = ("slurmctld", "slurmd", "srun", "scontrol", "munged")
SETTINGS = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000
PartitionName=all Nodes={host} Default=YES State=UP
"""


def _can_run_slurm() -> bool:
    there = all(shutil.which(name) or Path("/usr/sbin", name).exists() for name in NEEDED)
    return there and sys.platform == "linux" and os.geteuid() == 0 and (os.cpu_count() or 1) >= 2


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Start it, with ports and a munge of its own, beside any other; gives its settings."""
    if not _can_run_slurm():
        pytest.skip("needs Slurm, installed on this machine, and root")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    settings = folder / "slurm.conf"
    settings.write_text(SETTINGS.format(host=socket.gethostname(), folder=folder, ports=_free_ports()))
    environment = {**os.environ, "SLURM_CONF": str(settings), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    with ExitStack() as daemons:
        for name, *options in (_munge(folder), ("slurmctld",), ("slurmd",)):
            daemons.callback(_stop, folder / f"{name}.pid")
            subprocess.run([name, *options], env=environment, check=True)
        subprocess.run(["srun", "-n1", "true"], env=environment, check=True, timeout=120)
        yield settings


@pytest.fixture
def slurm(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have this process, and all that it starts, use the cluster; the next test finds it idle and up."""
    monkeypatch.setenv("SLURM_CONF", str(cluster))
    yield
    _give_back()


def _give_back() -> None:
    """End what a test left in the queue, and undo what it did to the partition and the node."""
    subprocess.run(["scancel", "--user", "root"], check=False)
    subprocess.run(["scontrol", "update", "partitionname=all", "state=up"], check=False)
    for _ in range(300):
        queue = subprocess.run(["squeue", "-h"], capture_output=True, text=True, check=False)
        if not queue.stdout.strip():
            return
        time.sleep(0.2)


def _munge(folder: Path) -> list[str]:
    """Give the command of the daemon that vouches for users; it wants a key, which anything random is."""
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    files = {"socket": "munge.socket", "pid-file": "munged.pid", "log-file": "munge.log", "seed-file": "seed"}
    places = [f"--{option}={folder / name}" for option, name in files.items()]
    return ["munged", "--force", f"--key-file={key}", *places]


def _free_ports() -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(2)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _stop(pid_file: Path) -> None:
    """End the daemon of a pid file."""
    with suppress(OSError, ValueError):
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            os.kill(pid, 0)
            time.sleep(0.1)
