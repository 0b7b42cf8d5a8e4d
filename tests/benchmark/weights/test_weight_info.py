"""What weight files say about themselves."""

from __future__ import annotations

import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import WeightsError
from emseg_bench.benchmark.weights.weight_info import KEY, WeightsInfo, read_info, to_metadata
from safetensors.torch import save_file

INFO = WeightsInfo(
    model="retina",
    options={"hidden": 192},
    num_logits=1,
    class_names=("background", "mitochondria"),
    normalisation=Normalisation(mean=(0.57,), std=(0.13,)),
    window=224,
    origin="a test",
)


def test_what_is_written_is_read(tmp_path):
    save_file({"x": torch.zeros(2)}, tmp_path / "w.safetensors", to_metadata(INFO))
    assert read_info(tmp_path / "w.safetensors") == INFO


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rest", b"\xff" * 20, b"\x02\0\0\0\0\0\0\0[]"])
def test_other_files_say_nothing(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    assert read_info(tmp_path / "other") is None


def test_a_strangers_safetensors_says_nothing(tmp_path):
    save_file({"x": torch.zeros(2)}, tmp_path / "w.safetensors", {"format": "pt"})
    assert read_info(tmp_path / "w.safetensors") is None


def test_garbled_information_is_an_error(tmp_path):
    save_file({"x": torch.zeros(2)}, tmp_path / "w.safetensors", {KEY: '{"model": 3}'})
    with pytest.raises(WeightsError, match=r"metadata\.model"):
        read_info(tmp_path / "w.safetensors")
