"""Training together: who is who, the same batches for any number of processes, and two real ones."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.training.processes import Processes, detect, own_device
from emseg_bench.benchmark.training.sampler import DrawSampler, Share
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

BIN = Path(sys.executable).parent

Ask = Callable[[dict[str, object]], Any]


def test_torchrun_is_seen() -> None:
    environment = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
    expected = Processes(rank=3, count=4, local_rank=1, local_count=2, launcher="torchrun")
    assert detect(environment) == expected
    assert not expected.leads


def test_srun_is_seen() -> None:
    environment = {
        "SLURM_PROCID": "5",
        "SLURM_STEP_NUM_TASKS": "8",
        "SLURM_LOCALID": "1",
        "SLURM_STEP_TASKS_PER_NODE": "4(x2)",
    }
    assert detect(environment) == Processes(rank=5, count=8, local_rank=1, local_count=4, launcher="slurm")


def test_a_batch_script_without_srun_is_one_process() -> None:
    assert detect({"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_LOCALID": "0"}) == Processes()
    assert detect({}) == Processes()


def test_a_broken_environment_is_told() -> None:
    with pytest.raises(UsageError, match="WORLD_SIZE is 'two'"):
        detect({"RANK": "0", "WORLD_SIZE": "two", "LOCAL_RANK": "0"})


def test_processes_cannot_share_a_gpu_by_number() -> None:
    with pytest.raises(UsageError, match="each takes its own"):
        own_device("cuda:1", Processes(count=2))
    assert own_device("cpu", Processes(count=2)) == "cpu"
    assert own_device("cuda:1", Processes()) == "cuda:1"


@given(
    images=st.integers(1, 30),
    share=st.integers(1, 4),
    processes=st.integers(1, 4),
    steps=st.integers(1, 12),
    begin=st.integers(0, 5),
)
def test_processes_share_out_each_batch(
    images: int, share: int, processes: int, steps: int, begin: int
) -> None:
    batch = share * processes
    kept = images // batch * batch or None
    whole = DrawSampler(images, 7, steps * batch, kept)
    whole.start = begin * batch
    parts = [
        DrawSampler(images, 7, steps * batch, kept, Share(batch, rank, processes))
        for rank in range(processes)
    ]
    for part in parts:
        part.start = begin * batch
    together = [list(part) for part in parts]
    assert len({len(draws) for draws in together}) == 1
    batches = zip(*(zip(*[iter(draws)] * share, strict=True) for draws in together), strict=True)
    assert [draw for step in batches for piece in step for draw in piece] == list(whole)


@given(images=st.integers(4, 40), batch=st.integers(1, 4))
def test_a_pass_leaves_out_what_would_not_fill_a_batch(images: int, batch: int) -> None:
    kept = images // batch * batch
    draws = list(DrawSampler(images, 3, 3 * kept, kept))
    for number in range(3):
        seen = [draw.image for draw in draws[number * kept : (number + 1) * kept]]
        assert len(set(seen)) == kept


# ---------------------------------------------------------------------------------- the real thing
@pytest.fixture
def images(work: Path) -> Path:
    folder = work / "images"
    folder.mkdir()
    for number in range(8):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 40), dtype=np.uint8)
        tifffile.imwrite(folder / f"{number}.tif", pixels)
    return folder


class Process:
    """``emseg-bench`` in one process, or in several that train together."""

    def __init__(self, ask: Ask, work: Path, arguments: list[str], environment: dict[str, str], count: int):
        self._ask = ask
        self._texts: list[tuple[Path, Path]] = []
        self._codes: dict[int, int | None] = {}
        together = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(count)}
        for rank in range(count):
            texts = work / f"out.{rank}.txt", work / f"err.{rank}.txt"
            place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(count), **together}
            request = {
                "arguments": arguments,
                "folder": str(work),
                "environment": {**environment, **(place if count > 1 else {})},
                "out": str(texts[0]),
                "err": str(texts[1]),
            }
            self._texts.append(texts)
            self._codes[ask(request)] = None

    def codes(self) -> list[int | None]:
        """Give the exit codes of all; None of those that run."""
        for process, code in self._codes.items():
            if code is None:
                self._codes[process] = self._ask({"ended": process})
        return list(self._codes.values())

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all that run."""
        for process, code in zip(self._codes, self.codes(), strict=True):
            if code is None:
                os.kill(process, number)

    def wait(self) -> tuple[int, str, str]:
        """Wait for all; give the first exit code that is not 0, and what they said."""
        while None in self.codes():
            time.sleep(0.02)
        out, err = ("".join(path.read_text() for path in paths) for paths in zip(*self._texts, strict=True))
        return next((code for code in self.codes() if code), 0), out, err


class Runs:
    """Starts ``emseg-bench pretrain`` in processes of their own, with the toy plugin."""

    def __init__(self, ask: Ask, toy_path: Path, work: Path) -> None:
        self._ask = ask
        self._work = work
        self._started: list[Process] = []
        self._environment = {**os.environ, "PYTHONPATH": str(toy_path), "OMP_NUM_THREADS": "1"}

    def start(self, out: str, *arguments: str, processes: int = 1) -> Process:
        command = self._command(out, *arguments)
        self._started.append(Process(self._ask, self._work, command, self._environment, processes))
        return self._started[-1]

    def run(self, out: str, *arguments: str, processes: int = 1) -> tuple[int, str, str]:
        return self.start(out, *arguments, processes=processes).wait()

    def torchrun(self, out: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run two processes as people start them."""
        launch = ("--standalone", "--nproc-per-node", "2", "--no-python", str(BIN / "emseg-bench"))
        command = [str(BIN / "torchrun"), *launch, *self._command(out, *arguments)]
        return subprocess.run(
            command, cwd=self._work, env=self._environment, capture_output=True, text=True, timeout=900
        )

    def kill_all(self) -> None:
        for process in self._started:
            process.send(signal.SIGKILL)

    def weights(self, out: str) -> dict[str, torch.Tensor]:
        return dict(load_file(self._work / out / "weights.safetensors"))

    def _command(self, out: str, *arguments: str) -> list[str]:
        usual = [] if any("batch_size" in text for text in arguments) else ["--set", "recipe.batch_size=4"]
        return [
            *("pretrain", "--images", "images", "--recipe", "smoke", "--set", "recipe.crop=32", *usual),
            *("--precision", "fp32", "--checkpoint-seconds", "0.3", "--out", out, *arguments),
        ]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Start what processes are forked from; gives the function that asks it."""
    script = Path(__file__).with_name("forking.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None

        def ask(request: dict[str, object]) -> Any:
            server.stdin.write(json.dumps(request) + "\n")
            server.stdin.flush()
            return json.loads(server.stdout.readline())

        yield ask


@pytest.fixture
def runs(ask: Ask, toy_path: Path, work: Path, images: Path) -> Iterator[Runs]:
    started = Runs(ask, toy_path, work)
    yield started
    started.kill_all()


TELLS_ITS_THREADS = """
import atexit, os
from pathlib import Path

def tell():
    if "RANK" in os.environ:
        names = [task.read_text().strip() for task in Path("/proc/self/task").glob("*/comm")]
        Path("threads." + os.environ["RANK"]).write_text(" ".join(names))

atexit.register(tell)
"""


@pytest.mark.slow
def test_two_processes_are_as_one_and_as_two_others(runs: Runs, toy_path: Path, work: Path) -> None:
    (toy_path / "sitecustomize.py").write_text(TELLS_ITS_THREADS)
    plain = ("--model", "toy-plain")
    done = runs.torchrun("two", *plain)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("images/s; last loss") == 1  # only the first process prints
    assert "2 processes" in done.stdout
    assert runs.run("again", *plain, processes=2)[0] == 0
    assert runs.run("one", *plain)[0] == 0
    one, two, again = (runs.weights(name) for name in ("one", "two", "again"))
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-5, atol=1e-7)
        assert torch.equal(two[name], again[name])
    assert json.loads((work / "two" / "record.json").read_bytes())["processes"] == 2
    if Path("/proc/self/task").exists():  # no thread that talks outlives the work
        for rank in ("0", "1"):
            threads = (work / f"threads.{rank}").read_text()
            assert "emseg-bench" in threads
            assert "gloo" not in threads


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_a_killed_pretraining_goes_on_bit_by_bit(runs: Runs, work: Path, processes: int) -> None:
    arguments = ("--model", "toy", "--set", "recipe.steps_per_epoch=150", "--set", "recipe.panels_every=0")
    process = runs.start("killed", *arguments, processes=processes)
    while not (work / "killed" / "resume.pt").exists():
        assert None in process.codes(), process.wait()
        time.sleep(0.05)
    process.send(signal.SIGKILL)
    process.wait()
    assert not (work / "killed" / "record.json").exists()
    code, _, err = runs.run("killed", *arguments, processes=processes)
    assert code == 0, err
    assert runs.run("whole", *arguments, processes=processes)[0] == 0
    assert json.loads((work / "killed" / "record.json").read_bytes())["resumed"] == 1
    killed, whole = runs.weights("killed"), runs.weights("whole")
    assert all(torch.equal(killed[name], whole[name]) for name in whole)


@pytest.mark.slow
def test_momentum_contrast_deals_keys_among_two_processes(runs: Runs) -> None:
    arguments = ("--model", "toy-plain", "--method", "mocov2", "--set", "method.queue=16")
    assert runs.run("two", *arguments, processes=2)[0] == 0
    assert runs.run("one", *arguments)[0] == 0
    one, two = runs.weights("one"), runs.weights("two")
    for name in one:  # without batch normalisation dealing changes nothing
        torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_a_process_that_dies_ends_the_others(runs: Runs, work: Path) -> None:
    done = runs.torchrun("out", "--model", "toy-killed")
    assert done.returncode != 0
    assert "Signal" in done.stderr or "exitcode" in done.stderr


@pytest.mark.slow
def test_wrong_input_ends_all_processes(runs: Runs) -> None:
    code, _, err = runs.run("out", "--model", "toy-plain", "--set", "recipe.batch_size=3", processes=2)
    assert code != 0
    told = r"process [01] of 2: error: recipe\.batch_size: got 3, expected a multiple of 2"
    assert len(re.findall(told, err)) == 2


@pytest.mark.slow
def test_control_c_can_be_gone_on_from(runs: Runs, work: Path) -> None:
    arguments = ("--model", "toy-plain", "--set", "recipe.steps_per_epoch=20000")
    process = runs.start("out", *arguments)
    while not (work / "out" / "resume.pt").exists():
        assert None in process.codes(), process.wait()
        time.sleep(0.05)
    process.send(signal.SIGINT)
    code, _, err = process.wait()
    assert code == 130
    assert "goes on where this one stopped" in err
    assert "Traceback" not in err
