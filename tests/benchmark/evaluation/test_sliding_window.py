import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from emseg_bench.benchmark.contracts.errors import TrialError
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.evaluation.placing import window_side
from emseg_bench.benchmark.evaluation.sliding_window import predict_logits
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

sides = st.integers(1, 60)


def image_of(channels, height, width, seed=0):
    return torch.randn(channels, height, width, generator=torch.Generator().manual_seed(seed))


def pointwise(channels, classes):
    torch.manual_seed(channels + 10 * classes)
    return nn.Conv2d(channels, classes, 1).requires_grad_(False)


def convolution(channels, classes):
    torch.manual_seed(channels + 10 * classes)
    return nn.Conv2d(channels, classes, 5, padding=2).requires_grad_(False)


def predict(model, image, **changes):
    setting = {"window": 32, "overlap": 0.5, "blending": "gaussian", "size_divisor": 1, "batch_size": 3}
    return predict_logits(model, image, **{**setting, **changes})


class Recorder:
    """A pointwise model that remembers what it was given."""

    def __init__(self):
        self.batches = []

    def __call__(self, windows):
        self.batches.append(windows.clone())
        return windows[:, :1]

    @property
    def windows(self):
        return torch.cat(self.batches)


# ----------------------------------------------------------------- against independent implementations
@pytest.fixture(scope="module")
def monai_inference():
    reason = "MONAI is not installed"
    return pytest.importorskip("monai.inferers.utils", reason=reason).sliding_window_inference


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("blending", ["gaussian", "constant"])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.75])
@pytest.mark.parametrize(
    ("window", "height", "width"), [(32, 80, 61), (33, 70, 100), (64, 64, 65), (16, 16, 16)]
)
@pytest.mark.parametrize(("channels", "classes"), [(1, 1), (3, 4)])
def test_agrees_with_monai(monai_inference, blending, overlap, window, height, width, channels, classes):
    model, image = convolution(channels, classes), image_of(channels, height, width)
    ours = predict(model, image, window=window, overlap=overlap, blending=blending)
    theirs = monai_inference(image[None], window, 3, model, overlap=overlap, mode=blending)[0]
    assert ours.shape == (classes, height, width)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("height", "width", "mode"), [(20, 25, "reflect"), (5, 9, "replicate")])
def test_small_image_is_padded_like_monai(monai_inference, height, width, mode):
    model, image = convolution(1, 2), image_of(1, height, width)
    ours = predict(model, image)
    theirs = monai_inference(image[None], 32, 3, model, overlap=0.5, mode="gaussian", padding_mode=mode)[0]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(
    height=sides,
    width=sides,
    window=st.integers(6, 48),
    overlap=st.floats(0, 0.9),
    blending=st.sampled_from(["gaussian", "constant"]),
    divisor=st.sampled_from([1, 2, 8]),
    batch_size=st.integers(1, 9),
    classes=st.sampled_from([1, 3]),
)
def test_pointwise_model_gives_the_whole_image_result(
    height, width, window, overlap, blending, divisor, batch_size, classes
):
    model, image = pointwise(2, classes), image_of(2, height, width)
    logits = predict(
        model,
        image,
        window=window,
        overlap=overlap,
        blending=blending,
        size_divisor=divisor,
        batch_size=batch_size,
    )
    torch.testing.assert_close(logits, model(image), rtol=1e-5, atol=1e-5)


def test_hand_computed_blend_of_two_windows():
    """Two windows of 4 px on 6 px: the first says 1, the second 3; they share the middle two columns."""
    answers = iter([1.0, 3.0])

    def model(windows):
        return torch.full_like(windows, next(answers))

    even = predict(model, torch.zeros(1, 4, 6), window=4, blending="constant", batch_size=1)
    assert even[0, 0].tolist() == pytest.approx([1, 1, 2, 2, 3, 3])

    answers = iter([1.0, 3.0])
    gaussian = predict(model, torch.zeros(1, 4, 6), window=4, blending="gaussian", batch_size=1)
    # sigma is 4 / 8 = 0.5 px; along the row through y = 1 (0.5 px off centre) the weights of
    # x = 0, 1, 2, 3 are those at -1.5, -0.5, 0.5, 1.5 px
    rim, middle = math.exp(-0.5) * math.exp(-4.5), math.exp(-0.5) * math.exp(-0.5)
    third = (middle * 1 + rim * 3) / (middle + rim)
    fourth = (rim * 1 + middle * 3) / (middle + rim)
    assert gaussian[0, 1].tolist() == pytest.approx([1, 1, third, fourth, 3, 3], rel=1e-5)
    # in the corners of a window the floor of 1e-3 replaces exp(-9)
    corner, side = 1e-3, math.exp(-4.5) * math.exp(-0.5)
    assert gaussian[0, 0, 2].item() == pytest.approx((side * 1 + corner * 3) / (side + corner), rel=1e-5)


# ------------------------------------------------------------------------------ where windows come to lie
@settings(deadline=None, max_examples=60)
@given(height=sides, width=sides, window=st.integers(4, 40), overlap=st.floats(0, 0.9))
def test_windows_lie_in_the_image_and_step_as_asked(height, width, window, overlap):
    rows = torch.arange(height).repeat(width, 1).T.float()
    columns = torch.arange(width).repeat(height, 1).float()
    model = Recorder()
    predict(model, torch.stack([rows, columns]), window=window, overlap=overlap)
    corners = [(int(w[0, 0, 0]), int(w[1, 0, 0])) for w in model.windows]
    assert len(set(corners)) == len(corners)
    step = max(1, math.floor(window * (1 - overlap) + 1e-6))
    for axis, length in ((0, height), (1, width)):
        if length < window:
            continue  # padded: the corner is no pixel of the image
        starts = sorted({corner[axis] for corner in corners})
        assert starts[0] == 0
        assert starts[-1] == length - window
        gaps = [b - a for a, b in pairwise(starts)]
        assert gaps[:-1] == [step] * len(gaps[:-1])
        assert all(0 < gap <= step for gap in gaps)


def test_step_is_not_shortened_by_binary_fractions():
    model = Recorder()
    predict(model, torch.zeros(1, 20, 24), window=20, overlap=0.9)
    assert len(model.windows) == 3  # at 0, 2, 4; 20 * (1 - 0.9) is 1.9999999999999996


def test_windows_come_in_batches_and_in_channels_last():
    model = Recorder()
    predict(model, image_of(3, 64, 64), window=32, overlap=0.5, batch_size=4)
    assert [len(batch) for batch in model.batches] == [4, 4, 1]
    assert all(batch.is_contiguous(memory_format=torch.channels_last) for batch in model.batches)


def test_window_is_rounded_up_to_the_divisor():
    model = Recorder()
    predict(model, image_of(1, 100, 100), window=33, size_divisor=16)
    assert model.windows.shape[-2:] == (48, 48)


def test_padding_reflects_each_axis_where_it_can():
    model, image = Recorder(), image_of(1, 20, 10)  # 12 px missing: 6 and 6; and 22: 11 and 11
    logits = predict(model, image)
    wide = F.pad(image[None], (0, 0, 6, 6), mode="reflect")
    assert torch.equal(model.windows, F.pad(wide, (11, 11, 0, 0), mode="replicate"))
    torch.testing.assert_close(logits, image)


@pytest.mark.parametrize(
    ("asked", "crop", "divisor", "side"), [("crop", 100, 32, 128), (64, 100, 32, 64), (65, 1, 32, 96)]
)
def test_window_side(asked, crop, divisor, side):
    assert window_side(ScoringProtocol(name="p", window=asked), crop, divisor) == side


# ---------------------------------------------------------------------------------------- types and errors
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_any_float_type_of_logits_is_summed_in_float32(dtype):
    image = image_of(1, 50, 50)
    logits = predict(lambda windows: windows.to(dtype), image)
    assert logits.dtype == torch.float32
    # the mean of equal rounded values is the rounded value: nothing is rounded a second time
    torch.testing.assert_close(logits, image.to(dtype).float(), rtol=1e-6, atol=1e-6)


def test_window_of_one_pixel_without_overlap():
    image = image_of(1, 3, 5)
    torch.testing.assert_close(predict(lambda w: w, image, window=1, overlap=0.0), image)


def test_input_is_left_alone():
    image = image_of(3, 40, 40)
    before = image.clone()
    predict(pointwise(3, 2), image)
    assert torch.equal(image, before)


def test_model_whose_output_shares_memory():
    """A broadcast output must be read, not written to."""
    logits = predict(lambda windows: windows[:, :1].expand(-1, 3, -1, -1), image_of(1, 40, 40))
    torch.testing.assert_close(logits, image_of(1, 40, 40).expand(3, -1, -1))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda w: w[..., ::2, ::2], r"logits \(3, 1, 16, 16\) .*row 0, column 0.*expected \(3, K, 32, 32\)"),
        (lambda w: w[:1], r"logits \(1, 1, 32, 32\) .*expected \(3, K, 32, 32\)"),
        (lambda w: w[:, 0], r"logits \(3, 32, 32\)"),
        (lambda w: (w, w), r"returned a tuple for the windows from row 0, column 0"),
        (lambda w: {"out": w}, r"returned a dict"),
    ],
)
def test_wrong_output_shape_is_told(model, message):
    with pytest.raises(TrialError, match=message):
        predict(model, image_of(1, 64, 64))


def test_number_of_classes_must_not_change_between_batches():
    counts = iter([2, 2, 3])
    with pytest.raises(
        TrialError, match=r"gives 3 logit\(s\) per pixel for the windows from row 32, column 0.*expected 2"
    ):
        predict(lambda w: w.expand(-1, next(counts), -1, -1), image_of(1, 64, 64))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_logits_that_are_not_finite_are_told_with_their_place(value):
    image = torch.zeros(1, 64, 64)
    image[0, 40, 7] = value
    with pytest.raises(TrialError, match=rf"{value} in channel 0 at row 40, column 7 \(px\), 1 of 4096"):
        predict(lambda w: w, image)


def test_infinities_of_both_signs_do_not_cancel():
    image = torch.zeros(1, 64, 64)
    image[0, 1, 1], image[0, 40, 7] = math.inf, -math.inf
    with pytest.raises(TrialError, match="2 of 4096"):
        predict(lambda w: w, image)


def test_large_but_finite_logits_pass():
    assert predict(lambda w: w, torch.full((1, 64, 64), 1e37)).max() == pytest.approx(1e37)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_cpu():
    model, image = convolution(1, 3), image_of(1, 90, 70)
    expected = predict(model, image)
    logits = predict(model.cuda(), image.cuda())
    assert logits.is_cuda
    torch.testing.assert_close(logits.cpu(), expected, rtol=0, atol=1e-3)
