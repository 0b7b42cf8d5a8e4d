"""The card of RETINA's network."""

from __future__ import annotations

from ..benchmark.contracts.cards import SCRATCH, Initialisation, ModelCard
from ..benchmark.contracts.searching import Choice
from .options import RetinaOptions

RETINA = ModelCard(
    name="retina",
    family="hybrid",
    description="RETINA's TransUNet: ResNet-50 stem, 12-layer transformer, U-Net-like decoder",
    factory="emseg_bench.models.retina.network:create",
    options=RetinaOptions,
    search_space={"hidden": Choice(choices=(192, 768))},
    initialisations=(
        Initialisation(
            name="cem500k-reconstruction",
            description="stem and transformer pre-trained by reconstructing CEM500K images, as published",
            source="emseg_bench.models.retina.weights:cem500k_reconstruction",
        ),
        SCRATCH,
        Initialisation(
            name="imagenet21k",
            description="stem and transformer of a hybrid ViT-B/16 trained on ImageNet-21k; for hidden=768",
            source="emseg_bench.models.retina.weights:imagenet21k",
        ),
        Initialisation(
            name="file",
            description="stem and transformer from a weight file of the same network, or of @imagenet21k",
            source="emseg_bench.models.retina.weights:file",
        ),
    ),
    size_divisor=16,
    parameters=22_201_169,
    backbone=("transformer.",),
    reconstruction="emseg_bench.models.retina.pretraining:reconstruction",
    recipe="retina-2025",
    citation="Xing, Xie & Bader 2025, PLoS Comput Biol 21(5):e1013115, doi:10.1371/journal.pcbi.1013115",
    licence="MIT",
)
