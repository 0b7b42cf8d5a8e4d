"""How long the command line takes to start, beyond the interpreter itself.

    python scripts/bench_startup.py
    python scripts/bench_startup.py --clock cpu     # on a machine with other work

Each command is timed in turn with ``python -c pass``; the medians of the differences are printed.  A package
with as many models as are missing to 30 is put on the path beside what is installed; ``(terminal)``: standard
output is one, so that tables are laid out.
"""

from __future__ import annotations

import argparse
import os
import pty
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from emseg_bench.benchmark.plugins.loading import load_plugins

COMMAND = str(Path(sys.executable).with_name("emseg-bench"))
CASES = (
    ["--help"],
    ["list", "models"],
    ["list", "models", "--json"],
    ["data", "list", "--json"],
    ["run", "--help"],
)
TERMINAL = "(terminal)"


def _children() -> float:
    """Seconds of CPU time that ended children took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


CLOCKS = {"wall": time.perf_counter, "cpu": _children}
MODELS = 30
PLUGIN = """
from dataclasses import dataclass

from emseg_bench import hookimpl
from emseg_bench.benchmark.contracts.cards import ModelCard


@dataclass(frozen=True)
class Options:
    width: int = 8


@hookimpl
def emseg_models():
    return [
        ModelCard(
            name=f"extra-{i}",
            family="cnn",
            description="one of many",
            factory="torch.nn:Conv2d",
            options=Options,
            size_divisor=32,
            parameters=1_000_000 + i,
            citation="none",
            licence="MIT",
        )
        for i in range(COUNT)
    ]
"""


def install(folder: Path) -> int:
    """Put a package with models into a folder, so that there are 30 in all; return how many there are."""
    registered = len(load_plugins().catalogue.models)
    source = PLUGIN.replace("COUNT", str(max(MODELS - registered, 0)))
    (folder / "many_models.py").write_text(source)
    info = folder / "many_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: many-models\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[emseg_bench]\nmany = many_models\n")
    return max(MODELS, registered)


def milliseconds(clock: str, command: list[str], environment: Mapping[str, str], terminal: bool) -> float:
    """Time one command from outside."""
    start = CLOCKS[clock]()
    if terminal:
        master, slave = pty.openpty()
        process = subprocess.Popen(command, env=environment, stdout=slave, stderr=subprocess.DEVNULL)
        os.close(slave)
        _drain(master)
        code = process.wait()
    else:
        code = subprocess.run(command, env=environment, capture_output=True).returncode
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return (CLOCKS[clock]() - start) * 1e3


def _drain(master: int) -> None:
    """Read a terminal until its other end is closed."""
    try:
        while os.read(master, 65536):
            pass
    except OSError:  # how Linux says that it is
        pass
    finally:
        os.close(master)


def main() -> None:
    """Print each command's median over the interpreter's own start."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: the processes' own time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"{install(Path(folder))} models")
        environment = {**os.environ, "PYTHONPATH": folder}
        for case, terminal in [*((case, False) for case in CASES), (["list", "models"], True)]:
            _compare(case, terminal, environment, options)


def _compare(
    case: list[str], terminal: bool, environment: Mapping[str, str], options: argparse.Namespace
) -> None:
    bare = [sys.executable, "-c", "pass"]
    pairs = [
        (
            milliseconds(options.clock, [COMMAND, *case], environment, terminal),
            milliseconds(options.clock, bare, environment, False),
        )
        for _ in range(options.runs)
    ]
    own, least = (statistics.median(times) for times in zip(*pairs, strict=True))
    extra = statistics.median(one - other for one, other in pairs)
    fastest = min(one for one, _ in pairs) - min(other for _, other in pairs)
    name = " ".join([*case, TERMINAL] if terminal else case)
    more = f"{extra:4.0f} ms more (fastest: {fastest:.0f})"
    print(f"{name:24} {own:6.0f} ms, python -c pass {least:4.0f} ms: {more}")


if __name__ == "__main__":
    main()
