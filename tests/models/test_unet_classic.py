"""The U-Net of 2015: its arithmetic, its mirrored border, its initial weights, its dropout."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from emseg_bench.models.unet_classic import MARGIN, UNetClassic, create, mirror
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor


@pytest.fixture(scope="module")
def network() -> UNetClassic:
    torch.manual_seed(0)
    return create(1, 2).eval()


def as_published(network: UNetClassic, tile: Tensor) -> Tensor:
    """The paper's Figure 1, spelt out: 572 px in, 388 px out."""
    state = network.state_dict()

    def convolve(x: Tensor, name: str) -> Tensor:
        for layer in (0, 2):
            x = F.relu(F.conv2d(x, state[f"{name}.{layer}.weight"], state[f"{name}.{layer}.bias"]))
        return x

    x, kept = tile, []
    for level in range(4):
        x = convolve(x, f"encoder.{level}")
        kept.append(x)
        x = F.max_pool2d(x, 2)
    x = convolve(x, "encoder.4")
    for level, skip in enumerate(reversed(kept)):
        x = F.conv_transpose2d(x, state[f"up.{level}.weight"], state[f"up.{level}.bias"], stride=2)
        rows, columns = ((have - want) // 2 for have, want in zip(skip.shape[2:], x.shape[2:], strict=True))
        skip = skip[:, :, rows : rows + x.shape[2], columns : columns + x.shape[3]]
        x = convolve(torch.cat([skip, x], 1), f"decoder.{level}")
    return F.conv2d(x, state["head.weight"], state["head.bias"])


def test_the_papers_tile_becomes_its_output() -> None:
    with torch.device("meta"):
        network = create(1, 2)
        assert as_published(network, torch.empty(1, 1, 572, 572)).shape == (1, 2, 388, 388)
        assert sum(parameter.numel() for parameter in network.parameters()) == 31_030_658


def test_logits_are_those_of_the_mirrored_image(network: UNetClassic) -> None:
    image = torch.randn(1, 1, 16, 32, generator=torch.Generator().manual_seed(1))
    tile = np.pad(image.numpy(), ((0, 0), (0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)), mode="reflect")
    with torch.no_grad():
        expected = as_published(network, torch.from_numpy(tile))
        assert expected.shape[2:] == (20, 36)
        torch.testing.assert_close(network(image), expected[:, :, 2:-2, 2:-2])


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 30))
def test_mirroring_is_numpys(height: int, width: int, margin: int) -> None:
    x = torch.arange(height * width, dtype=torch.float32).view(1, 1, height, width)
    expected = np.pad(x.numpy(), ((0, 0), (0, 0), (margin, margin), (margin, margin)), mode="reflect")
    np.testing.assert_array_equal(mirror(x, margin).numpy(), expected)


def test_zero_borders_need_no_margin_and_take_the_same_weights(network: UNetClassic) -> None:
    padded = create(1, 2, "zero").eval()
    padded.load_state_dict(network.state_dict())
    image = torch.randn(1, 1, 16, 48)
    with torch.no_grad():
        assert padded(image).shape == (1, 2, 16, 48)
        assert not torch.allclose(padded(image), network(image))


def test_weights_start_as_the_paper_says(network: UNetClassic) -> None:
    for name, inputs in {"encoder.1.2": 128 * 9, "decoder.0.0": 1024 * 9, "up.0": 1024}.items():
        module = network.get_submodule(name)
        assert module.weight.detach().std().item() == pytest.approx((2 / inputs) ** 0.5, rel=0.02)
        assert not module.bias.any()


def test_dropout_is_at_the_end_of_the_contracting_path(network: UNetClassic) -> None:
    dropped = [name for name, module in network.named_modules() if isinstance(module, torch.nn.Dropout)]
    assert dropped == ["encoder.3.4", "encoder.4.4"]
    assert {network.get_submodule(name).p for name in dropped} == {0.5}
