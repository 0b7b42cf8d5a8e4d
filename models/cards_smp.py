"""The cards of the models whose parts come from segmentation_models_pytorch (smp) and timm."""

from __future__ import annotations

from ..benchmark.contracts import SCRATCH, Initialisation, ModelCard
from .options import UNetOptions

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

SMP_MODELS = (UNET,)
