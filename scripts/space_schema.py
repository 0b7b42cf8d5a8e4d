"""Writes docs/space.schema.json, which editors check a search space with.

Run it after a change to benchmark/tuning/space/files.py: python scripts/space_schema.py
"""

from __future__ import annotations

import json
from pathlib import Path

from emseg_bench.benchmark.tuning.space.files import json_schema

TARGET = Path(__file__).parents[1] / "docs" / "space.schema.json"


def text() -> str:
    """Return the file's content."""
    return json.dumps(json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}")
