"""How long the command line takes to start, beyond the interpreter itself.

    python scripts/bench_startup.py

Each command is timed in turn with ``python -c pass``; the medians of the differences are printed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("emseg-bench"))
CASES = (["--help"], ["list", "models"], ["list", "models", "--json"], ["run", "--help"])


def milliseconds(*command: str) -> float:
    """Time one command from outside."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Print each command's median over the interpreter's own start."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=11)
    runs = parser.parse_args().runs
    for case in CASES:
        pairs = [
            (milliseconds(COMMAND, *case), milliseconds(sys.executable, "-c", "pass")) for _ in range(runs)
        ]
        own, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
        extra = statistics.median(one - other for one, other in pairs)
        print(f"{' '.join(case):22} {own:6.0f} ms, python -c pass {bare:4.0f} ms: {extra:4.0f} ms more")


if __name__ == "__main__":
    main()
