"""Weight files appear whole, and what a killed writer leaves has its process's name."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, read_info
from emseg_bench.benchmark.weights.writing import write_weights

INFO = WeightsInfo(model="toy", num_logits=1, origin="x")


def test_they_come_back_with_what_they_say(tmp_path):
    path = tmp_path / "weights.safetensors"
    write_weights({"a": torch.arange(6.0).reshape(2, 3).T}, path, INFO)
    assert read_info(path) == INFO
    assert safetensors.torch.load_file(path)["a"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert [*tmp_path.iterdir()] == [path]


def test_nothing_without_a_name_lies_beside_them_at_any_time(tmp_path, monkeypatch):
    def save_file(_weights: object, file: Path, _metadata: object) -> None:
        file.with_name(".tmpXMz5Lj").write_bytes(b"half")
        assert [one.name[:9] for one in tmp_path.iterdir()] == [".writing-"]
        raise KeyboardInterrupt

    monkeypatch.setattr(safetensors.torch, "save_file", save_file)
    with pytest.raises(KeyboardInterrupt):
        write_weights({}, tmp_path / "weights.safetensors", INFO)
    assert not [*tmp_path.iterdir()]
