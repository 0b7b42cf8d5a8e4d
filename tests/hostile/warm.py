"""Runs command lines in processes forked from one that has imported the command line already.

Reads a request per line from standard input, a JSON document, and answers with one.  A fork costs
milliseconds where a new interpreter costs a second, and a child's peak memory is its own.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from emseg_bench.cli import main
from emseg_bench.cli.app import make_app

WARM = (
    "filelock",
    "h5py",
    "mrcfile",
    "pandas",
    "psutil",
    "pyarrow.parquet",
    "pydantic",
    "rich.progress",
    "scipy.fftpack",
    "scipy.ndimage",
    "SimpleITK",
    "skimage.measure",
    "tifffile",
    "yaml",
    "zarr",
    "emseg_bench.benchmark.trials.boards",
    "emseg_bench.benchmark.evaluation.plugin",
    "emseg_bench.benchmark.executors.plugin",
    "emseg_bench.benchmark.executors.rehearsal",
    "emseg_bench.benchmark.experiments.planning",
    "emseg_bench.benchmark.predictions.images",
    "emseg_bench.benchmark.predictions.pair_scores",
    "emseg_bench.benchmark.training.plugin",
    "emseg_bench.cli.tables",
    "emseg_bench.datasets.folder.dataset",
    "emseg_bench.datasets.inspection.remarks",
    "emseg_bench.datasets.inspection.survey",
    "emseg_bench.datasets.plugin",
    "emseg_bench.datasets.volume.factory",
    "emseg_bench.models.plugin",
    "emseg_bench.papers.plugin",
    "emseg_bench.pretraining.engine.planning",
    "emseg_bench.pretraining.plugin",
    "emseg_bench.reports.build",
    "emseg_bench.reports.inspection",
    "emseg_bench.reports.plugin",
)
"""What commands import, once here instead of in every child; more, such as torch, by its arguments."""

BEYOND_ALL_BOUNDS = 6 << 30
"""Bytes that a child may ask for before it is refused more: keeps the machine alive, fails the test."""


def serve() -> None:
    """Answer requests until standard input ends."""
    make_app([])  # all verbs
    for module in (*WARM, *sys.argv[1:]):
        import_module(module)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_attempt(json.loads(line))) + "\n")
        sys.stdout.flush()


def _attempt(request: dict[str, Any]) -> dict[str, Any]:
    started = time.monotonic()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(tell, b"%d" % _resident_kib())
        _become_the_command(request)
    before = int(os.read(told, 20))
    os.close(told)
    os.close(tell)
    hung, status, usage = _wait(child, started + request["seconds"])
    return {
        "code": os.waitstatus_to_exitcode(status),
        "hung": hung,
        "seconds": time.monotonic() - started,
        "mib": (usage.ru_maxrss - before) / 1024,
        "survivors": _end_group(child),
    }


def _resident_kib() -> int:
    """Return this process's resident memory, KiB: less in a fork, at its beginning, than in its parent."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def _wait(child: int, deadline: float) -> tuple[bool, int, resource.struct_rusage]:
    hung = False
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            return hung, status, usage
        if time.monotonic() > deadline and not hung:
            hung = True
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.005)


def _end_group(group: int) -> bool:
    """Tell whether processes of a command outlive it, and end them."""
    for _ in range(100):  # a server that ends by itself may take a moment
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.02)
    os.killpg(group, signal.SIGKILL)
    return True


def _become_the_command(request: dict[str, Any]) -> None:
    """Run the command line and end the process; never returns."""
    os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None  # TMPDIR says it, as to a new interpreter
    _redirect(request["folder"], request["out"], request["err"])
    resource.setrlimit(resource.RLIMIT_DATA, (BEYOND_ALL_BOUNDS, BEYOND_ALL_BOUNDS))
    sys.argv = ["emseg-bench", *request["arguments"]]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except:  # noqa: E722 - what an interpreter would do
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()  # as an interpreter does at its end
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _redirect(folder: str, out: str, err: str) -> None:
    for number, path in ((1, out), (2, err)):
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(target, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


if __name__ == "__main__":
    serve()
