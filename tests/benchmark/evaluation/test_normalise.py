import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.images.normalise import to_input
from hypothesis import given
from hypothesis import strategies as st


def test_hand_computed():
    image = torch.tensor([[[0, 51]], [[102, 255]]], dtype=torch.uint8)
    expected = [[[(0 - 0.5) / 0.25, (0.2 - 0.5) / 0.25]], [[(0.4 - 0.1) / 0.5, (1 - 0.1) / 0.5]]]
    np.testing.assert_allclose(to_input(image, (0.5, 0.1), (0.25, 0.5)).numpy(), expected, atol=1e-6)


@given(st.integers(0, 2**16), st.integers(1, 4), st.sampled_from([(), (2,), (2, 3)]))
def test_agrees_with_float64(seed, channels, leading):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (*leading, channels, 5, 4), dtype=np.uint8)
    mean, std = rng.uniform(0, 1, channels), rng.uniform(0.02, 0.5, channels)
    expected = (image / 255 - mean[:, None, None]) / std[:, None, None]
    np.testing.assert_allclose(to_input(torch.from_numpy(image), mean, std), expected, atol=2e-5)


def test_standardises_its_own_statistics():
    image = torch.rand(3, 40, 40)
    mean, std = image.mean((1, 2)).tolist(), image.std((1, 2)).tolist()
    result = to_input(image, mean, std)
    assert result.mean((1, 2)).tolist() == pytest.approx([0, 0, 0], abs=1e-5)
    assert result.std((1, 2)).tolist() == pytest.approx([1, 1, 1], abs=1e-5)


def test_uint8_and_float32_of_the_same_pixels_agree():
    image = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    torch.testing.assert_close(to_input(image, [0.4], [0.2]), to_input(image / 255, [0.4], [0.2]))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_result_is_new_float32(dtype):
    image = torch.ones(1, 2, 2, dtype=dtype)
    result = to_input(image, [0.0], [1.0])
    assert result.dtype == torch.float32
    result.zero_()
    assert image.eq(1).all()


@pytest.mark.parametrize(
    ("image", "mean", "std", "message"),
    [
        (torch.zeros(1, 2, 2, dtype=torch.int16), [0.0], [1.0], "int16, expected uint8, or float32"),
        (torch.zeros(1, 2, 2, dtype=torch.float64), [0.0], [1.0], "float64"),
        (torch.zeros(3, 2, 2), [0.0], [1.0], r"\(3, 2, 2\), expected .* 1 channel"),
        (torch.zeros(2, 2), [0.0], [1.0], r"\(2, 2\), expected \(\.\.\., C, H, W\)"),
        (torch.zeros(2, 2, 2), [0.0, 0.0], [1.0], "2 channel.* and 1 of its standard deviation"),
        (torch.zeros(2, 2, 2), [0.0, 0.0], [1.0, 0.0], "expected more than 0"),
    ],
)
def test_misfits_are_told(image, mean, std, message):
    with pytest.raises(DataError, match=message):
        to_input(image, mean, std)
