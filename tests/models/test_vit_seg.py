"""The foundation models' encoders: which there are, what they take, and what the heads make of their maps."""

from __future__ import annotations

import pytest
import timm
import torch
from emseg_bench.benchmark.contracts.errors import UnknownNameError, UsageError
from emseg_bench.models.vit import facts
from emseg_bench.models.vit.backbone import Backbone, try_out
from emseg_bench.models.vit.encoders import KNOWN, Encoder, init_of, published
from emseg_bench.models.vit.heads import Upsampling
from emseg_bench.models.vit.network import create
from emseg_bench.models.vit.options import VitSegOptions, chosen_layers, size_divisor
from emseg_bench.models.vit.published import FOUNDATION_WEIGHTS, INITIALISATIONS
from hypothesis import given
from hypothesis import strategies as st

TINY = "test_vit"
"""timm's own test encoder: 6 blocks, 64 wide, patches of 16 px, built for 160 px."""
SMALLEST = (
    "vit_small_patch14_dinov2",
    "vit_small_patch14_reg4_dinov2",
    "vit_small_patch16_dinov3",
    "samvit_base_patch16",
    "sam2_hiera_tiny",
    "vit_small_patch16_224",
    "eva02_tiny_patch14_224",
)
PLAIN = Encoder(patch=16, depth=12)
HIERA = Encoder(patch=32, depth=4, pyramid=True)
LICENCES = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "dinov3-license": "DINOv3 License (Meta)",
}
"""As timm writes them, and as our cards do."""


@pytest.mark.parametrize("encoder", SMALLEST)
def test_what_is_known_of_an_encoder_is_what_it_is(encoder: str) -> None:
    assert try_out(encoder) == KNOWN[encoder]


def test_all_that_is_known_are_encoders_of_timms_with_patches_of_their_name() -> None:
    assert all(timm.is_model(encoder) for encoder in KNOWN)
    assert {facts.patch for facts in KNOWN.values()} == {8, 14, 16, 32}


def test_published_files_are_timms_with_their_licence_and_pixels() -> None:
    cards = {card.name: card for card in FOUNDATION_WEIGHTS}
    for file in published():
        config, card = timm.get_pretrained_cfg(file.name), cards[file.name]
        assert config is not None
        assert config.hf_hub_id == f"timm/{file.name}"
        assert card.licence == LICENCES[config.license]
        assert card.normalisation is not None
        assert (card.normalisation.mean, card.normalisation.std) == (config.mean, config.std)
        assert card.init in {init.name for init in INITIALISATIONS}
    assert len(cards) == len(FOUNDATION_WEIGHTS) == len(list(published())) + 1


@pytest.mark.parametrize(
    ("architecture", "tag", "init"),
    [
        ("vit_base_patch16_224", "mae", "mae"),
        ("vit_base_patch16_224", "augreg_in21k", "imagenet"),
        ("hiera_base_224", "mae_in1k_ft_in1k", "imagenet"),
        ("vit_base_patch16_224", "orig_in21k", "imagenet"),
        ("eva02_base_patch14_448", "mim_in22k_ft_in1k", "imagenet"),
        ("eva02_base_patch14_224", "mim_in22k", "eva02"),
        ("vit_base_patch16_clip_224", "openai", None),
        ("sam2_hiera_tiny", "fb_r896", "sam2"),
        ("sam2_hiera_tiny", "fb_r896_2pt1", "sam2.1"),
        ("vit_7b_patch16_dinov3", "sat493m", "dinov3-sat"),
    ],
)
def test_initialisations_say_what_weights_were_trained_on(
    architecture: str, tag: str, init: str | None
) -> None:
    assert init_of(architecture, tag) == init


@pytest.mark.parametrize(
    ("known", "head", "layers", "chosen"),
    [
        (PLAIN, "linear", "auto", (11,)),
        (PLAIN, "conv", "auto", (11,)),
        (PLAIN, "dpt", "auto", (2, 5, 8, 11)),  # as DINOv2's and DPT's authors take them
        (Encoder(14, 24), "dpt", "auto", (5, 11, 17, 23)),
        (PLAIN, "linear", "even", (2, 5, 8, 11)),
        (PLAIN, "linear", "6", (5,)),
        (PLAIN, "linear", "1+12", (0, 11)),
        (HIERA, "linear", "auto", (0, 1, 2, 3)),
        (HIERA, "conv", "last", (3,)),
    ],
)
def test_layers_are_counted_from_one(known: Encoder, head: str, layers: str, chosen: tuple[int, ...]) -> None:
    assert chosen_layers(known, head, layers) == chosen


@pytest.mark.parametrize("layers", ["0", "13", "6+3", "3+3", "3+", "x", "-1", "3 6", "²", "9999"])
def test_layers_that_there_are_not_are_refused(layers: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        chosen_layers(PLAIN, "linear", layers)


@given(st.text(max_size=8))
def test_any_text_for_layers_is_understood_or_refused(layers: str) -> None:
    try:
        chosen = chosen_layers(PLAIN, "linear", layers)
    except UsageError:
        return
    assert list(chosen) == sorted(set(chosen))
    assert set(chosen) <= set(range(PLAIN.depth))


def test_options_are_refused_with_a_reason() -> None:
    with pytest.raises(UsageError, match=r"merges 4 maps, got layers='6\+12' with 2"):
        VitSegOptions(head="dpt", layers="6+12")
    with pytest.raises(UnknownNameError, match="vit_small_patch14_dinov2"):
        VitSegOptions(encoder="vit_smal_patch14_dinov2")
    with pytest.raises(UsageError, match="without its tag"):
        VitSegOptions(encoder="vit_small_patch14_dinov2.lvd142m")
    for encoder in ("resnet18", "swin_tiny_patch4_window7_224", "hiera_tiny_224", "vitamin_small_224"):
        with pytest.raises(UsageError, match=f"{encoder}' cannot serve vit-seg"):
            VitSegOptions(encoder=encoder)


def test_an_encoder_is_tried_out_once_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    known = facts.facts_of(TINY)
    assert known == Encoder(patch=16, depth=6)
    monkeypatch.setattr(facts, "_try_out", lambda name: pytest.fail(name))
    assert facts.facts_of(TINY) == known


@pytest.mark.parametrize(
    ("encoder", "head", "divisor"),
    [
        ("vit_small_patch14_dinov2", "linear", 14),
        ("vit_small_patch14_dinov2", "fpn", 28),
        ("vit_small_patch16_dinov3", "conv", 16),
        ("samvit_base_patch16", "dpt", 32),
        ("sam2_hiera_tiny", "dpt", 32),
    ],
)
def test_sides_are_multiples_of_patches(encoder: str, head: str, divisor: int) -> None:
    assert size_divisor(encoder, head, "auto") == divisor


@pytest.mark.parametrize("head", ["linear", "conv", "fpn", "dpt"])
@pytest.mark.parametrize("encoder", [TINY, "sam2_hiera_tiny"])
def test_logits_have_the_images_size_and_everything_trains(encoder: str, head: str) -> None:
    network = create(1, 3, encoder, head)
    side = size_divisor(encoder, head, "auto")
    logits = network(torch.randn(2, 1, 2 * side, 3 * side))
    assert logits.shape == (2, 3, 2 * side, 3 * side)
    logits.square().mean().backward()
    assert [name for name, one in network.named_parameters() if one.grad is None] == []


@pytest.mark.parametrize("encoder", [TINY, "vit_small_patch14_reg4_dinov2", "vit_small_patch16_dinov3"])
def test_maps_are_timms_own_tokens_without_class_and_registers(encoder: str) -> None:
    # at the size that it was published for, where nothing is interpolated, by timm's plain forward pass
    own = timm.create_model(encoder, in_chans=1, num_classes=0, global_pool="").eval()
    side, depth = own.pretrained_cfg["input_size"][-1], len(own.blocks)
    backbone = Backbone(encoder, 1, [depth // 2, depth - 1]).eval()
    backbone.model.load_state_dict(own.state_dict())
    image = torch.randn(1, 1, side, side)
    with torch.no_grad():
        tokens = own.forward_features(image)[:, own.num_prefix_tokens :]
        deepest = backbone(image)[-1]
    assert own.num_prefix_tokens == (1 if encoder == TINY else 5)
    torch.testing.assert_close(deepest.flatten(2).mT, tokens, rtol=1e-4, atol=1e-4)


def test_position_embeddings_are_interpolated_to_the_image() -> None:
    backbone = Backbone(TINY, 1, [5]).eval()
    model = backbone.model
    grid = model.pos_embed[:, model.num_prefix_tokens :].detach().mT.reshape(1, 64, 10, 10)
    wanted = torch.nn.functional.interpolate(grid, (5, 20), mode="bicubic", antialias=True)
    seen: list[torch.Tensor] = []
    model.norm_pre.register_forward_hook(lambda _module, given, _output: seen.append(given[0]))
    with torch.no_grad():
        backbone(torch.zeros(1, 1, 80, 320))
        patches = model.patch_embed.proj(torch.zeros(1, 1, 80, 320))
    added = seen[0][:, model.num_prefix_tokens :].mT.reshape(1, 64, 5, 20) - patches
    torch.testing.assert_close(added, wanted, rtol=1e-4, atol=1e-5)


def test_blocks_behind_the_last_layer_are_not_built() -> None:
    short, whole = Backbone(TINY, 1, [2]), Backbone(TINY, 1, [5])
    assert len(short.model.blocks) == 3
    assert len(whole.model.blocks) == 6


def test_maps_that_the_encoder_did_not_norm_are_normed() -> None:
    network = create(1, 1, "sam2_hiera_tiny", "linear")
    maps = network.encoder(torch.randn(1, 1, 64, 64) * 5)
    for norm, one in zip(network.norms, maps, strict=True):
        normed = norm(one)
        assert normed.mean(1).abs().max() < 1e-4
        assert (normed.var(1, unbiased=False) - 1).abs().max() < 1e-2


@pytest.mark.parametrize(("stride", "channels"), [(16, 32), (14, 32), (8, 64), (4, 128), (32, 16), (2, 256)])
def test_upsampling_ends_at_half_the_side(stride: int, channels: int) -> None:
    features = Upsampling([8], stride)([torch.zeros(1, 8, 4, 4)])
    assert features.shape[1] == channels
    assert features.shape[2] / 4 / stride == pytest.approx(0.5, rel=0.15)
