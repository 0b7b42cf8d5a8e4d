import pytest
import torch
import torch.nn.functional as F
from emseg_bench.benchmark.contracts.errors import TrialError
from emseg_bench.benchmark.profiling.complexity import count_flops, count_parameters
from torch import nn


def flops(model, shape, precision="fp32"):
    return count_flops(model, shape, device="cpu", precision=precision)


class Attention(nn.Module):
    """Self-attention over all pixels, in one of three spellings."""

    def __init__(self, width, heads, spelling):
        super().__init__()
        self.heads, self.spelling = heads, spelling
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mha = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, images):
        tokens = images.flatten(2).transpose(1, 2)  # (N, L, C)
        if self.spelling == "module":
            return self.mha(tokens, tokens, tokens, need_weights=False)[0]
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.project(tokens).chunk(3, dim=-1)
        )
        if self.spelling == "fused":
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            mixed = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1) @ v
        return self.out(mixed.transpose(1, 2).flatten(2))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_convolution(precision):
    """2 x outputs x kernel x input channels per group; the bias is not counted."""
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3, stride=2, padding=1, groups=2)
    )
    first, second = 2 * (8 * 10 * 12) * (9 * 3), 2 * (4 * 5 * 6) * (9 * 4)
    assert flops(model, (1, 3, 10, 12), precision) == first + second
    assert flops(model, (2, 3, 10, 12), precision) == 2 * (first + second)


def test_transposed_convolution():
    """2 x inputs x kernel x output channels."""
    assert flops(nn.ConvTranspose2d(6, 4, 2, stride=2), (1, 6, 5, 7)) == 2 * (6 * 5 * 7) * (4 * 4)


@pytest.mark.parametrize("spelling", ["fused", "plain", "module"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_attention_is_counted_however_it_is_spelt(spelling, precision):
    width, length = 16, 4 * 6
    projections = 2 * length * width * (3 * width) + 2 * length * width * width
    products = 2 * (2 * length * length * width)  # QK^T and AV, all heads together
    model = Attention(width, 4, spelling)
    assert flops(model, (1, width, 4, 6), precision) == projections + products


def test_transformer_encoder_layer_is_not_missed_in_evaluation_mode():
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)

        def forward(self, images):
            return self.layer(images.flatten(2).transpose(1, 2))

    length, width = 24, 16
    attention = 2 * length * width * (4 * width) + 4 * length * length * width
    assert flops(Encoder(), (1, 16, 4, 6)) == attention + 2 * (2 * length * width * 32)


def test_counting_changes_nothing():
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.random.get_rng_state()
    flops(model, (1, 1, 4, 4))
    assert model.training
    assert torch.backends.mha.get_fastpath_enabled()
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_model_that_fails_is_told():
    with pytest.raises(TrialError, match="FLOPs cannot be counted: the model fails"):
        flops(nn.Conv2d(3, 1, 1), (1, 1, 4, 4))
    assert torch.backends.mha.get_fastpath_enabled()


def test_nothing_counted_is_not_zero():
    with pytest.raises(TrialError, match="knows none of the operations"):
        flops(nn.ReLU(), (1, 1, 4, 4))


def test_parameters():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    assert count_parameters(model) == 3 * 8 * 9 + 8 + 16


def test_shared_parameters_count_once():
    shared = nn.Linear(4, 4, bias=False)
    assert count_parameters(nn.Sequential(shared, shared)) == 16
