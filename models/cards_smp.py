"""The cards of the models whose parts come from segmentation_models_pytorch (smp) and timm."""

from __future__ import annotations

from ..benchmark.contracts.cards import SCRATCH, Initialisation, ModelCard
from ..benchmark.contracts.searching import Choice
from . import smp_options as options

_FACTORIES = "emseg_bench.models.smp_models"
_WEIGHTS = "emseg_bench.models.smp_weights"
_SMP = "implementation: Iakubovskii 2019, segmentation_models_pytorch"
_TIMM = f"{_SMP}; Wightman 2019, timm, doi:10.5281/zenodo.4414861"
_RESNET = "He et al. 2016, CVPR, arXiv:1512.03385"
_UNET = "Ronneberger, Fischer & Brox 2015, MICCAI, doi:10.1007/978-3-319-24574-4_28"


def _imagenet(source: str = "imagenet") -> Initialisation:
    return Initialisation(
        name="imagenet", description="encoder pre-trained on ImageNet", source=f"{_WEIGHTS}:{source}"
    )


def _published(prefix: str = "", remark: str = "") -> tuple[Initialisation, ...]:
    return (
        Initialisation(
            name="cem500k-mocov2",
            description=f"encoder pre-trained by contrast on CEM500K{remark}",
            source=f"{_WEIGHTS}:{prefix}cem500k_mocov2",
        ),
        Initialisation(
            name="cem1.5m-swav",
            description=f"encoder pre-trained by clustering (SwAV) on CEM1.5M{remark}",
            source=f"{_WEIGHTS}:{prefix}cem1_5m_swav",
        ),
        Initialisation(
            name="mitonet",
            description=f"encoder of MitoNet, trained to segment mitochondria{remark}",
            source=f"{_WEIGHTS}:{prefix}mitonet",
        ),
        Initialisation(
            name="imagenet-mocov2",
            description=f"encoder pre-trained by contrast on ImageNet{remark}",
            source=f"{_WEIGHTS}:{prefix}imagenet_mocov2",
        ),
    )


_FILE = Initialisation(
    name="file",
    description="all weights from a file of the same network, or an encoder's",
    source=f"{_WEIGHTS}:file",
)
_INITIALISATIONS = (SCRATCH, _imagenet(), _FILE)
_BACKBONE = ("encoder.",)

_ENCODERS = {"encoder": Choice(choices=("resnet18", "resnet34", "resnet50"))}
_PYRAMIDS = {"size": Choice(choices=("b0", "b1", "b2"))}
_HIERARCHIES = {"size": Choice(choices=("tiny", "small"))}

UNET = ModelCard(
    name="unet",
    family="cnn",
    description="U-Net with a ResNet-34 or another encoder of smp's or timm's",
    factory=f"{_FACTORIES}:unet",
    options=options.UNetOptions,
    search_space=_ENCODERS,
    initialisations=(SCRATCH, _imagenet(), *_published(remark="; for encoder=resnet50"), _FILE),
    size_divisor=32,
    parameters=24_430_097,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"{_UNET}; {_SMP}",
    licence="MIT",
)

UNETPLUSPLUS = ModelCard(
    name="unetplusplus",
    family="cnn",
    description="UNet++: nested, densely connected skip paths; ResNet-34 or another encoder",
    factory=f"{_FACTORIES}:unetplusplus",
    options=options.UNetPlusPlusOptions,
    search_space=_ENCODERS,
    initialisations=_INITIALISATIONS,
    size_divisor=32,
    parameters=26_072_337,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Zhou et al. 2018, DLMIA, doi:10.1007/978-3-030-00889-5_1; {_SMP}",
    licence="MIT",
)

MANET = ModelCard(
    name="manet",
    family="cnn",
    description="MA-Net: U-Net with attention over positions and between scales; ResNet-34 or another",
    factory=f"{_FACTORIES}:manet",
    options=options.MAnetOptions,
    search_space=_ENCODERS,
    initialisations=_INITIALISATIONS,
    size_divisor=32,
    parameters=31_777_361,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Fan et al. 2020, IEEE Access 8:179656-179665, doi:10.1109/ACCESS.2020.3025372; {_SMP}",
    licence="MIT",
)

LINKNET = ModelCard(
    name="linknet",
    family="cnn",
    description="LinkNet: a light decoder that adds the encoder's maps; ResNet-34 or another encoder",
    factory=f"{_FACTORIES}:linknet",
    options=options.LinknetOptions,
    search_space=_ENCODERS,
    initialisations=_INITIALISATIONS,
    size_divisor=32,
    parameters=21_765_665,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Chaurasia & Culurciello 2017, VCIP, arXiv:1707.03718; {_SMP}",
    licence="MIT",
)

FPN = ModelCard(
    name="fpn",
    family="cnn",
    description="semantic feature pyramid network; ResNet-34 or another encoder",
    factory=f"{_FACTORIES}:fpn",
    options=options.FPNOptions,
    search_space=_ENCODERS,
    initialisations=_INITIALISATIONS,
    size_divisor=32,
    parameters=23_149_121,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Kirillov et al. 2019, CVPR, arXiv:1901.02446; Lin et al. 2017, CVPR, arXiv:1612.03144; {_SMP}",
    licence="MIT",
)

PSPNET = ModelCard(
    name="pspnet",
    family="cnn",
    description="PSPNet: pyramid pooling on an encoder dilated to 1/8 of the side; ResNet-34 or another",
    factory=f"{_FACTORIES}:pspnet",
    options=options.PSPNetOptions,
    search_space=_ENCODERS,
    initialisations=_INITIALISATIONS,
    size_divisor=8,
    parameters=22_071_361,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Zhao et al. 2017, CVPR, arXiv:1612.01105; {_SMP}",
    licence="MIT",
)

PAN = ModelCard(
    name="pan",
    family="cnn",
    description="PAN: pyramid attention at 128 px or more; ResNet-34 or another; batches of 2 or more",
    factory=f"{_FACTORIES}:pan",
    options=options.PANOptions,
    search_space=_ENCODERS,
    initialisations=_INITIALISATIONS,
    size_divisor=128,
    parameters=21_469_544,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Li et al. 2018, BMVC, arXiv:1805.10180; {_SMP}",
    licence="MIT",
)

DEEPLABV3 = ModelCard(
    name="deeplabv3",
    family="cnn",
    description="DeepLabV3: atrous pyramid at 1/8 of the side; ResNet-34 or another; batches of 2 or more",
    factory=f"{_FACTORIES}:deeplabv3",
    options=options.DeepLabV3Options,
    search_space=_ENCODERS,
    initialisations=_INITIALISATIONS,
    size_divisor=8,
    parameters=26_000_833,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Chen et al. 2017, arXiv:1706.05587; {_SMP}",
    licence="MIT",
)

DEEPLABV3PLUS = ModelCard(
    name="deeplabv3plus",
    family="cnn",
    description="DeepLabV3+: V3 at 1/16 with a light decoder; ResNet-34 or another; batches of 2 or more",
    factory=f"{_FACTORIES}:deeplabv3plus",
    options=options.DeepLabV3PlusOptions,
    search_space=_ENCODERS,
    initialisations=_INITIALISATIONS,
    size_divisor=16,
    parameters=22_431_185,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Chen et al. 2018, ECCV, arXiv:1802.02611; {_SMP}",
    licence="MIT",
)

UNET_RESNET50 = ModelCard(
    name="unet-resnet50",
    family="cnn",
    description="U-Net with a ResNet-50, CEM500K's baseline: unet[encoder=resnet50] by a name of its own",
    factory=f"{_FACTORIES}:unet_resnet50",
    initialisations=(SCRATCH, _imagenet("unet_resnet50_imagenet"), *_published("unet_resnet50_"), _FILE),
    size_divisor=32,
    parameters=32_514_833,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"{_UNET}; {_RESNET}; Conrad & Narayan 2021, eLife 10:e65894, doi:10.7554/eLife.65894; {_SMP}",
    licence="MIT",
)

UNET_CONVNEXT = ModelCard(
    name="unet-convnext",
    family="cnn",
    description="U-Net with a ConvNeXt",
    factory=f"{_FACTORIES}:unet_convnext",
    options=options.HierarchyOptions,
    search_space=_HIERARCHIES,
    initialisations=(SCRATCH, _imagenet("unet_convnext_imagenet"), _FILE),
    size_divisor=32,
    parameters=31_925_681,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Liu et al. 2022, CVPR, arXiv:2201.03545; {_UNET}; {_TIMM}",
    licence="MIT; Apache-2.0",
)

SEGFORMER = ModelCard(
    name="segformer",
    family="transformer",
    description="SegFormer: a pyramid of transformers (MiT) with a decoder of linear layers",
    factory=f"{_FACTORIES}:segformer",
    options=options.SegformerOptions,
    search_space=_PYRAMIDS,
    initialisations=(SCRATCH, _imagenet("segformer_imagenet"), _FILE),
    size_divisor=32,
    parameters=3_711_265,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Xie et al. 2021, NeurIPS, arXiv:2105.15203; {_SMP}",
    licence="MIT; the encoder's code: NVIDIA Source Code License",
)

_SWIN_UNEXPORTED = (
    "torch.export came to no end in 4 minutes for images of any sides, by which stages pad and roll windows"
)

UPERNET_SWIN = ModelCard(
    name="upernet-swin",
    family="transformer",
    description="UPerNet, 256 channels wide, on a Swin transformer; batches of 2 or more",
    factory=f"{_FACTORIES}:upernet_swin",
    options=options.HierarchyOptions,
    search_space=_HIERARCHIES,
    initialisations=(SCRATCH, _imagenet("upernet_swin_imagenet"), _FILE),
    size_divisor=32,
    not_exportable={"onnx": _SWIN_UNEXPORTED, "torch-export": _SWIN_UNEXPORTED},
    parameters=36_740_027,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Liu et al. 2021, ICCV, arXiv:2103.14030; Xiao et al. 2018, ECCV, arXiv:1807.10221; {_TIMM}",
    licence="MIT; Apache-2.0",
)

DPT_VIT = ModelCard(
    name="dpt-vit",
    family="transformer",
    description="DPT: dense prediction from a plain vision transformer (ViT) with patches of 16 px",
    factory=f"{_FACTORIES}:dpt_vit",
    options=options.ViTOptions,
    search_space={"size": Choice(choices=("small", "base"))},
    initialisations=(SCRATCH, _imagenet("dpt_vit_imagenet"), _FILE),
    size_divisor=32,
    parameters=52_056_961,
    backbone=_BACKBONE,
    citation=(
        f"Ranftl, Bochkovskiy & Koltun 2021, ICCV, arXiv:2103.13413; Dosovitskiy et al. 2021, ICLR, "
        f"arXiv:2010.11929; {_TIMM}"
    ),
    licence="MIT; Apache-2.0",
)

UNET_PVT = ModelCard(
    name="unet-pvt",
    family="transformer",
    description="U-Net with a pyramid vision transformer (PVT v2) as encoder",
    factory=f"{_FACTORIES}:unet_pvt",
    options=options.PVTOptions,
    search_space=_PYRAMIDS,
    initialisations=(SCRATCH, _imagenet("unet_pvt_imagenet"), _FILE),
    size_divisor=32,
    parameters=28_124_305,
    encoder="encoder",
    backbone=_BACKBONE,
    citation=f"Wang et al. 2022, Computational Visual Media, arXiv:2106.13797; {_UNET}; {_TIMM}",
    licence="MIT; Apache-2.0",
)

SMP = ModelCard(
    name="smp",
    family="cnn",
    description="any decoder of smp's on any encoder of smp's or timm's that serves it",
    factory=f"{_FACTORIES}:chosen",
    options=options.SmpOptions,
    search_space=_ENCODERS,
    initialisations=_INITIALISATIONS,
    size_divisor=32,
    parameters=23_149_121,
    backbone=_BACKBONE,
    citation=_TIMM,
    licence="MIT; Apache-2.0",
)

SMP_MODELS = (
    UNET,
    UNETPLUSPLUS,
    MANET,
    LINKNET,
    FPN,
    PSPNET,
    PAN,
    DEEPLABV3,
    DEEPLABV3PLUS,
    UNET_RESNET50,
    UNET_CONVNEXT,
    SEGFORMER,
    UPERNET_SWIN,
    DPT_VIT,
    UNET_PVT,
    SMP,
)
