"""RETINA's network: names and sizes, input shapes, gradients, precision, and folding for inference."""

import copy
import hashlib
import pickle

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import UnknownNameError, UsageError
from emseg_bench.models.retina.config import TransUNetConfig
from emseg_bench.models.retina.network import TransUNet, create, published_variant
from emseg_bench.models.retina.resnet import StdConv2d
from emseg_bench.models.retina.transformer import DROPOUT, FeedForward, resize_positions
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

SMALL = TransUNetConfig(hidden=24, layers=2, num_classes=2)


@pytest.fixture(scope="module")
def small() -> TransUNet:
    torch.manual_seed(0)
    return TransUNet(SMALL).eval()


def fresh(config: TransUNetConfig = SMALL) -> TransUNet:
    torch.manual_seed(0)
    return TransUNet(config)


@torch.no_grad()
def infer(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return model(x)


# ------------------------------------------------------------------------------------ names and sizes
VARIANTS = {
    # parameters, state_dict entries, SHA-256 of the published "name shape" lines in their order
    "pretrain768": (
        105_276_066,
        411,
        "9e2a06da674eb8a529a256147bd6524e16ec9707394bc7d1d4f8eee3f4e8640b",
    ),
    "pretrain192": (22_201_314, 411, "aabebb2a57a638a9c6507f2c10999e8a16deffe965d6d05d456bc89a36671bdf"),
    "finetune192": (22_201_169, 409, "6b8407c898292ec5534c93a1ba7874ff49fd29582465396e30f519a0895c5a27"),
    "finetune768": (
        105_276_791,
        409,
        "42373654920c968e8bad9e19507574671af700acc1469027399441df5fec39ba",
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_names_shapes_and_order_are_the_published_ones(variant: str) -> None:
    with torch.device("meta"):
        model = published_variant(variant)
    lines = [f"{name} {tuple(tensor.shape)}" for name, tensor in model.state_dict().items()]
    parameters, entries, digest = VARIANTS[variant]
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert len(lines) == entries
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == digest


def test_some_names_by_hand() -> None:
    with torch.device("meta"):
        state = published_variant("pretrain192").state_dict()
    assert next(iter(state)) == "transformer.embeddings.position_embeddings"
    stem = "transformer.embeddings.hybrid_model."
    assert state["transformer.embeddings.position_embeddings"].shape == (1, 196, 192)
    assert state[f"{stem}root.conv.weight"].shape == (64, 3, 7, 7)
    assert state[f"{stem}body.block3.unit9.conv2.weight"].shape == (256, 256, 3, 3)
    assert state[f"{stem}body.block2.unit1.gn_proj.bias"].shape == (512,)
    assert f"{stem}body.block2.unit2.gn_proj.bias" not in state
    assert state["transformer.encoder.layer.11.ffn.fc1.weight"].shape == (768, 192)
    assert state["decoder.blocks.0.conv1.0.weight"].shape == (256, 1024, 3, 3)
    assert state["FinalDecoder.conv1.weight"].shape == state["segmentation_head.0.weight"].shape


@pytest.mark.parametrize(
    ("part", "parameters"), [("encoder", 5_338_752), ("embeddings.hybrid_model", 11_894_848)]
)
def test_parts_have_the_published_size(part: str, parameters: int) -> None:
    with torch.device("meta"):
        module = published_variant("finetune192").get_submodule(f"transformer.{part}")
    assert sum(p.numel() for p in module.parameters()) == parameters


def test_create_builds_the_published_network_for_segmentation() -> None:
    with torch.device("meta"):
        model = create(in_channels=1, num_classes=3, hidden=768)
    assert model.config == TransUNetConfig(hidden=768, num_classes=3)


# -------------------------------------------------------------------------------------- input shapes
@settings(max_examples=6, deadline=None)
@given(st.integers(1, 8), st.integers(1, 8), st.sampled_from([1, 3]), st.integers(1, 2))
def test_any_multiple_of_16_works(
    small: TransUNet, rows: int, columns: int, channels: int, batch: int
) -> None:
    out = infer(small, torch.randn(batch, channels, 16 * rows, 16 * columns))
    assert out.shape == (batch, 2, 16 * rows, 16 * columns)
    assert out.isfinite().all()


@pytest.mark.parametrize("sides", [(96, 96), (160, 224)])
def test_skip_connections_have_the_halved_sides(small: TransUNet, sides: tuple[int, int]) -> None:
    features = small.transformer.embeddings.hybrid_model(torch.randn(1, 1, *sides))
    deep, middle, shallow = features.skips
    for skip, factor in ((deep, 8), (middle, 4), (shallow, 2)):
        assert skip.shape[2:] == (sides[0] // factor, sides[1] // factor)
    assert features.trunk.shape[2:] == (sides[0] // 16, sides[1] // 16)
    # the unpadded pool leaves the 1/4 skip one row and one column short, which are filled with zeros
    assert middle[..., -1, :].count_nonzero() == middle[..., -1].count_nonzero() == 0
    assert middle[..., -2, :-1].count_nonzero() > 0
    assert middle[..., :-1, -2].count_nonzero() > 0


def test_grey_counts_as_three_equal_channels(small: TransUNet) -> None:
    grey = torch.randn(1, 1, 64, 64)
    torch.testing.assert_close(infer(small, grey), infer(small, grey.repeat(1, 3, 1, 1)))


@pytest.mark.parametrize("shape", [(1, 1, 100, 96), (1, 1, 96, 8), (1, 1, 0, 16)])
def test_other_sides_are_refused_with_the_divisor(small: TransUNet, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="multiples of 16 px"):
        small(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(1, 2, 32, 32), (1, 32, 32)])
def test_other_channels_are_refused(small: TransUNet, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(N, 1 or 3, H, W\)"):
        small(torch.zeros(shape))


def test_create_refuses_other_channels() -> None:
    with pytest.raises(UsageError, match="1 or 3 channels, these have 4"):
        create(in_channels=4, num_classes=1)


@pytest.mark.parametrize("wrong", [{"hidden": 100}, {"layers": 0}, {"num_classes": 0}, {"grid": 0}])
def test_impossible_sizes_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        TransUNetConfig(**wrong)


def test_an_unknown_variant_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="finetune192"):
        published_variant("finetune193")


# ------------------------------------------------------------------------------- position embeddings
def test_positions_of_the_native_grid_are_used_as_they_are() -> None:
    positions = torch.randn(1, 196, 5)
    assert resize_positions(positions, 14, 14) is positions


@pytest.mark.parametrize("size", [(6, 6), (20, 9)])
def test_resized_positions_keep_rows_and_columns_apart(size: tuple[int, int]) -> None:
    rows = torch.arange(14.0)[:, None].expand(14, 14)
    positions = torch.stack([rows, rows.T, torch.full((14, 14), 3.0)], dim=-1).reshape(1, 196, 3)
    by_row, by_column, constant = resize_positions(positions, *size).reshape(*size, 3).unbind(-1)
    torch.testing.assert_close(by_row, by_row[:, :1].expand(size))
    torch.testing.assert_close(by_column, by_column[:1].expand(size))
    torch.testing.assert_close(constant, torch.full(size, 3.0))
    assert (by_row.diff(dim=0) > 0).all()
    assert (by_column.diff(dim=1) > 0).all()
    # a ramp keeps its value in the middle, whatever the grid
    torch.testing.assert_close(by_row.mean(), torch.tensor(6.5), atol=0.05, rtol=0)


@torch.no_grad()
def test_resized_positions_reach_the_tokens(small: TransUNet) -> None:
    embeddings = copy.deepcopy(small.transformer.embeddings)
    x = torch.randn(1, 1, 64, 96)
    without, _ = embeddings(x)
    positions = nn.init.normal_(embeddings.position_embeddings)
    tokens, _ = embeddings(x)
    torch.testing.assert_close(tokens - without, resize_positions(positions, 4, 6), atol=1e-5, rtol=1e-4)


# ------------------------------------------------------------------------------------------ training
@pytest.mark.parametrize("reconstruction", [False, True])
def test_gradients_reach_every_parameter_in_use(reconstruction: bool) -> None:
    model = fresh(TransUNetConfig(hidden=24, layers=2, reconstruction=reconstruction)).train()
    nn.init.normal_(model.transformer.embeddings.position_embeddings)
    model(torch.randn(2, 1, 64, 64)).square().mean().backward()
    idle = {name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()}
    # softmax is blind to what is added to all keys: the gradient of their bias is 0, or nearly so
    idle = {name for name in idle if not name.endswith("attn.key.bias")}
    assert idle == ({"segmentation_head.0.weight", "segmentation_head.0.bias"} if reconstruction else set())


def test_weights_start_as_published() -> None:
    model = fresh(TransUNetConfig(hidden=96, layers=1))
    assert not model.transformer.embeddings.position_embeddings.any()
    mlp: FeedForward = model.transformer.encoder.layer[0].ffn.requires_grad_(False)
    bound = (6 / (96 + 384)) ** 0.5  # Xavier
    assert bound * 0.99 < mlp.fc1.weight.abs().max() <= bound
    assert mlp.fc1.weight.std() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert mlp.fc2.bias.std() == pytest.approx(1e-6, rel=0.3)


def test_dropout_acts_in_training_only(small: TransUNet) -> None:
    tokens = torch.ones(1, 4000, 24)
    embeddings = copy.deepcopy(small.transformer.embeddings)
    torch.manual_seed(0)
    assert (embeddings.train().dropout(tokens) == 0).float().mean() == pytest.approx(DROPOUT, abs=0.01)
    assert torch.equal(embeddings.eval().dropout(tokens), tokens)


def test_dropout_stands_behind_the_embeddings_and_both_mlp_layers() -> None:
    model, shapes = fresh().train(), []
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.register_forward_hook(lambda _layer, _inputs, out: shapes.append(tuple(out.shape)))
    model(torch.randn(2, 1, 32, 32))
    assert shapes == [(2, 4, 24)] + SMALL.layers * [(2, 4, 96), (2, 4, 24)]


def test_training_lowers_the_loss() -> None:
    model = fresh().train()
    x = torch.randn(2, 1, 32, 32)
    target = (x > 0).float().repeat(1, 2, 1, 1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


# ----------------------------------------------------------------------------------------- precision
def standardised_by_hand(weight: torch.Tensor) -> np.ndarray:
    w = weight.detach().double().numpy()
    mean, variance = w.mean((1, 2, 3), keepdims=True), w.var((1, 2, 3), keepdims=True)
    return (w - mean) / np.sqrt(variance + 1e-5)


@pytest.mark.parametrize("autocast", [False, True])
def test_weights_are_standardised_in_float32(autocast: bool) -> None:
    torch.manual_seed(0)
    conv = StdConv2d(8, 6, 3)
    with torch.no_grad():
        conv.weight.mul_(0.02).add_(5.0)  # a mean that bfloat16 would swallow the spread of
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        standardised = conv.standardised()
    assert standardised.dtype == torch.float32
    np.testing.assert_allclose(standardised.detach(), standardised_by_hand(conv.weight), atol=2e-3)


def test_the_convolution_uses_the_standardised_weight() -> None:
    torch.manual_seed(0)
    conv, x = StdConv2d(4, 6, 3, stride=2), torch.randn(1, 4, 9, 9)
    weight = torch.from_numpy(standardised_by_hand(conv.weight)).float()
    expected = nn.functional.conv2d(x, weight, stride=2, padding=1)
    torch.testing.assert_close(conv(x), expected)
    torch.testing.assert_close(infer(conv.eval(), x), expected)


def relative_error(rough: torch.Tensor, exact: torch.Tensor) -> float:
    return float((rough.float() - exact.float()).square().mean().sqrt() / exact.float().std())


def test_every_layer_of_the_stem_is_right_to_bfloat16_rounding_under_autocast(small: TransUNet) -> None:
    """Layer by layer, because a random stem makes 40 % at its end of 0.4 % at its input."""
    stem = copy.deepcopy(small.transformer.embeddings.hybrid_model)
    errors = []

    def compare(layer: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        with torch.autocast("cpu", enabled=False):
            exact = layer.forward(inputs[0].float())
        errors.append(relative_error(output, exact))

    for layer in stem.modules():
        if isinstance(layer, StdConv2d | nn.GroupNorm):
            layer.register_forward_hook(compare)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        trunk = stem(torch.randn(2, 1, 64, 64)).trunk
    assert trunk.dtype == torch.bfloat16
    assert len(errors) == 2 * (1 + 16 * 3 + 3)
    assert max(errors) < 2**-7


def test_the_whole_network_infers_and_trains_under_autocast(small: TransUNet) -> None:
    x, model = torch.randn(2, 1, 64, 64), copy.deepcopy(small)
    exact = infer(model, x)
    with torch.autocast("cpu", torch.bfloat16):
        rough = infer(model, x)
        loss = model.train()(x).float().mean()
    loss.backward()
    assert rough.dtype == torch.bfloat16
    assert relative_error(rough, exact) < 0.1
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_channels_last_gives_the_same_output(small: TransUNet) -> None:
    x = torch.randn(2, 1, 64, 96)
    model = copy.deepcopy(small).to(memory_format=torch.channels_last)
    out = infer(model, x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(out, infer(small, x), atol=1e-5, rtol=1e-4)


# ------------------------------------------------------------------------------------------- folding
@pytest.fixture
def seasoned(small: TransUNet) -> TransUNet:
    """A network whose BatchNorms have seen something."""
    model = copy.deepcopy(small).train()
    with torch.no_grad():
        for _ in range(3):
            model(3 * torch.randn(2, 1, 64, 64) + 1)
    return model.eval()


def test_folded_inference_equals_the_unfolded(seasoned: TransUNet) -> None:
    x = torch.randn(1, 1, 64, 64)
    unfolded = seasoned(x).detach()  # with gradients: nothing is folded
    torch.testing.assert_close(infer(seasoned, x), unfolded, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(infer(seasoned, x), unfolded, atol=1e-5, rtol=1e-4)
    with torch.inference_mode():
        torch.testing.assert_close(seasoned(x), unfolded, atol=1e-5, rtol=1e-4)


def change_by_optimiser(model: TransUNet) -> None:
    model(torch.randn(2, 1, 32, 32)).mean().backward()
    torch.optim.SGD(model.parameters(), lr=1.0).step()


def change_by_load(model: TransUNet) -> None:
    torch.manual_seed(1)
    model.load_state_dict(TransUNet(SMALL).state_dict())


def change_behind_autograd(model: TransUNet) -> None:
    for parameter in model.parameters():
        parameter.data.mul_(-1.0)  # counted by no version; evaluation starts with eval()
    model.eval()


def change_statistics(model: TransUNet) -> None:
    model.decoder.blocks[3].conv2[1].running_mean.sub_(1.0)


@pytest.mark.parametrize(
    "change", [change_by_optimiser, change_by_load, change_behind_autograd, change_statistics]
)
def test_changed_weights_are_folded_anew(seasoned: TransUNet, change: object) -> None:
    x = torch.randn(1, 1, 64, 64)
    before = infer(seasoned, x)
    change(seasoned)
    after = infer(seasoned, x)
    assert not torch.allclose(after, before, atol=1e-3)
    torch.testing.assert_close(after, seasoned(x).detach(), atol=1e-4, rtol=1e-3)


def test_a_unit_whose_norm_still_learns_is_not_folded(seasoned: TransUNet) -> None:
    unit = seasoned.decoder.blocks[3].conv2
    unit[1].train()
    before = unit[1].running_mean.clone()
    infer(seasoned, torch.randn(1, 1, 64, 64))
    assert not torch.equal(unit[1].running_mean, before)


def test_precision_may_change_between_inferences(seasoned: TransUNet) -> None:
    x = torch.randn(1, 1, 64, 64)
    exact = infer(seasoned, x)
    with torch.autocast("cpu", torch.bfloat16):
        assert infer(seasoned, x).dtype == torch.bfloat16
    assert torch.equal(infer(seasoned, x), exact)


def test_folding_leaves_the_state_alone(seasoned: TransUNet) -> None:
    before = copy.deepcopy(seasoned.state_dict())
    infer(seasoned, torch.randn(1, 1, 32, 32))
    after = seasoned.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_copies_fold_for_themselves(seasoned: TransUNet) -> None:
    x = torch.randn(1, 1, 32, 32)
    infer(seasoned, x)
    for twin in (copy.deepcopy(seasoned), pickle.loads(pickle.dumps(seasoned))):  # noqa: S301 - our own bytes
        change_behind_autograd(twin)
        assert not torch.allclose(infer(twin, x), infer(seasoned, x), atol=1e-3)
