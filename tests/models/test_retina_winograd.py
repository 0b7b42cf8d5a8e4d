"""Winograd's convolution has the direct one's values, gradients and FLOPs; so has the whole network."""

import copy

import pytest
import torch
import torch.nn.functional as F
from emseg_bench.models.retina.config import TransUNetConfig
from emseg_bench.models.retina.decoder import ConvUnit, DecoderBlock
from emseg_bench.models.retina.network import TransUNet
from emseg_bench.models.retina.plain import make_plain
from emseg_bench.models.retina.winograd import filter_numbers, matrices
from emseg_bench.models.retina.winograd_ops import convolve, folded_filters, suits, winograd
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

CHANNELS = st.sampled_from([(3, 0), (0, 5), (4, 2)])
"""Of the coarse and of the fine input."""


def inputs(images: int, channels: tuple[int, int], height: int, width: int) -> tuple[Tensor | None, ...]:
    """Coarse and fine input; even sides."""
    torch.manual_seed(0)
    coarse = torch.randn(images, channels[0], height // 2, width // 2, requires_grad=True)
    fine = torch.randn(images, channels[1], height, width, requires_grad=True)
    return coarse if channels[0] else None, fine if channels[1] else None


def directly(weight: Tensor, coarse: Tensor | None, fine: Tensor | None) -> Tensor:
    """The definition, in float64."""
    parts = [] if fine is None else [fine.double()]
    if coarse is not None:
        parts.insert(0, F.interpolate(coarse.double(), scale_factor=2, mode="bilinear", align_corners=True))
    return F.conv2d(torch.cat(parts, 1), weight.double(), padding=1)


def assert_near(got: Tensor, expected: Tensor) -> None:
    """To float32 rounding of sums of many numbers."""
    assert got.shape == expected.shape
    off = (got.double() - expected.double()).abs().max()
    assert off <= 2e-5 * expected.double().square().mean().sqrt() + 1e-6


def test_the_matrices_convolve_in_one_dimension() -> None:
    look, of_filter, back = matrices()
    pixels, taps = torch.randn(6).double(), torch.randn(3).double()
    expected = [float(pixels[i : i + 3] @ taps) for i in range(4)]
    got = back @ ((of_filter @ taps) * (look @ pixels))
    torch.testing.assert_close(got, torch.tensor(expected, dtype=torch.float64))


@settings(max_examples=25, deadline=None)
@given(
    images=st.integers(1, 5),
    channels=CHANNELS,
    half_height=st.integers(1, 40),
    half_width=st.integers(1, 40),
)
def test_values_are_the_direct_convolutions(
    images: int, channels: tuple[int, int], half_height: int, half_width: int
) -> None:
    coarse, fine = inputs(images, channels, 2 * half_height, 2 * half_width)
    weight, bias = torch.randn(4, sum(channels), 3, 3), torch.randn(4)
    expected = directly(weight, coarse, fine)
    out = convolve(weight, coarse, fine)
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert_near(out, expected)
    with torch.no_grad():
        fused = winograd(coarse, fine, folded_filters(weight), bias, True)
    assert_near(fused, F.relu(expected + bias.view(-1, 1, 1)))


@settings(max_examples=15, deadline=None)
@given(images=st.integers(1, 5), channels=CHANNELS, half=st.integers(1, 32))
def test_gradients_are_the_direct_convolutions(images: int, channels: tuple[int, int], half: int) -> None:
    coarse, fine = inputs(images, channels, 2 * half, 22)
    weight = torch.randn(4, sum(channels), 3, 3, requires_grad=True)
    sources = [tensor for tensor in (weight, coarse, fine) if tensor is not None]
    expected, got = directly(weight, coarse, fine), convolve(weight, coarse, fine)
    direction = torch.randn_like(got)
    for exact, ours in zip(
        torch.autograd.grad(expected, sources, direction.double()),
        torch.autograd.grad(got, sources, direction),
        strict=True,
    ):
        assert_near(ours, exact)


def test_odd_sides() -> None:
    x, weight = torch.randn(2, 3, 55, 7), torch.randn(4, 3, 3, 3)
    assert_near(convolve(weight, None, x), directly(weight, None, x))


def test_rounding_errors_are_those_of_a_direct_convolution() -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(1, 256, 28, 28), torch.randn(32, 256, 3, 3)
    exact = directly(weight, None, x)
    error = (convolve(weight, None, x) - exact).square().mean().sqrt() / exact.std()
    assert error < 2e-6


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # of the check's own clones
def test_pytorch_finds_the_operator_well_behaved() -> None:
    """Schema, fake tensors for `torch.compile`, and autograd."""
    coarse, fine = inputs(2, (3, 2), 8, 12)
    filters = filter_numbers(torch.randn(4, 5, 3, 3)).requires_grad_()
    torch.library.opcheck(torch.ops.emseg_bench.winograd.default, (coarse, fine, filters, None, False))


def test_bias_and_relu_refuse_gradients_instead_of_losing_them() -> None:
    _, fine = inputs(1, (0, 3), 8, 8)
    with pytest.raises(NotImplementedError, match="inference"):
        winograd(None, fine, filter_numbers(torch.randn(4, 3, 3, 3)), torch.zeros(4), True)


def flops(run: object) -> int:
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def test_flops_are_those_of_the_convolution_it_stands_for() -> None:
    x = torch.randn(2, 3, 12, 16, requires_grad=True)
    weight, filters = torch.randn(4, 3, 3, 3, requires_grad=True), torch.randn(36, 3, 4, requires_grad=True)
    expected = flops(lambda: F.conv2d(x, weight, padding=1).sum().backward())
    assert flops(lambda: winograd(None, x, filters, None, False).sum().backward()) == expected


@pytest.mark.parametrize(
    ("channels", "side", "dtype", "expected"),
    [
        (128, 8, torch.float32, True),
        (64, 8, torch.float32, False),
        (128, 4, torch.float32, False),
        (128, 8, torch.bfloat16, False),
    ],
)
def test_it_is_chosen_where_it_is_faster(
    channels: int, side: int, dtype: torch.dtype, expected: bool
) -> None:
    x, weight = torch.empty(1, channels, side, side, dtype=dtype), torch.empty(8, channels, 3, 3, dtype=dtype)
    assert suits(weight, x) == (expected and torch.backends.mkl.is_available())
    with torch.autocast("cpu", torch.bfloat16):
        assert not suits(weight, x)
    assert not suits(weight.to("meta"), x.to("meta"))


# ------------------------------------------------------------------------------ the network that uses it
@pytest.fixture
def pair() -> tuple[TransUNet, TransUNet]:
    """The plain network and ours, with the same weights, in evaluation mode."""
    torch.manual_seed(0)
    ours = TransUNet(TransUNetConfig(hidden=24, layers=2)).eval()
    return make_plain(copy.deepcopy(ours)), ours


def test_the_plain_network_infers_the_same(pair: tuple[TransUNet, TransUNet]) -> None:
    plain, ours = pair
    x = torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        expected, got = plain(x), ours(x)
    torch.testing.assert_close(got, expected, atol=2e-4 * float(expected.std()), rtol=0)


def test_the_plain_network_has_the_same_gradients(pair: tuple[TransUNet, TransUNet]) -> None:
    plain, ours = pair
    x = torch.randn(2, 1, 64, 64)
    for network in pair:
        network.transformer.encoder.requires_grad_(False)
        network(x).square().mean().backward()
    for (name, expected), (_, got) in zip(plain.named_parameters(), ours.named_parameters(), strict=True):
        assert (expected.grad is None) == (got.grad is None), name
        if expected.grad is not None and not name.startswith("segmentation_head"):
            error = (got.grad - expected.grad).norm() / expected.grad.norm()
            assert error < 3e-2, name  # the deep stem amplifies rounding; a wrong gradient is off by 1


def test_sizes_and_channels_may_change_between_inferences(pair: tuple[TransUNet, TransUNet]) -> None:
    """Different sizes and channels are convolved in different ways, each with weights folded for it."""
    plain, ours = pair
    for shape in ((1, 1, 16, 16), (1, 3, 64, 64), (1, 1, 64, 96), (1, 3, 16, 16)):
        x = torch.randn(shape)
        with torch.no_grad():
            expected, got = plain(x), ours(x)
        torch.testing.assert_close(got, expected, atol=1e-3 * float(expected.std()) + 1e-7, rtol=0)


def test_a_unit_in_training_normalises_the_batch_and_remembers_it() -> None:
    torch.manual_seed(0)
    unit, x = ConvUnit(128, 8).train(), torch.randn(2, 128, 12, 12)
    assert suits(unit[0].weight, x)
    twin = copy.deepcopy(unit)
    out, expected = unit(x), twin[2](twin[1](twin[0](x)))
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(unit[1].running_var, twin[1].running_var)
    assert unit[1].num_batches_tracked == 1


def test_it_compiles() -> None:
    torch.manual_seed(0)
    block = DecoderBlock(64, 64, 8).eval()
    coarse, skip = torch.randn(1, 64, 4, 4), torch.randn(1, 64, 8, 8)
    compiled = torch.compile(block, backend="aot_eager")
    torch.testing.assert_close(compiled(coarse, skip), block(coarse, skip))
    compiled(coarse, skip).sum().backward()
    assert all(parameter.grad is not None for parameter in block.parameters())
