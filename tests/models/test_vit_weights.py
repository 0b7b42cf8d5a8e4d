"""Foundation models' weight files: told by names and shapes, converted, and put into ``vit-seg``.

Most tensors are one number seen through a shape, so that whole networks make files of a few kilobytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import timm
import torch
from emseg_bench.benchmark.contracts.errors import UsageError, WeightsError, WeightsUnavailableError
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.weights.importing import ImportOptions, import_weights
from emseg_bench.benchmark.weights.library import Library
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, to_metadata
from emseg_bench.models.vit import formats, weights
from emseg_bench.models.vit.network import create
from emseg_bench.models.vit.weights import FoundationWeights
from safetensors.torch import save_file

State = dict[str, torch.Tensor]
TINY = "test_vit"


def timms(encoder: str, channels: int = 3, **others: object) -> State:
    """What timm's encoder is called and shaped like, in a file that takes no room."""
    with torch.device("meta"):
        model = timm.create_model(encoder, in_chans=channels, num_classes=0, **others)
    return {name: torch.zeros(()).expand(value.shape) for name, value in model.state_dict().items()}


def zeros(*shape: int) -> torch.Tensor:
    return torch.zeros(()).expand(shape)


def dinov2(state: State) -> State:
    """The layout of Meta's DINOv2 with registers, whose class token has a position."""
    positions = state["pos_embed"]
    own = {
        name: value for name, value in state.items() if name not in ("reg_token", "cls_token", "pos_embed")
    }
    width = positions.shape[2]
    return {
        **own,
        "cls_token": zeros(1, 1, width),
        "register_tokens": zeros(*state["reg_token"].shape),
        "pos_embed": zeros(1, positions.shape[1] + 1, width),
        "mask_token": zeros(1, width),
    }


def teacher(state: State) -> dict[str, State]:
    """The layout of a checkpoint of DINOv2's training: the teacher, in chunks of blocks, with its heads."""
    chunked = {
        "backbone."
        + re.sub(r"^blocks\.(\d+)\.", lambda found: f"blocks.{int(found[1]) // 6}.{found[1]}.", name): value
        for name, value in dinov2(state).items()
    }
    return {"teacher": {**chunked, "dino_head.last_layer.weight_v": zeros(9, 9)}}


def dinov3(state: State, bias: float = 0.0) -> State:
    """The layout of Meta's DINOv3: biases with a mask for those of keys, storage tokens, periods of RoPE."""
    renamed = {
        name.replace("gamma_1", "ls1.gamma")
        .replace("gamma_2", "ls2.gamma")
        .replace("reg_token", "storage_tokens"): value
        for name, value in state.items()
        if not name.endswith(("q_bias", "v_bias", "k_bias"))
    }
    width = state["cls_token"].shape[2]
    for block in range(12):
        renamed[f"blocks.{block}.attn.qkv.bias"] = torch.full((), bias).expand(3 * width)
        renamed[f"blocks.{block}.attn.qkv.bias_mask"] = zeros(3 * width)
    return {**renamed, "mask_token": zeros(1, width), "rope_embed.periods": zeros(16)}


def sam(state: State) -> State:
    """The layout of Segment Anything: the encoder beside what decodes its maps."""
    encoder = {f"image_encoder.{name.replace('mlp.fc', 'mlp.lin')}": value for name, value in state.items()}
    return {
        **encoder,
        "mask_decoder.iou_token.weight": zeros(1, 256),
        "prompt_encoder.not_a_point_embed.weight": zeros(1, 256),
    }


def sam2(state: State) -> dict[str, State]:
    """The layout of Segment Anything 2."""
    layers = {"mlp.fc1": "mlp.layers.0", "mlp.fc2": "mlp.layers.1"}
    encoder = {
        "image_encoder.trunk." + re.sub(r"mlp\.fc\d", lambda found: layers[found[0]], name): value
        for name, value in state.items()
    }
    return {
        "model": {
            **encoder,
            "image_encoder.neck.convs.0.conv.weight": zeros(256, 9, 1, 1),
            "maskmem_tpos_enc": zeros(7, 1, 1, 64),
        }
    }


def mae(state: State) -> dict[str, State]:
    """The layout of a checkpoint of the masked autoencoder, with its decoder."""
    return {
        "model": {
            **state,
            "mask_token": zeros(1, 1, 512),
            "decoder_blocks.0.norm1.weight": zeros(512),
            "decoder_pos_embed": zeros(1, 197, 512),
        }
    }


def eva02(state: State) -> dict[str, State]:
    """The layout of a checkpoint of EVA-02's pre-training, with the head that predicts CLIP's features."""
    return {
        "module": {
            **{name.replace("fc_norm", "norm"): value for name, value in state.items()},
            "mask_token": zeros(1, 1, 192),
            "lm_head.weight": zeros(9, 192),
            "lm_head.bias": zeros(9),
        }
    }


@pytest.mark.parametrize(
    ("encoder", "layout"),
    [
        ("vit_small_patch14_reg4_dinov2", dict),
        ("vit_small_patch14_reg4_dinov2", dinov2),
        ("vit_small_patch14_reg4_dinov2", teacher),
        ("vit_small_patch14_dinov2", dict),
        ("vit_small_patch16_dinov3", dict),
        ("vit_small_patch16_dinov3", dinov3),
        ("vit_small_patch16_dinov3_qkvb", lambda state: dinov3(state, bias=1.0)),
        ("samvit_base_patch16", dict),
        ("samvit_base_patch16", sam),
        ("sam2_hiera_tiny", dict),
        ("sam2_hiera_tiny", sam2),
        ("vit_base_patch16_224", mae),
        ("vit_small_patch8_224", dict),
        ("eva02_tiny_patch14_224", dict),
        ("eva02_tiny_patch14_224", eva02),
    ],
)
def test_an_encoder_is_told_by_names_and_shapes(
    encoder: str, layout: Callable[[State], object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(layout(timms(encoder)), tmp_path / "published.pth")
    found = formats.recognise(tmp_path / "published.pth")
    assert found is not None
    assert (found.options, found.channels, found.num_logits) == ({"encoder": encoder}, 3, None)
    with torch.device("meta"):
        network = create(1, 1, encoder, "linear", "even")
    expected = {name for name in network.state_dict() if name.startswith(formats.ENCODER)}
    assert found.state.keys() >= expected
    assert "".join(capsys.readouterr()) == ""


def test_files_of_other_kinds_are_left_alone(tmp_path: Path) -> None:
    for number, content in enumerate(
        ({"a": torch.ones(1)}, {formats.PATCHES: torch.ones(2)}, [1], {"model": 3})
    ):
        torch.save(content, tmp_path / f"{number}.pth")
        assert formats.recognise(tmp_path / f"{number}.pth") is None
    torch.save(timms("vit_tiny_patch16_224"), tmp_path / "unknown.pth")
    with pytest.raises(
        WeightsError, match=r"none that is known here; compared with .*vit-seg\[encoder=NAME\]@file"
    ):
        formats.recognise(tmp_path / "unknown.pth")


def test_a_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    state = timms(TINY)
    del state["blocks.3.mlp.fc2.bias"]
    torch.save(state, tmp_path / "cut.pth")
    with pytest.raises(WeightsError, match=r"'test_vit': missing in the file: blocks.3.mlp.fc2.bias"):
        formats.encoder_in(tmp_path / "cut.pth", TINY)
    torch.save({**timms(TINY), "blocks.0.norm1.bias": torch.full((64,), torch.nan)}, tmp_path / "nan.pth")
    with pytest.raises(WeightsError, match=r"NaN or infinite values in blocks.0.norm1.bias"):
        formats.encoder_in(tmp_path / "nan.pth", TINY)
    torch.save({"a": torch.ones(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="holds no vision transformer or Hiera"):
        formats.encoder_in(tmp_path / "other.pth", TINY)


# ------------------------------------------------------------------------------------ into the network
@pytest.mark.parametrize("channels", [1, 2])
def test_grey_images_give_the_features_that_the_encoder_gives_of_them_in_colour(
    channels: int, tmp_path: Path
) -> None:
    torch.manual_seed(1)
    published = timm.create_model(TINY, num_classes=5, dynamic_img_size=True).eval()
    torch.save(published.state_dict(), tmp_path / "published.pth")
    network = create(channels, 1, TINY, "linear", "2+4").eval()
    line = weights.file.load(network, tmp_path / "published.pth")
    assert re.fullmatch(
        r"published.pth: encoder test_vit loaded "
        rf"\(\d+ tensors, adapted from 3 to {channels} channels\); head random",
        line,
    )
    image = torch.randn(2, 1, 64, 96)
    with torch.no_grad():
        maps = network.encoder(image.expand(-1, channels, -1, -1))
        theirs = published.forward_intermediates(
            image.expand(-1, 3, -1, -1), indices=[1, 3], norm=False, intermediates_only=True
        )
        theirs = [network.encoder.model.norm(one.movedim(1, 3)).movedim(3, 1) for one in theirs]
    for one, other in zip(maps, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_metas_dinov2_gives_the_features_of_its_own_arithmetic(tmp_path: Path) -> None:
    """The class token's position is added to the token; registers have none (Darcet et al. 2024)."""
    torch.manual_seed(2)
    model = timm.create_model("vit_small_patch14_reg4_dinov2", num_classes=0, global_pool="").eval()
    state = dict(model.state_dict())
    position = torch.randn(1, 1, 384)
    meta = dinov2(state) | {
        "register_tokens": state["reg_token"],
        "cls_token": state["cls_token"] - position,
        "pos_embed": torch.cat([position, state["pos_embed"]], dim=1),
    }
    torch.save({name: value.contiguous() for name, value in meta.items()}, tmp_path / "meta.pth")
    network = create(3, 1, "vit_small_patch14_reg4_dinov2", "linear")
    weights.file.load(network, tmp_path / "meta.pth")
    image = torch.randn(1, 3, 518, 518)
    with torch.no_grad():
        tokens = model.forward_features(image)[:, 5:]
        deepest = network.eval().encoder(image)[-1]
    torch.testing.assert_close(deepest.flatten(2).mT, tokens, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("classes", [1, 3])
def test_a_file_of_the_network_itself_is_loaded_but_for_another_head(classes: int, tmp_path: Path) -> None:
    trained, network = create(1, 1, TINY, "conv"), create(1, classes, TINY, "conv")
    info = WeightsInfo(
        model="vit-seg",
        options={"encoder": TINY, "head": "conv", "layers": "auto"},
        channels=1,
        num_logits=1,
        origin="a test",
    )
    save_file(trained.state_dict(), tmp_path / "trained.safetensors", to_metadata(info))
    before = network.classifier.state_dict()["weight"].clone()
    line = weights.file.load(network, tmp_path / "trained.safetensors")
    assert line.endswith(
        "all 92 tensors loaded" if classes == 1 else "90 of 92 tensors loaded; classifier random"
    )
    own = network.state_dict()
    assert all(
        torch.equal(own[name], value)
        for name, value in trained.state_dict().items()
        if "classifier" not in name
    )
    assert torch.equal(
        own["classifier.weight"], trained.state_dict()["classifier.weight"] if classes == 1 else before
    )


# ------------------------------------------------------------------------------------- where they are
@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", refuse)
    return Library.here()


def test_an_imported_file_is_found_where_there_is_no_network(library: Library, tmp_path: Path) -> None:
    options = {"encoder": "eva02_tiny_patch14_224"}
    source = FoundationWeights("eva02")
    with pytest.raises(
        WeightsUnavailableError, match=r"weights import FILE --as eva02_tiny_patch14_224.mim_in22k"
    ):
        source.obtain(options, None)
    torch.save(eva02(timms("eva02_tiny_patch14_224")), tmp_path / "eva02_Ti.pt")
    entry = import_weights(tmp_path / "eva02_Ti.pt", load_plugins().catalogue, library, ImportOptions())
    assert entry.name == "eva02_tiny_patch14_224.mim_in22k"
    assert entry.usable_as == "vit-seg[encoder=eva02_tiny_patch14_224]@eva02"
    path = source.obtain(options, None)
    assert path == library.file(entry.name)
    network = create(1, 2, "eva02_tiny_patch14_224", "linear")
    assert "adapted from 3 to 1 channels" in source.load(network, path)
    assert not any(value.any() for value in network.encoder.model.blocks.state_dict().values())


def test_what_one_shape_can_be_is_asked(library: Library, tmp_path: Path) -> None:
    torch.save(sam2(timms("sam2_hiera_tiny")), tmp_path / "sam2.pt")
    catalogue = load_plugins().catalogue
    with pytest.raises(
        UsageError, match=r"one of sam2_hiera_tiny.fb_r896\w*, sam2_hiera_tiny.fb_r896\w*, or a name"
    ):
        import_weights(tmp_path / "sam2.pt", catalogue, library, ImportOptions())
    name = "sam2_hiera_tiny.fb_r896"
    entry = import_weights(tmp_path / "sam2.pt", catalogue, library, ImportOptions(name=name))
    assert entry.usable_as == "vit-seg[encoder=sam2_hiera_tiny]@sam2"
    assert FoundationWeights("sam2").obtain({"encoder": "sam2_hiera_tiny"}, None) == library.file(name)
    with pytest.raises(WeightsUnavailableError):
        FoundationWeights("sam2.1").obtain({"encoder": "sam2_hiera_tiny"}, None)


def test_em_dino_comes_from_a_file_alone(library: Library) -> None:
    with pytest.raises(WeightsUnavailableError, match=r"no address .* is known; .*--as em-dino"):
        FoundationWeights("em-dino").obtain({"encoder": "vit_large_patch14_dinov2"}, None)
    with pytest.raises(UsageError, match="no @em-dino weights for the encoder 'vit_small_patch14_dinov2'"):
        FoundationWeights("em-dino").obtain({"encoder": "vit_small_patch14_dinov2"}, None)


@pytest.mark.parametrize(
    ("init", "encoder", "words"),
    [
        (
            "dinov2",
            "vit_small_patch16_dinov3",
            "it has @dinov3; @dinov2 goes with encoder=vit_small_patch14_dinov2",
        ),
        ("imagenet", "vit_small_patch14_dinov2", "it has @dinov2"),
        ("dinov2", TINY, "it has @imagenet"),
        ("dinov2", "vit_base_patch16_rope_224", "it has @imagenet"),
    ],
)
def test_weights_that_an_encoder_has_not_are_refused(
    init: str, encoder: str, words: str, library: Library
) -> None:
    with pytest.raises(UsageError, match=f"no @{init} weights .*{words}"):
        FoundationWeights(init).obtain({"encoder": encoder}, None)


def test_an_encoder_that_is_not_in_our_table_has_what_timm_publishes(library: Library) -> None:
    with pytest.raises(WeightsUnavailableError, match=r"timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k"):
        FoundationWeights("imagenet").obtain({"encoder": "vit_tiny_patch16_224"}, None)
    with pytest.raises(WeightsUnavailableError, match=r"timm/vit_base_patch16_224.augreg2_in21k_ft_in1k"):
        FoundationWeights("imagenet").obtain({"encoder": "vit_base_patch16_224"}, None)
