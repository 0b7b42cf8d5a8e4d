"""The weights that foundation models publish for the encoders of ``vit-seg``: what they are and whose.

Importing this module imports neither torch nor timm, for planning and lists use it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...benchmark.contracts.cards import Initialisation, WeightsCard
from ...benchmark.contracts.data import Normalisation
from ..published_weights import IMAGENET_PIXELS
from .encoders import PublishedEncoder, published
from .weights import FoundationWeights

MODEL = "vit-seg"
_FORMAT = "emseg_bench.models.vit.formats:recognise"
_CLIP_PIXELS = Normalisation(
    mean=(0.48145466, 0.4578275, 0.40821073), std=(0.26862954, 0.26130258, 0.27577711)
)
_SATELLITE_PIXELS = Normalisation(mean=(0.43, 0.411, 0.296), std=(0.213, 0.156, 0.143))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    """What the files of one initialisation have in common."""

    init: str
    trained: str
    """In which way and on what, for people."""
    origin: str
    citation: str
    licence: str
    pixels: Normalisation = IMAGENET_PIXELS


_META = "Meta; timm's copy on the Hugging Face hub"

_FAMILIES = {
    family.init: family
    for family in (
        _Family(
            init="dinov2",
            trained="self-supervised on LVD-142M (DINOv2)",
            origin=_META,
            citation="Oquab et al. 2024, TMLR, arXiv:2304.07193; Darcet et al. 2024, ICLR, arXiv:2309.16588",
            licence="Apache-2.0",
        ),
        _Family(
            init="dinov3",
            trained="self-supervised on LVD-1689M (DINOv3)",
            origin=_META,
            citation="Siméoni et al. 2025, arXiv:2508.10104",
            licence="DINOv3 License (Meta)",
        ),
        _Family(
            init="dinov3-sat",
            trained="self-supervised on satellite images, SAT-493M (DINOv3)",
            origin=_META,
            citation="Siméoni et al. 2025, arXiv:2508.10104",
            licence="DINOv3 License (Meta)",
            pixels=_SATELLITE_PIXELS,
        ),
        _Family(
            init="sam",
            trained="as image encoder of Segment Anything on SA-1B",
            origin=_META,
            citation="Kirillov et al. 2023, ICCV, arXiv:2304.02643",
            licence="Apache-2.0",
        ),
        _Family(
            init="sam2.1",
            trained="as image encoder of Segment Anything 2.1 on SA-1B and SA-V",
            origin=_META,
            citation="Ravi et al. 2024, arXiv:2408.00714",
            licence="Apache-2.0",
        ),
        _Family(
            init="sam2",
            trained="as image encoder of Segment Anything 2 on SA-1B and SA-V",
            origin=_META,
            citation="Ravi et al. 2024, arXiv:2408.00714",
            licence="Apache-2.0",
        ),
        _Family(
            init="mae",
            trained="as masked autoencoder on ImageNet-1k",
            origin=_META,
            citation="He et al. 2022, CVPR, arXiv:2111.06377",
            licence="CC-BY-NC-4.0",
        ),
        _Family(
            init="dino",
            trained="self-supervised on ImageNet-1k (DINO)",
            origin=_META,
            citation="Caron et al. 2021, ICCV, arXiv:2104.14294",
            licence="Apache-2.0",
        ),
        _Family(
            init="eva02",
            trained="by masked image modelling with features of CLIP as targets (EVA-02)",
            origin="BAAI; timm's copy on the Hugging Face hub",
            citation="Fang et al. 2023, arXiv:2303.11331",
            licence="MIT",
            pixels=_CLIP_PIXELS,
        ),
    )
}

EM_DINO = WeightsCard(
    name="em-dino",
    description=(
        "ViT-L/14 trained by DINOv2's method on EM-5M, as the teacher of a checkpoint or alone; no address "
        "and no file was at hand to verify its layout"
    ),
    model=MODEL,
    init="em-dino",
    options={"encoder": "vit_large_patch14_dinov2"},
    channels=3,
    format=_FORMAT,
    origin="EM-DINO's authors; no address known",
    citation="EM-DINO and OmniEM, bioRxiv 2025, doi:10.1101/2025.04.13.648639",
    licence="not stated here: see its authors",
)


def _card(file: PublishedEncoder) -> WeightsCard:
    family = _FAMILIES[file.init]
    return WeightsCard(
        name=file.name,
        description=f"{file.architecture}, trained {family.trained}",
        model=MODEL,
        init=family.init,
        options={"encoder": file.architecture},
        channels=3,
        format=_FORMAT,
        origin=family.origin,
        source=FoundationWeights(family.init),
        normalisation=family.pixels,
        citation=family.citation,
        licence=family.licence,
    )


FOUNDATION_WEIGHTS = (*(_card(file) for file in published()), EM_DINO)

INITIALISATIONS = (
    *(
        Initialisation(
            name=family.init,
            description=f"encoder trained {family.trained}; {family.licence}",
            source=FoundationWeights(family.init),
        )
        for family in _FAMILIES.values()
    ),
    Initialisation(
        name="imagenet",
        description="encoder trained on ImageNet with labels, where timm publishes one; licence by encoder",
        source=FoundationWeights("imagenet"),
    ),
    Initialisation(
        name="em-dino",
        description="encoder trained by DINOv2's method on the EM images of EM-5M, from an imported file",
        source=FoundationWeights("em-dino"),
    ),
    Initialisation(
        name="file",
        description="all weights from a file of the same network, or an encoder's as its authors publish it",
        source="emseg_bench.models.vit.weights:file",
    ),
)
