"""Every built-in model, dataset, metric, weight file, method, executor and section keeps the contract."""

from __future__ import annotations

import pytest
from emseg_bench.testing import contract

pytestmark = pytest.mark.slow

test_built_ins = contract("emseg-bench")
