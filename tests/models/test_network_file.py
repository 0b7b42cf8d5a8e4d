"""Whole networks from files: all of it, all but the head, or nothing."""

from pathlib import Path

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import WeightsError
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, to_metadata
from emseg_bench.models import network_file, nnunet_resenc
from safetensors.torch import save_file
from torch import nn

SOURCE = network_file.nnunet_resenc
HEAD = "decoder.seg_layers.0.weight"
BODY = "encoder.stem.convs.0.all_modules.0.weight"


def network(classes: int, stages: int = 2) -> nn.Module:
    return nnunet_resenc.create(1, classes, stages)


def saved(model: nn.Module, path: Path) -> Path:
    torch.save(model.state_dict(), path)
    return path


def same(name: str, one: nn.Module, other: nn.Module) -> bool:
    return torch.equal(one.state_dict()[name], other.state_dict()[name])


def test_a_file_of_the_same_classes_is_loaded_whole(tmp_path: Path) -> None:
    donor, model = network(3), network(3)
    line = SOURCE.load(model, saved(donor, tmp_path / "w.pt"))
    assert line == f"w.pt: all {len(donor.state_dict())} tensors loaded"
    assert all(same(name, donor, model) for name in donor.state_dict())


def test_a_head_for_other_classes_stays_random(tmp_path: Path) -> None:
    donor, model = network(3), network(1)
    total = len(donor.state_dict())
    line = SOURCE.load(model, saved(donor, tmp_path / "w.pt"))
    assert line == f"w.pt: {total - 2} of {total} tensors loaded; head random"
    assert same(BODY, donor, model)


def test_a_head_that_reconstructs_images_is_left_out(tmp_path: Path) -> None:
    donor, model = network(1), network(1)
    info = WeightsInfo(model="nnunet-resenc", options={"stages": 2}, origin="reconstruction")
    save_file(donor.state_dict(), tmp_path / "w.safetensors", to_metadata(info))
    assert "head random" in SOURCE.load(model, tmp_path / "w.safetensors")
    assert same(BODY, donor, model)
    assert not same(HEAD, donor, model)


def test_another_networks_file_is_refused(tmp_path: Path) -> None:
    model = network(1)
    before = model.state_dict()[BODY].clone()
    with pytest.raises(WeightsError, match="does not fit the model: unknown to the model"):
        SOURCE.load(model, saved(network(1, stages=3), tmp_path / "w.pt"))
    assert torch.equal(model.state_dict()[BODY], before)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(WeightsError, match="unet-classic@file: expected a weight file at /no/file"):
        network_file.unet_classic.obtain({}, "/no/file")
