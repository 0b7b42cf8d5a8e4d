"""Every built-in model, dataset, metric, weight file, method, executor and section keeps the contract."""

from __future__ import annotations

import pytest
from emseg_bench.testing import contract

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _slurm(request: pytest.FixtureRequest) -> None:
    """Give Slurm's executor a cluster."""
    if "executor:slurm-" in request.node.name:
        request.getfixturevalue("slurm")


test_built_ins = contract("emseg-bench")
