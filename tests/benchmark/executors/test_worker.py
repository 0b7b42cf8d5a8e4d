"""What a worker says about a trial that failed."""

from __future__ import annotations

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import TrialError
from emseg_bench.benchmark.executors.worker import _reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TrialError("the loss became nan"), "the loss became nan"),
        (torch.OutOfMemoryError("2 GiB"), "out of GPU memory (2 GiB); lower --set recipe.batch_size"),
        (
            ImportError("libGL.so.1: cannot open"),
            "lacks a system library (libGL.so.1: cannot open); install it",
        ),
        (KeyError("x"), "KeyError: 'x'; the traceback is in"),
        (SystemExit(3), "SystemExit: 3; the traceback is in"),
    ],
)
def test_reasons(make_job, error, reason):
    assert reason in _reason(error, make_job())
