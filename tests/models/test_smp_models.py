"""The models of smp's family: any pair of decoder and encoder, their sides, gradients and refusals."""

import subprocess
import sys
from contextlib import nullcontext

import pytest
import torch
from emseg_bench.benchmark.contracts.cards import ModelCard
from emseg_bench.benchmark.contracts.errors import UnknownNameError, UsageError
from emseg_bench.benchmark.evaluation.sliding_window import predict_logits
from emseg_bench.benchmark.files.validation import plain, validate
from emseg_bench.benchmark.plugins.lazy import resolve
from emseg_bench.models import smp_encoders, smp_models, smp_networks, smp_pairs
from emseg_bench.models.cards_smp import SMP_MODELS
from emseg_bench.models.smp_options import SmpOptions
from torch import nn

CARDS = [pytest.param(card, id=card.name) for card in SMP_MODELS]


def build(card: ModelCard, in_channels: int = 1, num_classes: int = 1) -> nn.Module:
    torch.manual_seed(0)
    network: nn.Module = resolve(card.factory, None)(in_channels, num_classes)
    return network


# --------------------------------------------------------------------------------------- the built-in
@pytest.mark.parametrize("card", CARDS)
def test_the_smallest_crop_trains_every_parameter_and_odd_sides_are_segmented(card: ModelCard) -> None:
    model = build(card, in_channels=3, num_classes=4)
    logits = model(torch.randn(2, 3, card.size_divisor, card.size_divisor))
    assert logits.shape == (2, 4, card.size_divisor, card.size_divisor)
    options = plain(validate(card.options, {}, card.name)) if card.options else {}
    imagenet = resolve(card.initialisation("imagenet").source, None)
    assert smp_networks.made_of(model).encoder == imagenet.encoder(options)
    (logits * torch.randn_like(logits)).sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    assert all(p.grad.isfinite().all() for p in model.parameters())
    # batch normalisation of a map of 1 x 1 px has one value per channel in a batch of one
    refused = pytest.raises(ValueError, match="more than 1 value per channel")
    with refused if "batches of 2 or more" in card.description else nullcontext():
        model(torch.randn(1, 3, max(64, card.size_divisor), max(64, card.size_divisor)))
    with torch.no_grad():
        whole = predict_logits(
            model.eval(),
            torch.randn(3, 45, 61),
            window=48,
            overlap=0.25,
            blending="gaussian",
            size_divisor=card.size_divisor,
            batch_size=4,
        )
        assert whole.shape == (4, 45, 61)
        if card.encoder is None:
            assert card.name in {"dpt-vit", "smp"}  # whose encoders may give more than feature maps
        else:
            maps = model.get_submodule(card.encoder)(torch.randn(1, 3, 128, 128))
            assert maps[-1].shape[2] == min(one.shape[2] for one in maps) <= 16  # what contrast trains on


@pytest.mark.parametrize("card", CARDS)
def test_a_report_can_cite_the_paper_and_the_implementation(card: ModelCard) -> None:
    assert "segmentation_models_pytorch" in card.citation
    assert card.name == "smp" or "arXiv:" in card.citation or "doi:" in card.citation.split("; implem")[0]


def test_pspnet_and_deeplab_dilate_their_whole_encoder() -> None:
    """Zhao et al. 2017 and Chen et al. 2017: an eighth of the side; Chen et al. 2018: a sixteenth."""
    image = torch.randn(1, 1, 64, 64)
    for factory, stride in (
        (smp_models.pspnet, 8),
        (smp_models.deeplabv3, 8),
        (smp_models.deeplabv3plus, 16),
    ):
        maps = factory(1, 1, "resnet18").eval().encoder(image)
        assert maps[-1].shape == (1, 512, 64 // stride, 64 // stride)


def test_segformers_decoder_widens_with_its_encoder() -> None:
    """Xie et al. 2021, table 6: 256 channels for B0 and B1, 768 from B2 on."""
    widths = [smp_models.segformer(1, 1, size).segmentation_head[0].in_channels for size in ("b1", "b2")]
    assert widths == [256, 768]


def test_unet_resnet50_is_unet_with_that_encoder() -> None:
    own, general = (factory(1, 1).state_dict() for factory in (smp_models.unet_resnet50, _unet_of_resnet50))
    assert {name: value.shape for name, value in own.items()} == {k: v.shape for k, v in general.items()}


def _unet_of_resnet50(in_channels: int, num_classes: int) -> nn.Module:
    return smp_models.unet(in_channels, num_classes, "resnet50")


# ------------------------------------------------------------------------------------------ any pair
@pytest.mark.parametrize(
    ("decoder", "encoder"),
    [
        ("FPN", "tu-convnext_atto"),
        ("Segformer", "tu-pvt_v2_b0"),
        ("DPT", "tu-vit_tiny_patch16_224"),
        ("DPT", "tu-vit_pwee_patch16_reg1_gap_256"),
        ("Unet", "timm-skresnet18"),
    ],
)
def test_any_pair_that_fits_is_built_for_any_side(decoder: str, encoder: str) -> None:
    options = validate(SmpOptions, {"decoder": decoder, "encoder": encoder}, "smp")
    model = smp_models.chosen(2, 3, options.decoder, options.encoder)
    assert model.made == smp_networks.Made(decoder, encoder, 2)
    assert model(torch.randn(2, 2, 64, 96)).shape == (2, 3, 64, 96)


def test_every_decoder_takes_torchvisions_resnets_without_being_tried_out() -> None:
    for decoder in {*smp_encoders.DECODERS, "PAN"} - {"DPT"}:
        smp_networks.try_out(decoder, "resnet18")


def test_trying_out_leaves_random_numbers_alone() -> None:
    state = torch.get_rng_state()
    smp_pairs.check_pair("FPN", "mobilenet_v2")
    assert torch.equal(torch.get_rng_state(), state)


def test_a_pair_is_tried_out_once_per_machine(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path))
    tried = []
    monkeypatch.setattr(smp_networks, "try_out", lambda *pair: tried.append(pair))
    for _ in range(2):
        smp_pairs.check_pair("FPN", "tu-convnext_atto")
    assert tried == [("FPN", "tu-convnext_atto")]
    monkeypatch.setattr(smp_pairs, "version", lambda name: "another")
    smp_pairs.check_pair("FPN", "tu-convnext_atto")
    assert len(tried) == 2


def test_a_pair_that_was_refused_is_not_remembered(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "not-a-folder"))
    (tmp_path / "not-a-folder").touch()  # nothing can be kept here, and that is no error
    smp_pairs.check_pair("FPN", "mobilenet_v2")
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path))
    for name in ("no-such", "../../etc/passwd"):
        with pytest.raises(UnknownNameError):
            smp_pairs.check_pair("FPN", name)
        assert not smp_pairs.known_to_fit("FPN", name)


def test_planning_a_known_pair_imports_nothing_heavy(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path))
    smp_pairs.remember("FPN", "tu-convnext_tiny")
    code = """
import sys
from emseg_bench.models.smp_options import SmpOptions
SmpOptions(decoder="FPN", encoder="tu-convnext_tiny")
assert not {"torch", "timm", "segmentation_models_pytorch"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"decoder": "Segfomer"}, "no decoder for smp is called 'Segfomer'; did you mean 'Segformer'"),
        ({"encoder": "resnet43"}, "no encoder is called 'resnet43'; did you mean 'resnet34'"),
        ({"encoder": "convnext_tiny"}, "written with 'tu-' before their name"),
        ({"encoder": "tu-convnext_atto.d3_in1k"}, "did you mean 'tu-convnext_atto.d2_in1k'"),
    ],
)
def test_unknown_names_come_with_near_ones(options: dict[str, str], words: str) -> None:
    with pytest.raises(UnknownNameError, match=words):
        validate(SmpOptions, options, "smp")


@pytest.mark.parametrize(
    ("decoder", "encoder", "words"),
    [
        ("DeepLabV3Plus", "tu-vit_tiny_patch16_224", "cannot serve .*: its feature maps are no pyramid"),
        ("DeepLabV3Plus", "tu-pvt_v2_b0", "decoder DeepLabV3Plus: it cannot be dilated"),
        ("PSPNet", "tu-dla34", "decoder PSPNet: it cannot be dilated"),  # asserts so without a word
        ("PSPNet", "densenet121", "do not support dilated mode"),
        ("Linknet", "mit_b0", "is not supported for Linknet"),
        ("DPT", "resnet34", "Only Timm encoders"),
        ("DPT", "tu-eva02_tiny_patch14_224", "at 32 x 32 px: .*divisible by 14"),
        ("Unet", "tu-maxvit_pico_rw_256", "at 32 x 32 px: .*must be divisible by window"),
        ("PAN", "mit_b0", r"take pan\[encoder=mit_b0\]"),
    ],
)
def test_pairs_that_do_not_fit_are_refused_before_anything_starts(
    decoder: str, encoder: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        validate(SmpOptions, {"decoder": decoder, "encoder": encoder}, "smp")


def test_a_wrong_encoder_ends_the_command_with_code_2_and_leaves_nothing(invoke, work) -> None:
    for model in ("unet[encoder=resnet43]", "deeplabv3plus[encoder=tu-pvt_v2_b0]", "segformer[size=b7]"):
        done = invoke("run", "--models", model, "--recipe", "smoke", "--out", "results")
        assert done.code == 2
        assert model.partition("=")[2].rstrip("]") in done.err
        assert not (work / "results").exists()
