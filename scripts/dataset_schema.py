"""Writes docs/dataset.schema.json, which editors check a dataset.yaml with.

Run it after a change to datasets/description.py: python scripts/dataset_schema.py
"""

from __future__ import annotations

import json
from pathlib import Path

from emseg_bench.datasets.description import json_schema

TARGET = Path(__file__).parents[1] / "docs" / "dataset.schema.json"


def text() -> str:
    """Return the file's content."""
    return json.dumps(json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}")
