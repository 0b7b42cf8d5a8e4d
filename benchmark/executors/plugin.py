"""The built-in executors, and what trials are trained by."""

from __future__ import annotations

from ..contracts.cards import ExecutorCard
from ..contracts.hookspecs import hookimpl
from ..training.plugin import emseg_losses, emseg_recipes, emseg_schedules

__all__ = ["emseg_executors", "emseg_losses", "emseg_recipes", "emseg_schedules"]


@hookimpl
def emseg_executors() -> tuple[ExecutorCard, ...]:
    """Return the executors of this distribution."""
    return (
        ExecutorCard(
            name="local",
            description="processes on this machine, one per trial",
            factory="emseg_bench.benchmark.executors.local:LocalExecutor",
        ),
    )
