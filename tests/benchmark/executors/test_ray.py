"""Trials under Ray, on a cluster of two nodes here, of which one is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree, rmtree

import pandas as pd
import psutil
import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.running import Event, Job, Runtime
from emseg_bench.benchmark.executors.alone import run_folder
from emseg_bench.benchmark.executors.choosing import choose_executor
from emseg_bench.benchmark.executors.local import LocalExecutor
from emseg_bench.benchmark.executors.ray import executor as ray_executor
from emseg_bench.benchmark.executors.ray.executor import RayExecutor
from emseg_bench.benchmark.files.store import Store, TrialFolder
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.training.train import RESUME_POINT
from emseg_bench.benchmark.trials.boards import load_boards
from emseg_bench.benchmark.trials.records import load_record
from ray.cluster_utils import Cluster

NODE = {"include_dashboard": False, "object_store_memory": 100 << 20}


class Nodes:
    """The cluster, and what its processes were given."""

    def __init__(self, cluster: Cluster, hold: Path) -> None:
        self.cluster, self.hold = cluster, hold
        self.first, self.second = cluster.list_all_nodes()

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def of_process(self, number: int):
        """Find the node that a process belongs to."""
        parents = {parent.pid for parent in psutil.Process(number).parents()}
        nodes = (self.first, self.second)
        return next(
            node for node in nodes if parents & {one.process.pid for one in node.all_processes["raylet"]}
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the toys of all nodes are; each test puts them there."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def nodes(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Two nodes of two CPUs, which have the toys."""
    hold = tmp_path_factory.mktemp("hold") / "hold"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        patch.setenv("EMSEG_TOY_HOLD", str(hold))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        place = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # paths of sockets are short
        patch.setenv("RAY_TMPDIR", place)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, **NODE})
        try:
            cluster.add_node(num_cpus=2, **NODE)
            yield Nodes(cluster, hold)
        finally:
            cluster.shutdown()
            rmtree(place, ignore_errors=True)


@pytest.fixture
def eager(runtime: Runtime) -> Runtime:
    """Save after every step."""
    return replace(runtime, checkpoint_seconds=0)


def signs(job: Job) -> list[dict]:
    return [json.loads(line) for line in TrialFolder(job.folder).events.read_text().splitlines()]


class Killing:
    """Kills a worker and another one's node, once both trials are in training and have saved something."""

    def __init__(self, nodes: Nodes, jobs: list[Job]) -> None:
        self.nodes, self.jobs, self.events = nodes, {job.fingerprint: job for job in jobs}, []

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        training = {event.fingerprint for event in self.events if event.phase == "train"}
        if training != self.jobs.keys() or not self.nodes.hold.exists():
            return
        while not all((job.folder / "scratch" / RESUME_POINT).exists() for job in self.jobs.values()):
            time.sleep(0.05)
        workers = [signs(job)[-1]["process"] for job in self.jobs.values()]
        for worker in workers:
            if self.nodes.of_process(worker) is self.nodes.first:
                os.kill(worker, signal.SIGKILL)
        self.nodes.cluster.remove_node(self.nodes.second, allow_graceful=False)
        self.nodes.hold.unlink()

    def told(self, kind: str, fingerprint: str) -> list[str]:
        return [
            event.message for event in self.events if (event.kind, event.fingerprint) == (kind, fingerprint)
        ]


def put_toys(toy: Path, site: Path) -> None:
    copytree(toy, site, dirs_exist_ok=True)


def same_tables(one: Job, other: Job) -> None:
    for name in ("cases.parquet", "curve.parquet"):
        tables = [pd.read_parquet(job.folder / name) for job in (one, other)]
        pd.testing.assert_frame_equal(*tables)


def test_trials_are_the_same_under_local_and_ray_and_make_one_store(
    nodes, make_job, runtime, toy, site, tmp_path
):
    put_toys(toy, site)
    pool = replace(runtime, devices=("cpu:0", "cpu:1"))
    executors = {"local": LocalExecutor(pool), "ray": RayExecutor(runtime, address=nodes.address)}
    jobs = {name: [make_job("toy", store=name, seed=seed) for seed in range(3)] for name in executors}
    for name, runner in executors.items():
        events: list[Event] = []
        runner.run(jobs[name], events.append)
        assert [event.kind for event in events if event.kind in {"complete", "failed"}] == ["complete"] * 3
    for number, (one, other) in enumerate(zip(*jobs.values(), strict=True)):
        assert one.fingerprint == other.fingerprint
        same_tables(one, other)
        copytree((one, other)[number % 2].folder, tmp_path / "together/trials" / one.fingerprint)
    (board,) = load_boards(Store(tmp_path / "together")).boards
    assert len(board.trials) == 3


def test_a_trial_goes_on_after_its_worker_or_node_was_killed(nodes, make_job, eager, toy, site, monkeypatch):
    put_toys(toy, site)
    monkeypatch.setenv("EMSEG_TOY_HOLD", str(nodes.hold))
    jobs = [make_job("toy-waits", seed=seed, folder=f"lost-{seed}") for seed in (0, 1)]
    nodes.hold.touch()
    killing = Killing(nodes, jobs)
    RayExecutor(eager, address=nodes.address).run(jobs, killing)
    for seed, job in enumerate(jobs):
        assert killing.told("complete", job.fingerprint) == [""]
        assert len(killing.told("started", job.fingerprint)) == 1
        first, again = (text for text in killing.told("note", job.fingerprint) if "resume" not in text)
        assert "its worker was lost" in first
        assert "it goes on from what it has saved, try 2 of 3" in first
        assert "it runs again, on" in again
        assert load_record(TrialFolder(job.folder)).resumed == 1
        undisturbed = make_job("toy-waits", seed=seed, folder=f"undisturbed-{seed}")
        assert run_folder(undisturbed.folder, eager, lambda event: None).kind == "complete"
        same_tables(job, undisturbed)


def test_what_keeps_dying_fails_with_what_ray_said(nodes, make_job, runtime, toy, site):
    """Comes second: one node is left."""
    put_toys(toy, site)
    jobs = [make_job("toy-killed", folder="killed"), make_job("toy-raises", folder="raises")]
    events: list[Event] = []
    RayExecutor(runtime, address=nodes.address, retries=0).run(jobs, events.append)
    reasons = [
        next(e.message for e in events if e.kind == "failed" and e.fingerprint == j.fingerprint) for j in jobs
    ]
    assert "its worker was lost (WorkerCrashedError" in reasons[0]
    assert "the toy broke" in reasons[1]
    assert load_record(TrialFolder(jobs[1].folder)).status == "failed"


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_no_cluster_at_the_address_is_told_at_once(make_job, runtime, toy):
    address = f"127.0.0.1:{closed_port()}"
    with pytest.raises(UsageError, match=rf"no Ray cluster answers at '{address}' .*ray start --head"):
        RayExecutor(runtime, address=address).run([make_job()], lambda event: None)


@pytest.mark.parametrize(
    ("runtime", "options", "message"),
    [
        (Runtime(device="cuda:1"), {}, "without a number"),
        (Runtime(workers=2), {}, "--workers is not for Ray"),
        (Runtime(), {"address": "ray://head:10001"}, "expected auto or HOST:PORT"),
    ],
)
def test_what_makes_no_sense_with_ray_is_refused(runtime, options, message):
    with pytest.raises(UsageError, match=message):
        RayExecutor(runtime, **options)


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(ray_executor, "find_spec", lambda name: None)
    chosen = choose_executor("ray", load_plugins().catalogue)
    with pytest.raises(UsageError, match=r"pip install 'emseg-bench\[ray\]'"):
        chosen.make(Runtime())


def test_this_machine_must_have_what_a_trial_asks_for(make_job, toy):
    executor = RayExecutor(Runtime(device="cuda"), memory_gib=2)
    job, told = make_job(), []
    nodes = [{"CPU": 4.0, "memory": 8.0 * (1 << 30)}]
    with pytest.raises(UsageError, match=r"no node of Ray has 2 CPUs, 1 GPUs, 2 GiB.*there is 4 CPUs, 8 GiB"):
        executor._check_room([job], nodes, told.append)
    RayExecutor(Runtime(device="cuda"), address="auto")._check_room([job], nodes, told.append)
    assert "waiting for one" in told[0].message
