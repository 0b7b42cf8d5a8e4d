"""What importing a plugin does, seen from a fresh interpreter.

Run as ``python -m emseg_bench.testing.import_probe`` with a file for the answer, the module, and folders to
search for it first.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path

from ..benchmark.contracts import hookspecs  # noqa: F401 - what every plugin imports is not its own cost
from ..benchmark.plugins.strangers import RAISED, describe_error
from .captured import captured
from .offline import offline


def main() -> None:
    """Import the module and write down what happened."""
    answer, module, *folders = sys.argv[1:]
    sys.path[:0] = [folder for folder in folders if folder not in sys.path]
    error, start = "", time.perf_counter()
    with captured() as heard, offline() as attempts:
        try:
            import_module(module)
        except RAISED as raised:
            error = describe_error(raised)
    seconds = time.perf_counter() - start
    found = {
        "error": error,
        "seconds": seconds,
        "torch": "torch" in sys.modules,
        "printed": heard.text,
        "attempts": attempts,
    }
    Path(answer).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
