"""Runs ``emseg-bench`` and scripts in processes forked from one that has imported it, torch and all, once.

    python warm.py SOCKET

A command and the server that its trials are forked from would else import torch, each time, for seconds: more
than they compute.  Inference is timed by few repeats, and one thread computes.  All else is as in
interpreters of their own: folder, environment, streams, exit code.
"""

from __future__ import annotations

import atexit
import json
import multiprocessing.forkserver
import os
import runpy
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from multiprocessing import util
from pathlib import Path

from emseg_bench.benchmark.executors.context import PRELOADED, WORKER_ENVIRONMENT
from emseg_bench.benchmark.executors.openmp import waiting
from emseg_bench.benchmark.plugins.loading import installed_plugins
from emseg_bench.cli import main
from emseg_bench.cli.app import make_app

WARM = (
    *("pandas", "pyarrow.parquet", "rich.progress", "scipy.stats", "seaborn", "yaml"),
    "emseg_bench.benchmark.trials.boards",
    "emseg_bench.benchmark.executors.rehearsal",
    "emseg_bench.reports.build",
    "emseg_bench.testing.brief_timing",
)
"""What commands import beside torch."""
SHIM = """\
#!{python} -SE
import json, os, socket, sys
if sys.argv[0].endswith("python") and sys.argv[1].startswith("-"):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(request).to_bytes(8, "big")], [0, 1, 2])
server.sendall(request)
sys.exit(int(server.recv(8) or 1))
"""
"""What is called ``emseg-bench`` for those who want it warm, and ``python``; they need not know."""


def serve(address: str) -> None:
    """Take requests until this process or its parent is ended; says a line when it is ready."""
    parent = os.getppid()
    os.environ.update({**WORKER_ENVIRONMENT, **waiting(os.environ)})
    import torch  # now that its environment is settled

    make_app([])  # all verbs
    for module in (*PRELOADED, *WARM):
        import_module(module)
    torch.set_num_threads(1)  # small networks on a shared machine run fastest so
    util.spawnv_passfds = _start
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        listener.settimeout(5)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while os.getppid() == parent:
            try:
                asker, _ = listener.accept()
            except TimeoutError:
                continue
            if os.fork() == 0:
                listener.close()
                _answer(asker)
            asker.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _answer(asker: socket.socket) -> None:
    """Run one command and end the process; never returns."""
    size, streams, _, _ = socket.recv_fds(asker, 8, 3)
    request = bytearray()
    while len(request) < int.from_bytes(size, "big"):
        request += asker.recv(1 << 16)
    arguments, folder, environment = json.loads(request)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - a stream knows of what kind its file was
    sys.stdout, sys.stderr = (open(number, "w", 1, closefd=False) for number in (1, 2))  # noqa: SIM115
    code = _run(arguments, folder, environment)
    asker.sendall(b"%d" % code)
    os._exit(0)


def _run(arguments: Sequence[str], folder: str, environment: Mapping[str, str]) -> int:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    installed_plugins.cache_clear()
    code = 0
    try:
        _start_program(*arguments)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
    except BaseException:  # noqa: BLE001 - as an interpreter does
        traceback.print_exc()
        code = 1
    with suppress(Exception):
        atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _start_program(program: str, *arguments: str) -> None:
    """Run ``emseg-bench``, or a script, whose ``sys.executable`` and what lies beside it is warm, too."""
    if Path(program).name == "python":
        sys.executable, sys.argv = program, list(arguments)
        sys.path.insert(0, str(Path(arguments[0]).parent.resolve()))
        runpy.run_path(arguments[0], run_name="__main__")
    else:
        sys.argv = ["emseg-bench", *arguments]
        main()


_spawn = util.spawnv_passfds
"""How multiprocessing starts interpreters."""


def _start(path: str | bytes, arguments: Sequence[str], kept: Sequence[int]) -> int:
    """Start the server of trials as a fork of this process, and anything else as always."""
    command = arguments[-1]
    if "multiprocessing.forkserver" not in str(command):
        return _spawn(path, arguments, kept)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _become_new({0, 1, 2, *kept})
            exec(command, {})  # noqa: S102 - what the interpreter would do
        except SystemExit:
            code = 0
        finally:
            os._exit(code)
    return child


def _become_new(kept: Collection[int]) -> None:
    """Forget what a new interpreter would not have: open files, handlers of signals, a lock that is held."""
    for number in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208
        if number not in kept:
            with suppress(OSError):
                os.close(number)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    multiprocessing.forkserver._forkserver._lock = threading.Lock()


if __name__ == "__main__":
    serve(sys.argv[1])
