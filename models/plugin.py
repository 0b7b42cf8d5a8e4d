"""The built-in models: RETINA and the baseline it is measured against."""

from __future__ import annotations

from ..benchmark.contracts import SCRATCH, Initialisation, ModelCard, WeightsCard
from ..benchmark.hookspecs import hookimpl
from .options import RetinaOptions, UNetOptions
from .published_weights import PUBLISHED

RETINA = ModelCard(
    name="retina",
    family="hybrid",
    description="RETINA's TransUNet: ResNet-50 stem, 12-layer transformer, U-Net-like decoder",
    factory="emseg_bench.models.retina.network:create",
    options=RetinaOptions,
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
    reconstruction="emseg_bench.models.retina.pretraining:reconstruction",
    citation="Xing, Xie & Bader 2025, PLoS Comput Biol 21(5):e1013115, doi:10.1371/journal.pcbi.1013115",
    licence="MIT",
)

UNET = ModelCard(
    name="unet",
    family="cnn",
    description="U-Net with a ResNet-34 or another encoder of smp's",
    factory="emseg_bench.models.unet:create",
    options=UNetOptions,
    initialisations=(
        SCRATCH,
        Initialisation(
            name="imagenet",
            description="encoder pre-trained on ImageNet",
            source="emseg_bench.models.unet_weights:imagenet",
        ),
        Initialisation(
            name="cem500k-mocov2",
            description="encoder pre-trained by contrast on CEM500K; for encoder=resnet50",
            source="emseg_bench.models.unet_weights:cem500k_mocov2",
        ),
        Initialisation(
            name="imagenet-mocov2",
            description="encoder pre-trained by contrast on ImageNet; for encoder=resnet50",
            source="emseg_bench.models.unet_weights:imagenet_mocov2",
        ),
        Initialisation(
            name="file",
            description="all weights from a file of the same network, or an encoder's",
            source="emseg_bench.models.unet_weights:file",
        ),
    ),
    size_divisor=32,
    parameters=24_430_097,
    encoder="encoder",
    citation=(
        "Ronneberger, Fischer & Brox 2015, MICCAI, doi:10.1007/978-3-319-24574-4_28; "
        "implementation: Iakubovskii 2019, segmentation_models_pytorch"
    ),
    licence="MIT",
)


@hookimpl
def emseg_models() -> tuple[ModelCard, ...]:
    """Offer ``retina`` and ``unet``."""
    return RETINA, UNET


@hookimpl
def emseg_weights() -> tuple[WeightsCard, ...]:
    """Offer the weight files that have been published for them."""
    return PUBLISHED
