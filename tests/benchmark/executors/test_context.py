"""The server that trials are forked from."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest
from emseg_bench.benchmark.executors.context import worker_context, worker_environment

SLOW = {"torch", "torchvision", "timm", "segmentation_models_pytorch", "mmengine", "matplotlib"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks trials from a server")
def test_a_trial_finds_imported_what_takes_seconds_to_import(make_job, runtime):
    context, job = worker_context(), make_job()
    target = import_module("emseg_toy_imports").report_imports
    answer, back = context.Pipe(duplex=False)
    with worker_environment():
        process = context.Process(target=target, args=(job, runtime, back))
        process.start()
    back.close()
    imported = answer.recv()
    process.join()
    assert "emseg_toy" in imported
    assert not [name for name in imported if name.partition(".")[0] in SLOW]
