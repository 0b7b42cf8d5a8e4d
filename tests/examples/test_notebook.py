"""The notebook runs from its first cell to its last, as Jupyter runs it, and ends with a figure."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

NOTEBOOK = Path(__file__).parents[2] / "examples" / "from_images_to_a_figure.ipynb"


def test_no_output_is_kept():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client")
def test_runs_from_images_to_a_figure(tmp_path):
    book = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(book, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    pages = ["".join(output["data"].get("text/html", "")) for output in shown if "data" in output]
    assert any("fpn[encoder=resnet18]@scratch" in page and "<table" in page for page in pages)
    with Image.open(tmp_path / "figure.png") as figure:
        assert figure.width > 1000
