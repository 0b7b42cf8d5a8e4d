"""Runs ``emseg-bench`` in processes forked from one that has torch, which takes an interpreter seconds.

Reads a request per line from standard input, a JSON document, and answers with one: the number of a new
process, or how a process ended that was asked after.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import signal
import sys
import traceback
from typing import Any

from emseg_bench.cli import main
from emseg_bench.cli.app import make_app

WARM = (
    "torch._dynamo",
    "torch.distributed",
    "emseg_bench.benchmark.experiments.methods",
    "emseg_bench.benchmark.weights.weight_info",
    "emseg_bench.pretraining.plugin",
    "emseg_bench.pretraining.engine.train",
)


def serve() -> None:
    """Answer requests until standard input ends."""
    make_app([])  # all verbs
    for module in WARM:
        importlib.import_module(module)
    for line in sys.stdin:
        request = json.loads(line)
        answer = _code(request["ended"]) if "ended" in request else _start(request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _code(child: int) -> int | None:
    """Return a process's exit code; None while it runs."""
    ended, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _start(request: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        _become_the_command(request)
    return child


def _become_the_command(request: dict[str, Any]) -> None:
    """Run the command line and end the process; never returns."""
    # what a shell does to jobs in the background is undone: they would not hear an interrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[:0] = request["environment"]["PYTHONPATH"].split(os.pathsep)
    importlib.invalidate_caches()
    for number, path in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        os.dup2(os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
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


if __name__ == "__main__":
    serve()
