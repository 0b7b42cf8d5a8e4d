"""One trial by several processes: the numbers of one, shared cases, and no waiting for one that has died."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import replace

import pandas as pd
import psutil
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import TrialError
from emseg_bench.benchmark.executors import together
from emseg_bench.benchmark.executors.local import LocalExecutor
from emseg_bench.benchmark.executors.together import run_trial
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.training.whole_batch import synchronised
from emseg_bench.benchmark.trials.jobs import write_job
from emseg_bench.benchmark.trials.records import load_record
from safetensors.torch import load_file
from torch import nn

RANKS = 2
LONG = 80
"""Steps of a trial that is killed in the midst of them."""


def planned(make_job, model: str, processes: int, *settings: str, folder: str = ""):
    asked = ("recipe.batch_size=4", f"recipe.processes={processes}", *settings)
    return make_job(model, *asked, folder=folder or f"{model}-{processes}")


def leftovers(job):
    folder = TrialFolder(job.folder)
    return load_file(folder.weights), pd.read_parquet(folder.cases), pd.read_parquet(folder.curve)


def outcome(job, runtime, tell=lambda _: None):
    run_trial(job, runtime, tell)
    return leftovers(job)


def assert_close(one, two, tolerance: float) -> None:
    for name, value in one[0].items():
        torch.testing.assert_close(two[0][name], value, rtol=tolerance, atol=tolerance)
    for left, right in zip(one[1:], two[1:], strict=True):
        pd.testing.assert_frame_equal(left, right, rtol=tolerance, atol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["toy-plain", "toy-normed", "toy-plain[train=lora[rank=2]]"])
def test_two_are_as_one(make_job, runtime, model):
    settings = () if model == "toy-normed" else ("recipe.accumulate=2",)
    one, two = (planned(make_job, model, count, *settings) for count in (1, RANKS))
    assert_close(outcome(one, runtime), outcome(two, runtime), 1e-4)
    assert one.fingerprint != two.fingerprint
    kept = [sorted(path.name for path in TrialFolder(job.folder).predictions.iterdir()) for job in (one, two)]
    assert kept[0] == kept[1]


@pytest.mark.slow
@pytest.mark.parametrize(("phase", "done"), [("train", 4), ("test", 0)])
def test_a_killed_process_ends_all_and_the_trial_goes_on_bit_by_bit(
    make_job, runtime, monkeypatch, phase, done
):
    started: list[int] = []
    launch = together._launch

    def watched(*arguments):
        one = launch(*arguments)
        started.append(one.process.pid)
        return one

    def kill(event) -> None:
        if event.phase == phase and event.done >= done and len(started) == RANKS:
            os.kill(started[1], signal.SIGKILL)
            started.append(0)

    monkeypatch.setattr(together, "_launch", watched)
    steps = f"recipe.iterations={LONG}"
    whole = planned(make_job, "toy", RANKS, steps, folder="whole")
    killed = planned(make_job, "toy", RANKS, steps, folder="killed")
    expected = outcome(whole, runtime)
    started.clear()
    saving = replace(runtime, checkpoint_seconds=0)
    with pytest.raises(TrialError, match=r"of 2 processes .* number 2 has died: .* killed by SIGKILL"):
        run_trial(killed, saving, kill)
    assert not any(psutil.pid_exists(pid) for pid in started if pid)
    got = outcome(killed, saving)
    assert load_record(TrialFolder(killed.folder)).resumed == 1
    assert_close(expected, got, 0)


@pytest.mark.slow
def test_local_gives_a_trial_as_many_devices_as_it_has_processes(make_job, runtime):
    jobs = [planned(make_job, "toy-plain", count) for count in (RANKS, 4)]
    for job in jobs:
        write_job(job)
    ends = {}
    executor = LocalExecutor(replace(runtime, devices=("cpu:0", "cpu:1")))
    executor.run(jobs, lambda event: ends.update({event.fingerprint: event}))
    assert [ends[job.fingerprint].kind for job in jobs] == ["complete", "failed"]
    assert "recipe.processes: got 4, each of which takes a device" in ends[jobs[1].fingerprint].message
    signs = TrialFolder(jobs[0].folder).events.read_text()
    assert '"device": "cpu:0,cpu:1"' in signs


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here to be as torchrun's")
def test_processes_of_a_launcher_join(make_job, runtime):
    job = planned(make_job, "toy-plain", RANKS, folder="launched")
    job = replace(job, spec=replace(job.spec, threads=1))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    children = [_fork(job, runtime, rank, port) for rank in range(RANKS)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    assert load_record(TrialFolder(job.folder)).status == "complete"


def _fork(job, runtime, rank: int, port: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        torch.set_num_threads(1)
        where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "GLOO_SOCKET_IFNAME": "lo"}
        os.environ.update(where, RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(RANKS))
        record = run_trial(job, runtime, lambda _: None)
        os._exit(record.status != "complete")
    finally:
        os._exit(9)


class Peculiar(nn.BatchNorm2d):
    def forward(self, images):
        return super().forward(images) + 1


def test_a_batch_norm_of_its_own_kind_is_refused():
    network = nn.Sequential(nn.Conv2d(1, 1, 3), Peculiar(1))
    with (
        pytest.raises(TrialError, match=r"layer '1' is a Peculiar, .* recipe\.processes=1"),
        synchronised(network),
    ):
        raise AssertionError
