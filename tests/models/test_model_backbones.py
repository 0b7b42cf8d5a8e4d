"""What of the built-in models trains where not all of it does: blocks as papers count them, fewer numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from emseg_bench.benchmark.plugins.lazy import resolve
from emseg_bench.benchmark.training.adapters import adapted_layers
from emseg_bench.benchmark.training.blocks import blocks_of
from emseg_bench.benchmark.training.regimes import Training
from emseg_bench.models.plugin import emseg_models
from emseg_bench.testing.sample_trials import spec
from torch import nn

CARDS = {card.name: card for card in emseg_models()}


def build(name: str) -> nn.Module:
    """Build a model without numbers, but for MiT, which computes with some while it is built."""
    with torch.device("cpu" if name == "segformer" else "meta"):
        return resolve(CARDS[name].factory, None)(1, 1)


@pytest.mark.parametrize(
    ("name", "count", "last"),
    [
        ("retina", 16 + 12, "transformer.encoder.layer.11"),  # a ResNet's bottlenecks, a ViT's blocks
        ("dpt-vit", 12, "encoder.model.blocks.11"),
        ("unet", 3 + 4 + 6 + 3, "encoder.layer4.2"),
        ("unet-convnext", 3 + 3 + 9 + 3, "encoder.model.stages_3.blocks.2"),
        ("upernet-swin", 2 + 2 + 6 + 2, "encoder.model.layers_3.blocks.1"),
        ("segformer", 2 + 2 + 2 + 2, "encoder.block4.1"),
        ("unet-pvt", 3 + 4 + 6 + 3, "encoder.model.stages_3.blocks.2"),
        ("nnunet-resenc", 1 + (1 + 3 + 4 + 6 + 6 + 6), "encoder.stages.5.blocks.5"),  # a stem before them
        ("unet-classic", 5, "encoder.4"),
    ],
)
def test_blocks_are_those_of_the_paper(name, count, last):
    blocks = blocks_of(build(name), CARDS[name].backbone)
    assert len(blocks) == count
    assert [*blocks][-1] == last


@pytest.mark.parametrize("name", CARDS)
def test_head_trains_less_than_all_and_there_is_something_to_adapt(name):
    card, network = CARDS[name], build(name)
    model = replace(spec(name, 0).model, train="head", backbone=card.backbone)
    Training(network, model)
    trains = sum(one.numel() for one in network.parameters() if one.requires_grad)
    assert 0 < trains < card.parameters
    kinds = {type(network.get_submodule(layer)) for layer in adapted_layers(network, card.backbone)}
    assert kinds == {nn.Linear} if any(type(one) is nn.Linear for one in network.modules()) else {nn.Conv2d}
