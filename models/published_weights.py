"""The weight files that have been published for the built-in models, and where they come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.contracts.cards import WeightsCard
from ..benchmark.contracts.data import Normalisation
from ..benchmark.contracts.errors import UsageError, WeightsUnavailableError
from ..benchmark.plugins.references import label

RETINA_PAPER = "Xing, Xie & Bader 2025, PLoS Comput Biol 21(5):e1013115, doi:10.1371/journal.pcbi.1013115"
CEM500K_PAPER = "Conrad & Narayan 2021, eLife 10:e65894, doi:10.7554/eLife.65894"
VIT_PAPER = "Dosovitskiy et al. 2021, ICLR, arXiv:2010.11929"
MOCO_PAPER = "Chen, Fan, Girshick & He 2020, arXiv:2003.04297"

_RETINA_NETWORK = "emseg_bench.models.retina.formats:network"
MITONET_PAPER = "Conrad & Narayan 2023, Cell Systems 14:58-71, doi:10.1016/j.cels.2022.12.006"

_MOCO = "emseg_bench.models.encoder_formats:moco"
_WINDOW = 224

PRETRAINING_PIXELS = Normalisation(mean=(0.57287007,), std=(0.12740536,))
"""Of CEM500K, as RETINA's pre-training used them."""
IMAGENET_PIXELS = Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))

KASTHURI_PIXELS = Normalisation(mean=(0.27342241,), std=(0.26917548,))
PEREZ_PIXELS = Normalisation(mean=(0.35047498,), std=(0.01674651,))
GUAY_PIXELS = Normalisation(mean=(0.55412821,), std=(0.15759415,))


def _retina_pretrained(hidden: int) -> WeightsCard:
    return WeightsCard(
        name="retina-cem500k" if hidden == 192 else f"retina-cem500k-{hidden}",
        description=(
            f"RETINA pre-trained by reconstructing CEM500K images, hidden {hidden}; published as "
            "pretrain_200.pt, in which of the two widths is not known"
        ),
        model="retina",
        init="cem500k-reconstruction",
        options={"hidden": hidden},
        format=_RETINA_NETWORK,
        origin="RETINA's authors; no address known",
        normalisation=PRETRAINING_PIXELS,
        window=_WINDOW,
        citation=RETINA_PAPER,
        licence="MIT (code; not stated for files)",
    )


def _retina_finetuned(benchmark: str, pixels: Normalisation, *classes: str) -> WeightsCard:
    return WeightsCard(
        name=f"retina-{benchmark}",
        description=f"RETINA fine-tuned on the benchmark {benchmark}, with its own normalisation",
        model="retina",
        init=None,
        options={"hidden": 192},
        class_names=("background", *classes),
        format=_RETINA_NETWORK,
        origin="RETINA's authors; no address known",
        normalisation=pixels,
        window=_WINDOW,
        citation=RETINA_PAPER,
        licence="MIT (code; not stated for files)",
    )


FINETUNED = (
    _retina_finetuned("cremi", KASTHURI_PIXELS, "synaptic cleft"),
    _retina_finetuned(
        "guay",
        GUAY_PIXELS,
        "cell",
        "mitochondrion",
        "alpha granule",
        "canalicular vessel",
        "dense granule",
        "dense granule core",
    ),
    _retina_finetuned("kasthuri-pp", KASTHURI_PIXELS, "mitochondrion"),
    _retina_finetuned("perez-lyso", PEREZ_PIXELS, "lysosome"),
    _retina_finetuned("perez-mito", PEREZ_PIXELS, "mitochondrion"),
    _retina_finetuned("perez-nuclei", PEREZ_PIXELS, "nucleus"),
    _retina_finetuned("perez-nucleoli", PEREZ_PIXELS, "nucleolus"),
    _retina_finetuned("urocell", KASTHURI_PIXELS, "lysosome", "mitochondrion"),
)
"""RETINA's fine-tuned models, each with the pixels that RETINA used, even where these look copied."""

IMAGENET21K = WeightsCard(
    name="retina-imagenet21k",
    description=(
        "stem and transformer of the hybrid ViT-B/16 trained on ImageNet-21k; address and licence not "
        "verified here, checksum that of two mirrors"
    ),
    model="retina",
    init="imagenet21k",
    options={"hidden": 768},
    channels=3,
    format="emseg_bench.models.retina.formats:imagenet21k",
    origin="Google Research, vision_transformer",
    url="https://storage.googleapis.com/vit_models/imagenet21k/R50+ViT-B_16.npz",
    sha256="ff009bf39bb4f9198b834cfe46aba2bfdaf730e933ab3e3c4b1edf4226eaafbe",
    normalisation=Normalisation(mean=(0.5,), std=(0.5,)),
    window=_WINDOW,
    citation=VIT_PAPER,
    licence="Apache-2.0",
)

CEM500K_MOCO = WeightsCard(
    name="unet-cem500k-mocov2",
    description=(
        "ResNet-50 encoder pre-trained by contrast (MoCo v2, 200 epochs) on CEM500K; for grey images; the "
        "file says its normalisation"
    ),
    model="unet",
    init="cem500k-mocov2",
    options={"encoder": "resnet50"},
    format=_MOCO,
    origin="CEM500K's authors, Zenodo 6453140",
    url="https://zenodo.org/record/6453140/files/cem500k_mocov2_resnet50_200ep.pth.tar?download=1",
    window=_WINDOW,
    citation=CEM500K_PAPER,
    licence="see Zenodo (not verified)",
)

CEM1_5M_SWAV = WeightsCard(
    name="unet-cem1.5m-swav",
    description=(
        "ResNet-50 encoder pre-trained by clustering (SwAV, 200 epochs) on CEM1.5M, from which MitoNet was "
        "trained; for grey images; the file says its normalisation"
    ),
    model="unet",
    init="cem1.5m-swav",
    options={"encoder": "resnet50"},
    format="emseg_bench.models.encoder_formats:swav",
    origin="CEM1.5M's authors, Zenodo 6453160",
    url=("https://zenodo.org/record/6453160/files/cem1.5m_swav_resnet50_200ep_balanced.pth.tar?download=1"),
    window=_WINDOW,
    citation=MITONET_PAPER,
    licence="see Zenodo (not verified)",
)

MITONET = WeightsCard(
    name="unet-mitonet",
    description=(
        "ResNet-50 encoder of MitoNet, trained to segment mitochondria; from the state_dict of its network, "
        "since its TorchScript file would run code when it is loaded"
    ),
    model="unet",
    init="mitonet",
    options={"encoder": "resnet50"},
    format="emseg_bench.models.encoder_formats:panoptic",
    origin="MitoNet's authors; as a state_dict no address is known",
    citation=MITONET_PAPER,
    licence="see its authors (not verified)",
)

IMAGENET_MOCO = WeightsCard(
    name="unet-imagenet-mocov2",
    description=(
        "ResNet-50 encoder pre-trained by contrast (MoCo v2, 200 epochs) on ImageNet; for colour images"
    ),
    model="unet",
    init="imagenet-mocov2",
    options={"encoder": "resnet50"},
    channels=3,
    format=_MOCO,
    origin="MoCo's authors",
    url="https://dl.fbaipublicfiles.com/moco/moco_checkpoints/moco_v2_200ep/moco_v2_200ep_pretrain.pth.tar",
    normalisation=IMAGENET_PIXELS,
    window=_WINDOW,
    citation=MOCO_PAPER,
    licence="CC-BY-NC-4.0 (not verified)",
)

IMAGENET_ENCODERS = WeightsCard(
    name="unet-imagenet",
    description="encoders trained on ImageNet with labels, a file each: unet-imagenet[encoder=resnet50], ...",
    model="unet",
    init="imagenet",
    channels=3,
    format="emseg_bench.models.encoder_formats:resnet",
    origin="smp and timm, on the Hugging Face hub",
    source="emseg_bench.models.smp_weights:imagenet",
    normalisation=IMAGENET_PIXELS,
    window=_WINDOW,
    citation="Iakubovskii 2019, segmentation_models_pytorch; Wightman 2019, timm",
    licence="by encoder, see the hub",
)

PUBLISHED = (
    _retina_pretrained(192),
    _retina_pretrained(768),
    *FINETUNED,
    IMAGENET21K,
    CEM500K_MOCO,
    CEM1_5M_SWAV,
    MITONET,
    IMAGENET_MOCO,
    IMAGENET_ENCODERS,
)


class FromLibrary:
    """Gives weights that somebody published, from the library of imported ones; for a `WeightSource`.

    Args:
        model: Name of the model that they are published for.
        init: Name of the initialisation.
        user: Name of another model that starts from them, for the remedy.
        cards: Of everything that is published for that model, as the hook `emseg_weights` returns them.
    """

    def __init__(
        self, model: str, init: str, user: str = "", cards: Collection[WeightsCard] = PUBLISHED
    ) -> None:
        self._model, self._init, self._user, self._cards = model, init, user, cards

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the library's file for the model's options.

        Raises:
            UsageError: None are published for these options.
            WeightsUnavailableError: They are not in the library; the message says how to get them there.
            WeightsError: They are, but changed since they were imported.
        """
        from ..benchmark.weights.library import Library

        cards = [card for card in self._cards if (card.model, card.init) == (self._model, self._init)]
        fitting = [
            card for card in cards if all(options.get(key) == value for key, value in card.options.items())
        ]
        if not fitting:
            known = " or ".join(f"{label(self._model, card.options)}@{self._init}" for card in cards)
            raise UsageError(
                f"no such weights are published for {label(self._model, options)}; take {known}."
            )
        found = Library.here().find(fitting[0].name)
        if found is None:
            raise WeightsUnavailableError(_how_to_get(fitting[0], self._user))
        return found


def _how_to_get(card: WeightsCard, user: str) -> str:
    bring = (
        f"with a copy of the file, run 'emseg-bench weights import FILE --as {card.name}', or name it: "
        f"--models {user or label(card.model, card.options)}@file:PATH"
    )
    if card.url:
        return (
            f"the weights {card.name} ({card.description}) are not on this machine; run "
            f"'emseg-bench weights fetch {card.name}', or, {bring}"
        )
    return (
        f"the weights {card.name} ({card.description}) are not on this machine, and no address to fetch them "
        f"from is known; {bring}"
    )
