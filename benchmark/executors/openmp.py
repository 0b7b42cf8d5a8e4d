"""How OpenMP's threads wait for each other; imports no torch, for it must be settled before that."""

from __future__ import annotations

import os
from collections.abc import Mapping

SPIN_COUNT = "10000"
"""Threads that wait by spinning long make a training step 20 times as slow as soon as another process wants
one of the cores (docs/performance.md)."""


def waiting(environment: Mapping[str, str]) -> dict[str, str]:
    """Give what to add to a process's environment; nothing where its user has settled the matter."""
    if {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & set(environment):
        return {}
    return {"GOMP_SPINCOUNT": SPIN_COUNT}


def share_cores() -> None:
    """Let this process's threads wait so; too late once torch has been imported."""
    os.environ.update(waiting(os.environ))
