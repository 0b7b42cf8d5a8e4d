"""The built-in executors."""

from __future__ import annotations

from ..contracts.cards import ExecutorCard
from ..contracts.hookspecs import hookimpl
from .ray.options import RayOptions
from .slurm.options import SlurmOptions


@hookimpl
def emseg_executors() -> tuple[ExecutorCard, ...]:
    """Return the executors of this distribution."""
    return (
        ExecutorCard(
            name="local",
            description="processes on this machine, one per trial",
            factory="emseg_bench.benchmark.executors.local:LocalExecutor",
        ),
        ExecutorCard(
            name="slurm",
            description="jobs of a Slurm cluster, one per trial",
            factory="emseg_bench.benchmark.executors.slurm.executor:SlurmExecutor",
            options=SlurmOptions,
            elsewhere=True,
        ),
        ExecutorCard(
            name="ray",
            description="tasks of Ray, one per trial, on this machine or a cluster",
            factory="emseg_bench.benchmark.executors.ray.executor:RayExecutor",
            options=RayOptions,
            elsewhere=True,
        ),
    )
