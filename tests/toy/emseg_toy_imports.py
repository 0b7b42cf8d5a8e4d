"""Runs a trial and tells what was imported for it, in a process that finds this folder only."""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection

from emseg_bench.benchmark.contracts.running import Job, Runtime


def report_imports(job: Job, runtime: Runtime, answer: Connection) -> None:
    """Run a trial, and answer which modules were imported meanwhile."""
    from emseg_bench.benchmark.trials.trial import run_trial

    before = set(sys.modules)
    run_trial(job, runtime, lambda event: None)
    answer.send(sorted(set(sys.modules) - before))
