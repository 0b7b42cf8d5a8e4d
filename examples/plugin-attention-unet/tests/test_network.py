"""What is this network's own; what every model owes is in test_contract.py."""

from __future__ import annotations

import pytest
import torch
from emseg_attention_unet.network import AttentionGate, AttentionUNet
from emseg_attention_unet.plugin import emseg_models


def test_parameters_are_those_of_the_card():
    (card,) = emseg_models()
    assert sum(parameter.numel() for parameter in AttentionUNet(1, 1).parameters()) == card.parameters


def test_gate_weighs_each_pixel_with_a_number_between_0_and_1():
    gate = AttentionGate(channels=4, gating_channels=8)
    features, gating = torch.rand(2, 4, 6, 10) + 1, torch.randn(2, 8, 3, 5)
    weights = gate(features, gating) / features
    assert weights.min() > 0
    assert weights.max() < 1
    assert torch.allclose(weights, weights[:, :1].expand_as(weights)), "one for all channels"


def test_gate_by_hand():
    gate = AttentionGate(channels=2, gating_channels=1)
    for weight in (gate.of_features.weight, gate.of_gating.weight, gate.score.weight):
        torch.nn.init.constant_(weight, 0.5)
    torch.nn.init.constant_(gate.of_gating.bias, -1.0)
    features, gating = torch.ones(1, 2, 2, 2), torch.full((1, 1, 1, 1), 2.0)
    # features: 8 values * 0.5 = 4; gating: 2 * 0.5 - 1 = 0; score: 4 * 0.5 + 2 = 4
    expected = torch.sigmoid(torch.tensor(4.0))
    assert torch.allclose(gate(features, gating), expected.expand(1, 2, 2, 2))


@pytest.mark.parametrize("level", range(3))
def test_closed_gate_keeps_its_skip_connection_out(level):
    """With a gate shut, the decoder's result does not depend on the features behind it."""
    torch.manual_seed(0)
    network = AttentionUNet(1, 1, width=2).eval()
    torch.nn.init.constant_(network.gates[level].score.bias, -1e4)
    kept = network.encode
    images = torch.rand(1, 1, 32, 32)
    open_result = network(images)

    def encode(images):
        features = kept(images)
        features[-2 - level] = features[-2 - level] + 1
        return features

    network.encode = encode
    assert torch.equal(network(images), open_result)
