"""What others do to a machine meanwhile."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from emseg_bench.benchmark.profiling import load
from emseg_bench.benchmark.profiling.load import OthersShare


class Told(SimpleNamespace):
    def _asdict(self):
        return vars(self)


@pytest.fixture
def machine(monkeypatch):
    """Processor seconds that a test sets: its own, everybody's, and those of nobody."""
    now = SimpleNamespace(own=0.0, busy=0.0, idle=0.0)
    monkeypatch.setattr(load.os, "times", lambda: os.times_result((now.own, 0.0, 0.0, 0.0, 0.0)))
    monkeypatch.setattr(
        load.psutil, "cpu_times", lambda: Told(user=now.busy, idle=now.idle, iowait=1.0, guest=now.busy)
    )
    return now


@pytest.mark.parametrize(
    ("own", "busy", "idle", "share"),
    [(2.0, 2.0, 2.0, 0.0), (1.0, 3.0, 1.0, 0.5), (2.0, 1.99, 2.0, 0.0), (0.0, 0.0, 0.0, None)],
    ids=["alone", "beside others", "rounded", "no time"],
)
def test_share_of_others(machine, own, busy, idle, share):
    with OthersShare() as others:
        machine.own, machine.busy, machine.idle = own, busy, idle
    assert others.share == share


def test_share_of_this_machine():
    with OthersShare() as others:
        sum(range(10**6))
    assert others.share is None or 0 <= others.share <= 1
