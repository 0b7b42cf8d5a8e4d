"""ImageNet weights of smp's family: where they are published, and the same features for grey images."""

from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import timm
import torch
from emseg_bench.benchmark.contracts.errors import UsageError, WeightsError, WeightsUnavailableError
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, to_metadata
from emseg_bench.models import encoder_loading, imagenet_files, smp_networks, smp_weights
from safetensors.torch import save_file
from segmentation_models_pytorch.encoders import get_encoder
from torch import Tensor, nn

SIDE = 64
"""Of the images, px."""


def as_published(encoder: str) -> nn.Module:
    """An encoder with random weights, as smp or timm makes it for colour images, with its classifier."""
    torch.manual_seed(3)
    if encoder.startswith("tu-"):
        model: nn.Module = timm.create_model(
            encoder.removeprefix("tu-"), **({"dynamic_img_size": True} if "vit" in encoder else {})
        )
    else:
        model = get_encoder(encoder, weights=None)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):  # as after training
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return model.eval()


def features(published: nn.Module, image: Tensor) -> list[Tensor]:
    """Its feature maps by smp's own encoder, or by timm's whole model, which smp does not touch."""
    if hasattr(published, "forward_intermediates"):
        maps: list[Tensor] = published.forward_intermediates(image, intermediates_only=True)
    else:
        maps = published(image)[1:]  # the first feature is the image itself
    return [one for one in maps if one.shape[1]]


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, dict[str, Tensor]], Path]:
    """Puts an encoder's file into a hub cache, where the hub's own client looks for it."""
    folder = tmp_path / "hub"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder))

    def put(encoder: str, state: dict[str, Tensor]) -> Path:
        wanted = imagenet_files.published_encoder(encoder)
        repository = folder / f"models--{wanted.repository.replace('/', '--')}"
        (repository / "snapshots" / "0123").mkdir(parents=True)
        (repository / "refs").mkdir()
        (repository / "refs" / wanted.revision).write_text("0123")
        path = repository / "snapshots" / "0123" / wanted.name
        save_file({name: value.clone().contiguous() for name, value in state.items()}, path)
        return path

    return put


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    "encoder",
    [
        "mobileone_s0",  # several filters side by side read the image
        "mit_b0",
        "tu-convnext_atto.d2_in1k",
        "tu-pvt_v2_b0.in1k",
        "tu-resnet10t.c3_in1k",  # a stem of three convolutions
        "tu-vit_tiny_patch16_224.augreg_in21k_ft_in1k",
    ],
)
def test_an_image_of_equal_channels_gives_the_published_features(
    encoder: str, channels: int, hub_cache
) -> None:
    published = as_published(encoder)
    file = hub_cache(encoder, published.state_dict())
    assert smp_weights.imagenet.obtain({"encoder": encoder}, None) == file
    is_vit = "vit" in encoder
    model = smp_networks.build("DPT" if is_vit else "Unet", channels, 1, encoder).eval()
    line = smp_weights.imagenet.load(model, file)
    assert line.startswith(f"encoder {encoder} from ImageNet (")
    image = torch.randn(2, 1, SIDE, SIDE)
    with torch.no_grad():
        maps = model.get_submodule("encoder")(image.expand(-1, channels, -1, -1))
        theirs = features(published, image.expand(-1, 3, -1, -1))
    mine = maps[0] if is_vit else [one for one in maps[1:] if one.shape[1]]
    for one, other in zip(mine, theirs[2::3] if is_vit else theirs, strict=True):  # DPT: every third block
        assert (one - other).abs().max() < 1e-4 * other.std()


def test_dilation_changes_no_weight(hub_cache) -> None:
    encoder = "tu-resnet10t.c3_in1k"
    file = hub_cache(encoder, as_published(encoder).state_dict())
    plain, dilated = (smp_networks.build(decoder, 1, 1, encoder) for decoder in ("Unet", "DeepLabV3"))
    for model in (plain, dilated):
        smp_weights.imagenet.load(model, file)
    for name, value in plain.get_submodule("encoder").state_dict().items():
        assert torch.equal(value, dilated.get_submodule("encoder").state_dict()[name])


@pytest.mark.parametrize("fault", ["lacks", "other"])
def test_a_file_that_is_not_whole_is_refused(fault: str, tmp_path: Path) -> None:
    state = as_published("tu-convnext_atto").state_dict()
    name = "stages.2.blocks.0.conv_dw.weight"
    state = (
        {k: v for k, v in state.items() if k != name} if fault == "lacks" else {**state, name: torch.ones(3)}
    )
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(WeightsError, match=f"does not fit the encoder 'tu-convnext_atto'.*{name}"):
        smp_weights.imagenet.load(
            smp_networks.build("FPN", 1, 1, "tu-convnext_atto"), tmp_path / "model.safetensors"
        )


def test_filters_that_cannot_be_adapted_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of TResNet, which reads blocks of 4 x 4 px as 48 channels."""
    model = smp_networks.build("FPN", 1, 1, "tu-convnext_atto")
    state = {**model.get_submodule("encoder").state_dict(), "model.stem_0.weight": torch.ones(40, 48, 1, 1)}
    monkeypatch.setattr(smp_weights, "_published_state", lambda made, path: state)
    with pytest.raises(WeightsError, match=r"cannot be adapted to images of 1 channels.*\(40, 48, 1, 1\)"):
        smp_weights.imagenet.load(model, tmp_path)


# ------------------------------------------------------------------------------------ where they are
def test_the_cards_encoders_are_where_timm_says() -> None:
    assert len(imagenet_files._OF_CARDS) == 14
    for name in imagenet_files._OF_CARDS:
        assert timm.get_pretrained_cfg(name).hf_hub_id == f"timm/{name}"
        assert timm.get_pretrained_cfg(name).hf_hub_filename is None


def test_absent_weights_of_timms_are_reported_at_once(hub_cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", refuse)
    with pytest.raises(
        WeightsUnavailableError, match=r"hf download timm/swin_tiny_patch4_window7_224.ms_in1k "
    ):
        smp_weights.upernet_swin_imagenet.obtain({"size": "tiny"}, None)


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        ("tu-convnext_atto_rms", "timm publishes none for it"),
        ("tu-vit_small_patch16_dinov3", "'lvd1689m', which is not ImageNet with labels"),
        ("tu-vit_base_patch16_siglip_224", "which is not ImageNet with labels"),
        ("tu-eva02_tiny_patch14_224.mim_in22k", "'mim_in22k', which is not ImageNet with labels"),
        ("tu-vit_base_patch16_224.mae", "'mae', which is not ImageNet with labels"),
    ],
)
def test_a_timm_encoder_without_imagenet_weights_is_refused(encoder: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        imagenet_files.published_encoder(encoder)


def test_an_untagged_encoder_of_timms_means_timms_default() -> None:
    assert imagenet_files.published_encoder("tu-pvt_v2_b0").repository == "timm/pvt_v2_b0.in1k"


# --------------------------------------------------------------------------------------------- files
@pytest.mark.parametrize(
    ("decoder", "encoder"), [("FPN", "tu-convnext_atto"), ("DPT", "tu-vit_tiny_patch16_224")]
)
def test_an_encoder_alone_is_loaded_for_another_number_of_channels(
    decoder: str, encoder: str, tmp_path: Path
) -> None:
    trained, model = (smp_networks.build(decoder, channels, 1, encoder) for channels in (1, 3))
    state = {
        f"encoder.{name}": value for name, value in trained.get_submodule("encoder").state_dict().items()
    }
    save_file(state, tmp_path / "encoder.safetensors", to_metadata(_pretrained(encoder)))
    line = smp_weights.file.load(model, tmp_path / "encoder.safetensors")
    assert line.endswith(f"({len(state)} tensors, adapted from 1 to 3 channels); decoder and head random")
    filters = trained.state_dict()[first := _first_filters(trained)]
    torch.testing.assert_close(model.state_dict()[first], filters.repeat(1, 3, 1, 1) / 3)


def _pretrained(encoder: str) -> WeightsInfo:
    return WeightsInfo(
        model="smp", options={"encoder": encoder}, channels=1, num_logits=None, origin="a test"
    )


def _first_filters(model: nn.Module) -> str:
    return next(name for name, value in model.state_dict().items() if value.ndim == 4 and value.shape[1] == 1)


def test_only_filters_that_differ_in_their_input_channels_are_adapted() -> None:
    state = {
        "a": torch.ones(4, 3, 2, 2),
        "b": torch.ones(4, 5, 2, 2),
        "c": torch.ones(4, 3, 1, 1),
        "d": torch.ones(3),
    }
    expected = {"a": torch.ones(4, 1, 2, 2), "b": torch.ones(4, 5, 2, 2), "c": torch.ones(4, 3, 1, 1)}
    fitted, trained_on = encoder_loading.fit_image_filters(state, expected, 1)
    assert trained_on == 3
    assert torch.equal(fitted.pop("a"), torch.full((4, 1, 2, 2), 3.0))
    assert all(fitted[name] is state[name] for name in "bcd")


def test_unet_resnet50_takes_the_published_files_of_unet() -> None:
    for init in ("cem500k_mocov2", "imagenet_mocov2"):
        source = getattr(smp_weights, f"unet_resnet50_{init}")
        with pytest.raises(WeightsUnavailableError, match=f"the weights unet-{init.replace('_', '-')} "):
            source.obtain({}, None)
