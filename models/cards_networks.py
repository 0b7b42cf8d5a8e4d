"""The cards of whole networks: as their papers describe them, or from their authors' own libraries."""

from __future__ import annotations

from ..benchmark.contracts.cards import SCRATCH, Initialisation, ModelCard
from ..benchmark.contracts.searching import Choice, IntRange
from .options import NnUNetOptions, UNetClassicOptions

UNET_CLASSIC = ModelCard(
    name="unet-classic",
    family="cnn",
    description="the U-Net of 2015: unpadded convolutions, mirrored borders, 64 to 1024 channels",
    factory="emseg_bench.models.unet_classic:create",
    options=UNetClassicOptions,
    search_space={"border": Choice(choices=("mirror", "zero"))},
    initialisations=(
        SCRATCH,
        Initialisation(
            name="file",
            description="all weights from a file of the same network",
            source="emseg_bench.models.network_file:unet_classic",
        ),
    ),
    size_divisor=16,
    parameters=31_030_593,
    backbone=("encoder.",),
    citation="Ronneberger, Fischer & Brox 2015, MICCAI, doi:10.1007/978-3-319-24574-4_28",
    licence="MIT",
)

NNUNET_RESENC = ModelCard(
    name="nnunet-resenc",
    family="cnn",
    description="residual-encoder U-Net as nnU-Net's preset ResEnc M plans it, without deep supervision",
    factory="emseg_bench.models.nnunet_resenc:create",
    options=NnUNetOptions,
    search_space={"stages": IntRange(low=4, high=6)},
    initialisations=(
        SCRATCH,
        Initialisation(
            name="file",
            description="all weights from a file of the same network",
            source="emseg_bench.models.network_file:nnunet_resenc",
        ),
    ),
    size_divisor=32,
    parameters=71_814_625,
    backbone=("encoder.",),
    citation=(
        "Isensee et al. 2021, Nature Methods 18:203-211, doi:10.1038/s41592-020-01008-z; "
        "Isensee et al. 2024, MICCAI, arXiv:2404.09556; implementation: dynamic-network-architectures"
    ),
    licence="Apache-2.0",
)

TRANSUNET = ModelCard(
    name="transunet",
    family="hybrid",
    description="TransUNet: ResNet-50 stem, ViT-B/16, U-Net-like decoder; retina's network at full width",
    factory="emseg_bench.models.transunet:create",
    initialisations=(
        SCRATCH,
        Initialisation(
            name="imagenet21k",
            description="stem and transformer of the hybrid ViT-B/16 trained on ImageNet-21k, as published",
            source="emseg_bench.models.transunet_weights:imagenet21k",
        ),
        Initialisation(
            name="file",
            description="stem and transformer from a weight file of the same network, or of @imagenet21k",
            source="emseg_bench.models.transunet_weights:file",
        ),
    ),
    size_divisor=16,
    parameters=105_275_921,
    backbone=("transformer.",),
    citation="Chen et al. 2021, arXiv:2102.04306",
    licence="MIT",
)

NETWORKS = (UNET_CLASSIC, NNUNET_RESENC, TRANSUNET)
