"""Who trains together, and how they talk to each other.

``torchrun`` or Slurm starts the processes and says so in the environment, or a trial's process starts them.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..contracts.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

FIRST_PORT, PORTS = 20_000, 20_000
"""A job under Slurm meets at a port that follows from its number."""
STEP: Final = timedelta(minutes=30)
"""That a process waits for the others within a step of training, before it gives up."""
EVALUATION: Final = timedelta(hours=48)
"""Likewise when its own test cases are done, of which others may have larger ones."""
_patient: list[Any] = []
"""The group of processes that wait so long, while there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """This process among those that train together."""

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    """Among those of this machine."""
    local_count: int = 1
    launcher: str = ""
    """``torchrun``, ``slurm`` or nothing."""
    meeting: str = ""
    """Where they find each other, as PyTorch calls it; empty: the environment says."""

    @property
    def leads(self) -> bool:
        """Say whether this is the process that prints and writes."""
        return self.rank == 0


ALONE: Final = Processes()


def detect(environment: Mapping[str, str]) -> Processes:
    """Read what ``torchrun`` or ``srun`` left in the environment; one process without either."""
    for launcher, names in _LAUNCHERS.items():
        if all(name in environment for name in names[:3]):
            rank, count, local_rank, local_count = (_number(environment, name) for name in names)
            if count > 1:
                return Processes(
                    rank=rank,
                    count=count,
                    local_rank=local_rank,
                    local_count=local_count,
                    launcher=launcher,
                )
    return ALONE


_LAUNCHERS = {
    "torchrun": ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"),
    # Those of the step, which srun sets: a batch script's single process has those of the job too.
    "slurm": ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"),
}
"""Names of rank, number of processes, and both on this machine."""


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "1").partition("(")[0].partition(",")[0]  # Slurm writes 4(x2),3
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UsageError(f"the environment variable {name} is {environment[name]!r}, expected a number.")
    return int(text)


def own_device(device: str, processes: Processes) -> str:
    """Give each process of a machine a GPU of its own.

    Raises:
        UsageError: One GPU was asked for by number, or there are too few.
    """
    if processes.count == 1 or not device.startswith("cuda"):
        return device
    if device != "cuda":
        raise UsageError(
            f"got --device {device} for {processes.count} processes; give --device cuda, each takes its own."
        )
    import torch

    there = torch.cuda.device_count()
    if there == 1 and processes.launcher:  # Slurm may show each process only its own
        return "cuda:0"
    if processes.local_rank >= there:
        raise UsageError(
            f"{processes.local_count} processes were started on a machine with {there} GPUs; "
            "start one per GPU."
        )
    return f"cuda:{processes.local_rank}"


@contextmanager
def joined(processes: Processes, device: str) -> Iterator[None]:
    """Let the processes talk to each other: by NCCL between GPUs, by Gloo between CPUs."""
    if processes.count == 1:
        yield
        return
    import torch
    from torch import distributed

    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    if processes.launcher == "slurm":
        _meet_under_slurm()
    if processes.meeting and sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all are on this machine
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo",
        init_method=processes.meeting or None,
        rank=processes.rank,
        world_size=processes.count,
        timeout=STEP,
    )
    _patient.append(distributed.new_group(backend="gloo", timeout=EVALUATION))
    try:
        yield
    finally:
        _patient.clear()
        # Gloo's threads end with the last reference to their group, and the trained modules, which lie in
        # cycles, hold some. A thread that is left when Python ends may abort the process.
        gc.collect()
        distributed.destroy_process_group()


def _meet_under_slurm() -> None:
    """Say where the processes meet, unless the environment does: on the step's first machine."""
    job = int(os.environ["SLURM_JOB_ID"]) + int(os.environ.get("SLURM_STEP_ID", "0"))
    os.environ.setdefault("MASTER_PORT", str(FIRST_PORT + job % PORTS))
    if "MASTER_ADDR" not in os.environ:
        nodes = os.environ["SLURM_STEP_NODELIST"]
        command = ["scontrol", "show", "hostnames", nodes]
        told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        os.environ["MASTER_ADDR"] = told.stdout.split()[0]


def mean_over_processes(value: Tensor) -> float:
    """Average a scalar over all processes; every one must ask at the same step."""
    from torch import distributed

    if not distributed.is_initialized():
        return float(value)
    total = value.detach().float().clone()
    distributed.all_reduce(total)
    return float(total) / distributed.get_world_size()


def agree(value: str, what: str) -> None:
    """Check that all processes have the same value.

    Raises:
        UsageError: They do not.
    """
    from torch import distributed

    if not distributed.is_initialized():
        return
    values: list[str | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(values, value)
    if len(set(values)) > 1:
        raise UsageError(
            f"the processes do not see the same {what}; on several machines, images, cache and output must "
            "lie in folders that all of them share."
        )


def gathered(value: T, processes: Processes) -> list[T]:
    """Give every process the values of all, by their ranks; each waits until all have one."""
    if processes.count == 1:
        return [value]
    from torch import distributed

    values: list[Any] = [None] * processes.count
    distributed.all_gather_object(values, value, group=_patient[0])
    return values
