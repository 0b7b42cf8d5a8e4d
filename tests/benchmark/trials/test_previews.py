"""Pictures of test cases lie in the trial's folder, whatever lay there before."""

from __future__ import annotations

import numpy as np
from emseg_bench.benchmark.contracts.data import Case, Sample
from emseg_bench.benchmark.trials.previews import PreviewWriter
from PIL import Image


def test_a_link_is_replaced_and_not_written_through(tmp_path):
    case = Case(id="test/a", split="test", depth=None, height=8, width=8, sha256="0")
    writer = PreviewWriter(tmp_path / "previews", [case])
    (tmp_path / "elsewhere").write_text("mine")
    for path in writer.paths(case):
        path.symlink_to(tmp_path / "elsewhere")
    labels = np.eye(8, dtype=np.int32)
    sample = Sample(image=np.full((1, 8, 8), 7, np.uint8), labels=labels)
    writer.take(case, sample, labels.astype(np.uint8))
    assert (tmp_path / "elsewhere").read_text() == "mine"
    for path in writer.paths(case):
        with Image.open(path) as picture:
            assert picture.size == (8, 8)
