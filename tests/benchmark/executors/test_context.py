"""The server that trials are forked from."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest
from emseg_bench.benchmark.executors.context import PRELOADED, worker_context, worker_environment

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


@pytest.mark.slow
@pytest.mark.skipif(find_spec("wandb") is None, reason="needs wandb")
def test_servers_leave_what_trackers_import_to_trackers():
    lines = (
        "import sys",
        "from importlib import import_module",
        f"[import_module(name) for name in {PRELOADED!r}]",
        "assert 'wandb' not in sys.modules",
        "import wandb; wandb.init",
    )
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)
