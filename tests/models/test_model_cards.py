"""The cards of the built-in models: true, loadable, and free of heavy imports."""

import subprocess
import sys

import pytest
import torch
from emseg_bench.benchmark.contracts.cards import Initialisation, ModelCard
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.files.validation import validate
from emseg_bench.benchmark.plugins.asked import complete_options
from emseg_bench.benchmark.plugins.by_options import extra_outputs, size_divisor
from emseg_bench.benchmark.plugins.lazy import resolve
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.models.options import RetinaOptions
from emseg_bench.models.plugin import emseg_models
from emseg_bench.models.smp_options import UNetOptions

WITH_IMAGENET = (
    *("unetplusplus", "manet", "linknet", "fpn", "pspnet", "pan", "deeplabv3", "deeplabv3plus", "smp"),
    *("unet-convnext", "segformer", "upernet-swin", "dpt-vit", "unet-pvt"),
)
RESNETS_OWN = ("cem500k-mocov2", "cem1.5m-swav", "mitonet", "imagenet-mocov2")
CARDS = {card.name: card for card in emseg_models()}
INITS = [
    pytest.param(init, id=f"{card.name}@{init.name}")
    for card in CARDS.values()
    for init in card.initialisations
]


def build(card: ModelCard) -> torch.nn.Module:
    return resolve(card.factory, None)(1, 1)


def test_models_are_offered_with_their_initialisations() -> None:
    offered = {name: [init.name for init in card.initialisations] for name, card in CARDS.items()}
    assert (
        offered.items()
        >= {
            "retina": ["cem500k-reconstruction", "scratch", "imagenet21k", "file"],
            "unet": ["scratch", "imagenet", *RESNETS_OWN, "file"],
            "unet-resnet50": ["scratch", "imagenet", *RESNETS_OWN, "file"],
            **{name: ["scratch", "imagenet", "file"] for name in WITH_IMAGENET},
            "unet-classic": ["scratch", "file"],
            "nnunet-resenc": ["scratch", "file"],
            "transunet": ["scratch", "imagenet21k", "file"],
        }.items()
    )
    assert CARDS["retina"].family == "hybrid"
    assert CARDS["unet"].family == "cnn"


@pytest.mark.parametrize("name", CARDS)
def test_the_card_tells_the_number_of_parameters(name: str) -> None:
    # on the meta device nothing is computed; MiT computes with numbers while it is built
    with torch.device("cpu" if name == "segformer" else "meta"):
        model = build(CARDS[name])
    assert sum(parameter.numel() for parameter in model.parameters()) == CARDS[name].parameters
    names = [parameter for parameter, _ in model.named_parameters()]
    told = CARDS[name].backbone
    assert all(any(name.startswith(prefix) for name in names) for prefix in told)
    assert 0 < sum(name.startswith(told) for name in names) < len(names)


@pytest.mark.parametrize("name", CARDS)
def test_the_size_divisor_is_enough(name: str) -> None:
    offer = load_plugins().catalogue.models.offers[name]
    options = complete_options(offer.card, {})
    side, outputs = size_divisor(offer, options), 1 + len(extra_outputs(offer, options))
    model = build(CARDS[name]).eval()
    with torch.no_grad():
        assert model(torch.randn(1, 1, side, 3 * side)).shape == (1, outputs, side, 3 * side)


@pytest.mark.parametrize("init", INITS)
def test_every_source_can_be_used(init: Initialisation) -> None:
    if init.source is None:
        assert init.name == "scratch"
    else:
        source = resolve(init.source, None)
        assert callable(source.obtain)
        assert callable(source.load)


@pytest.mark.parametrize(
    ("type_", "given", "expected"),
    [
        (RetinaOptions, {}, {"hidden": 192}),
        (RetinaOptions, {"hidden": 768}, {"hidden": 768}),
        (UNetOptions, {}, {"encoder": "resnet34"}),
        (UNetOptions, {"encoder": "resnet50"}, {"encoder": "resnet50"}),
    ],
)
def test_options_are_accepted(type_: type, given: dict, expected: dict) -> None:
    options = validate(type_, given, "model")
    assert {name: getattr(options, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        (RetinaOptions, {"hidden": 200}),
        (RetinaOptions, {"width": 192}),
        (UNetOptions, {"encoder": ""}),
        (UNetOptions, {"encoder": 50}),
    ],
)
def test_other_options_are_refused(type_: type, given: dict) -> None:
    with pytest.raises(UsageError):
        validate(type_, given, "model")


def test_planning_imports_nothing_heavy() -> None:
    """Neither the cards nor looking for weights may cost the start-up time of torch."""
    code = """
import sys
from emseg_bench.models import plugin
from emseg_bench.benchmark.contracts.errors import EmsegError
cards = plugin.emseg_models()
heavy = {"torch", "numpy", "pandas", "pydantic", "timm", "segmentation_models_pytorch"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
from emseg_bench.models import imagenet_files, smp_weights
from emseg_bench.models.retina import weights
for source in (weights.cem500k_reconstruction, weights.file, smp_weights.file, smp_weights.cem500k_mocov2):
    try:
        source.obtain({"hidden": 192}, "/no/such/file")
    except EmsegError:
        pass
imagenet_files.published_encoder("resnet34")
heavy -= {"pydantic"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
