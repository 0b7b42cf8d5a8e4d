"""TransUNet: RETINA's network at TransUNet's width, and the archive that both start from."""

from pathlib import Path

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import UsageError, WeightsError, WeightsUnavailableError
from emseg_bench.benchmark.weights.library import Library
from emseg_bench.models import transunet, transunet_weights
from emseg_bench.models.retina import network as retina
from emseg_bench.models.retina.config import TransUNetConfig


def test_it_is_the_published_network_of_768() -> None:
    with torch.device("meta"):
        ours, published = transunet.create(3, 7), retina.published_variant("finetune768")
    shapes = {name: tensor.shape for name, tensor in ours.state_dict().items()}
    assert shapes == {name: tensor.shape for name, tensor in published.state_dict().items()}


def test_two_channels_are_refused_in_its_own_name() -> None:
    with pytest.raises(UsageError, match="transunet takes images with 1 or 3 channels, these have 2"):
        transunet.create(2, 1)


def test_the_archive_is_the_one_that_retina_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsUnavailableError, match="weights fetch retina-imagenet21k") as caught:
        transunet_weights.imagenet21k.obtain({}, None)
    assert "--models transunet@file:PATH" in str(caught.value)
    archive = tmp_path / "archive.npz"
    monkeypatch.setattr(Library, "find", lambda self, name: archive if name == "retina-imagenet21k" else None)
    assert transunet_weights.imagenet21k.obtain({}, None) == archive


def test_a_missing_file_is_named_as_transunets(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="transunet@file: expected a weight file at"):
        transunet_weights.file.obtain({}, str(tmp_path / "none.pt"))


def test_stem_and_transformer_are_loaded_from_a_file_of_the_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    small = TransUNetConfig(hidden=24, layers=1, heads=2)
    donor, model = retina.TransUNet(small), retina.TransUNet(small)
    torch.save(donor.state_dict(), tmp_path / "w.pt")
    assert "stem, embeddings and encoder loaded" in transunet_weights.file.load(model, tmp_path / "w.pt")
    assert torch.equal(
        model.transformer.encoder.layer[0].ffn.fc1.weight, donor.transformer.encoder.layer[0].ffn.fc1.weight
    )
    assert not torch.equal(model.segmentation_head[0].weight, donor.segmentation_head[0].weight)
