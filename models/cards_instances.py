"""The cards of models that say which pixels are of one object."""

from __future__ import annotations

from ..benchmark.contracts.cards import SCRATCH, Initialisation, ModelCard
from ..benchmark.contracts.searching import Choice
from .instance_options import AffinityUNetOptions, decoder, outputs

AFFINITY_UNET = ModelCard(
    name="affinity-unet",
    family="cnn",
    description="U-Net that predicts affinities, or boundaries and distances, by which objects are found",
    factory="emseg_bench.models.affinity_unet:create",
    options=AffinityUNetOptions,
    search_space={"encoder": Choice(choices=("resnet18", "resnet34", "resnet50"))},
    initialisations=(
        SCRATCH,
        Initialisation(
            name="imagenet",
            description="encoder pre-trained on ImageNet",
            source="emseg_bench.models.smp_weights:imagenet",
        ),
        Initialisation(
            name="file",
            description="all weights from a file of the same network, or an encoder's",
            source="emseg_bench.models.smp_weights:file",
        ),
    ),
    size_divisor=32,
    extra_outputs=outputs,
    decoder=decoder,
    parameters=24_431_257,
    encoder="encoder",
    backbone=("encoder.",),
    reconstruction="emseg_bench.models.affinity_unet:reconstruction",
    citation=(
        "Lee et al. 2017, arXiv:1706.00120; Wolf et al. 2021, doi:10.1109/TPAMI.2020.2980827; Ronneberger, "
        "Fischer & Brox 2015, MICCAI, doi:10.1007/978-3-319-24574-4_28; implementation: Iakubovskii 2019, "
        "segmentation_models_pytorch"
    ),
    licence="MIT",
)
