"""Time inference by few repeats, in every process that imports this or is forked from one that did.

The figures are no matter in tests, and would take most of a small trial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..benchmark.profiling import latency

_repeat = latency._repeat


def _repeat_briefly(run: Callable[[], None], limits: latency.Limits) -> list[float]:
    return _repeat(run, replace(limits, least_runs=1, most_runs=2, seconds=0))


latency._repeat = _repeat_briefly
