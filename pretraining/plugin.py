"""Cards of the built-in pre-training methods."""

from __future__ import annotations

from ..benchmark.contracts import PretrainingCard
from ..benchmark.hookspecs import hookimpl


@hookimpl
def emseg_pretraining_methods() -> tuple[PretrainingCard, ...]:
    """Return the pre-training methods of this distribution."""
    return ()
