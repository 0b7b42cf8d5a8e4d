"""The residual-encoder U-Net: nnU-Net's own network, without what nothing here would use."""

from typing import Any

import pytest
import torch
from dynamic_network_architectures.architectures.unet import ResidualEncoderUNet
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.files.validation import validate
from emseg_bench.models.nnunet_resenc import create
from emseg_bench.models.options import NnUNetOptions
from torch import nn

STAGES = 3
SETTINGS: dict[str, Any] = {
    "n_stages": STAGES,
    "features_per_stage": (32, 64, 128),
    "conv_op": nn.Conv2d,
    "kernel_sizes": 3,
    "strides": (1, 2, 2),
    "n_blocks_per_stage": (1, 3, 4),
    "n_conv_per_stage_decoder": 1,
    "conv_bias": True,
    "norm_op": nn.InstanceNorm2d,
    "norm_op_kwargs": {"eps": 1e-5, "affine": True},
    "nonlin": nn.LeakyReLU,
    "nonlin_kwargs": {"inplace": True},
}
"""What nnU-Net's planner writes for ResEnc M, for a crop that it halves twice."""


def test_logits_are_those_of_nnunets_network() -> None:
    torch.manual_seed(0)
    theirs = ResidualEncoderUNet(3, num_classes=2, deep_supervision=True, **SETTINGS)
    theirs.apply(theirs.initialize)
    torch.manual_seed(0)
    ours = create(3, 2, STAGES)
    image = torch.randn(2, 3, 16, 24)
    torch.testing.assert_close(ours(image), theirs(image)[0])


def test_every_parameter_has_one_name_and_a_gradient() -> None:
    network = create(1, 1, STAGES)
    state = network.state_dict()
    assert len({tensor.data_ptr() for tensor in state.values()}) == len(state)
    network(torch.randn(1, 1, 16, 16)).square().mean().backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize("training", [True, False])
def test_an_image_of_one_divisor_leaves_a_single_pixel(training: bool) -> None:
    network = create(1, 1, STAGES).train(training)
    assert network(torch.randn(1, 1, 4, 4)).isfinite().all()


@pytest.mark.parametrize("stages", [1, 7, "many"])
def test_other_numbers_of_stages_are_refused(stages: object) -> None:
    with pytest.raises(UsageError, match=r"nnunet-resenc\.stages: got"):
        validate(NnUNetOptions, {"stages": stages}, "nnunet-resenc")
