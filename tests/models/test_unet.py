"""The U-Net: shapes, encoders, and the weights it may start from."""

import ast
import copy
import time
from pathlib import Path

import huggingface_hub
import pytest
import segmentation_models_pytorch as smp
import torch
from emseg_bench.benchmark.contracts.errors import (
    UnknownNameError,
    UsageError,
    WeightsError,
    WeightsUnavailableError,
)
from emseg_bench.models import hub, imagenet_files, smp_models, smp_networks, smp_weights
from emseg_bench.models.smp_options import UNetOptions
from safetensors.torch import save_file
from torch import nn

ENCODER = "resnet18"
ENCODERS = smp.encoders.encoders


def network(seed: int = 0, in_channels: int = 1, num_classes: int = 1, encoder: str = ENCODER) -> nn.Module:
    torch.manual_seed(seed)
    return smp_models.unet(in_channels, num_classes, encoder).eval()


# -------------------------------------------------------------------------------------------- network
@pytest.mark.parametrize("encoder", [ENCODER, "mit_b0", "tu-convnext_atto"])
def test_logits_have_the_sides_of_the_image(encoder: str) -> None:
    model = network(in_channels=2, num_classes=3, encoder=encoder)
    assert model(torch.randn(1, 2, 64, 96)).shape == (1, 3, 64, 96)
    assert model.made == smp_networks.Made("Unet", encoder, 2)


def test_the_default_encoder_is_that_of_the_options() -> None:
    assert smp_models.unet(1, 1).made.encoder == UNetOptions().encoder == "resnet34"


def test_an_unknown_encoder_is_refused_with_a_near_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'resnet34'"):
        smp_models.unet(1, 1, "resnet340")


def test_an_unknown_timm_encoder_is_refused_with_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'tu-convnext_") as caught:
        smp_models.unet(1, 1, "tu-convnext_atom")
    assert len(str(caught.value)) < 300


def test_an_encoder_that_cannot_serve_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'tu-vit_tiny_patch16_224' cannot serve the decoder Unet"):
        smp_models.unet(1, 1, "tu-vit_tiny_patch16_224")


# ------------------------------------------------------------------------------------------- imagenet
@pytest.fixture
def encoder_file(tmp_path: Path) -> Path:
    """An encoder's file as the hub has it, with its classifier."""
    torch.manual_seed(5)
    state = smp.encoders.get_encoder(ENCODER, weights=None).state_dict()
    path = tmp_path / "model.safetensors"
    save_file({**state, "fc.weight": torch.ones(1000, 512), "fc.bias": torch.ones(1000)}, path)
    return path


def published(path: Path) -> nn.Module:
    from safetensors.torch import load_file

    encoder = smp.encoders.get_encoder(ENCODER, weights=None)
    encoder.load_state_dict(load_file(path))
    return encoder.eval()


@pytest.mark.parametrize("channels", [1, 3])
def test_imagenet_weights_give_the_published_features(channels: int, encoder_file: Path) -> None:
    model = network(in_channels=channels)
    line = smp_weights.imagenet.load(model, encoder_file)
    assert line == "encoder resnet18 from ImageNet (120 tensors); decoder and head random"
    x = torch.randn(2, channels, 64, 64)
    expected = published(encoder_file)(x.expand(-1, 3, -1, -1))[1:]  # the first feature is the image itself
    for mine, theirs in zip(model.encoder(x)[1:], expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_imagenet_weights_leave_decoder_and_random_numbers_alone(encoder_file: Path) -> None:
    model = network()
    before = copy.deepcopy(model.decoder.state_dict())
    random_state = torch.get_rng_state()
    smp_weights.imagenet.load(model, encoder_file)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.decoder.state_dict().items())


def test_another_encoders_file_is_refused(encoder_file: Path) -> None:
    with pytest.raises(WeightsError, match=r"does not fit the encoder 'resnet34'.*layer"):
        smp_weights.imagenet.load(network(encoder="resnet34"), encoder_file)


def test_the_repositories_are_those_that_smp_lists() -> None:
    """They are read from smp's source, since importing it takes seconds; here it says them itself."""
    for encoder, entry in ENCODERS.items():
        listed = entry["pretrained_settings"].get("imagenet")
        if listed:
            found = imagenet_files.published_encoder(encoder)
            assert (found.repository, found.revision) == (listed["repo_id"], listed["revision"]), encoder


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        ("resnext101_32x16d", "has only instagram, ssl, swsl"),
        ("no-such-encoder", "publishes none for it"),
    ],
)
def test_an_encoder_without_imagenet_weights_is_refused(encoder: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        smp_weights.imagenet.obtain({"encoder": encoder}, None)


# ------------------------------------------------------------------------------------------------ hub
WANTED = hub.HubFile(
    repository="smp-hub/resnet18.imagenet", revision="3f2325ff978283d47aa6a1d6878ca20565622683"
)


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache."""
    folder = tmp_path / "hub"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder))
    return folder


def put_into(hub_cache: Path) -> Path:
    snapshot = hub_cache / "models--smp-hub--resnet18.imagenet" / "snapshots" / WANTED.revision
    snapshot.mkdir(parents=True)
    (snapshot / WANTED.name).write_bytes(b"weights")
    return snapshot / WANTED.name


def refuse_network(*_: object, **__: object) -> None:
    raise ConnectionError("no route to host\nsecond line")


def test_a_cached_file_needs_no_network(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put_into(hub_cache)
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", refuse_network)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse_network)
    assert smp_weights.imagenet.obtain({"encoder": ENCODER}, None) == file


def test_a_reachable_file_is_fetched(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(address: str, timeout: float) -> None:
        asked.append((address, timeout))

    def fetch(repository: str, name: str, revision: str) -> str:
        assert (repository, name, revision) == (WANTED.repository, WANTED.name, WANTED.revision)
        return str(put_into(hub_cache))

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", answer)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fetch)
    assert hub.obtain(WANTED, instead="").read_bytes() == b"weights"
    [(address, timeout)] = asked
    assert address.endswith(f"/{WANTED.repository}/resolve/{WANTED.revision}/{WANTED.name}")
    assert timeout == hub.REACH_SECONDS


def test_an_unreachable_file_comes_with_the_remedy(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", refuse_network)
    with pytest.raises(WeightsUnavailableError) as caught:
        smp_weights.imagenet.obtain({"encoder": ENCODER}, None)
    message = str(caught.value)
    assert f"not in the cache {hub_cache}" in message
    assert "(ConnectionError: no route to host)" in message
    assert f"hf download {WANTED.repository} {WANTED.name} --revision {WANTED.revision}" in message
    assert "start from @scratch or @file:" in message


def test_an_unreachable_hub_is_noticed_at_once(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the hub's own client, against a port that nobody listens on."""
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(
        huggingface_hub.constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}",
    )
    start = time.monotonic()
    with pytest.raises(WeightsUnavailableError, match="could not be fetched"):
        hub.obtain(WANTED, instead="")
    assert time.monotonic() - start < hub.REACH_SECONDS


# ----------------------------------------------------------------------------------------------- file
def test_a_file_of_the_same_network_is_loaded_whole(tmp_path: Path) -> None:
    trained, model, x = network(1), network(2), torch.randn(1, 1, 32, 32)
    path = tmp_path / "unet.safetensors"
    save_file(trained.state_dict(), path)
    assert smp_weights.file.load(model, path) == "unet.safetensors: all 182 tensors loaded"
    assert torch.equal(model(x), trained(x))


def test_a_head_of_other_classes_stays_random(tmp_path: Path) -> None:
    trained, model = network(1, num_classes=4), network(2)
    head = copy.deepcopy(model.segmentation_head.state_dict())
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    line = smp_weights.file.load(model, tmp_path / "w.pt")
    assert line == "w.pt: 180 of 182 tensors loaded; head random (none of its shape)"
    assert torch.equal(model.segmentation_head[0].weight, head["0.weight"])
    assert torch.equal(model.encoder.conv1.weight, trained.encoder.conv1.weight)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"encoder": "resnet34"}, "unknown to the model: encoder.layer1.2"),
        ({"in_channels": 3}, r"encoder.conv1.weight \(64, 3, 7, 7\) instead of \(64, 1, 7, 7\)"),
    ],
)
def test_a_file_of_another_network_is_refused(held: dict, words: str, tmp_path: Path) -> None:
    torch.save(network(1, **held).state_dict(), tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=words):
        smp_weights.file.load(network(2), tmp_path / "w.pt")


def test_a_named_file_is_given(tmp_path: Path) -> None:
    (tmp_path / "w.pt").touch()
    assert smp_weights.file.obtain({"encoder": ENCODER}, str(tmp_path / "w.pt")) == tmp_path / "w.pt"
    with pytest.raises(WeightsError, match="found nothing"):
        smp_weights.file.obtain({"encoder": ENCODER}, str(tmp_path / "v.pt"))


def test_only_plain_values_are_read_from_a_source() -> None:
    tree = ast.parse('x = {"e": {"pretrained_settings": {"imagenet": 1}, "f": {"e": 2}}, "e": g({})}')
    assert [ast.literal_eval(node)["f"] for node in imagenet_files._values_of("e", tree)] == [{"e": 2}]
