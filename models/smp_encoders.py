"""Which encoder a model of smp's family is built with; without torch, for planning asks too.

An encoder is written as smp writes it: ``resnet34`` for one of its own, ``tu-NAME`` or ``tu-NAME.TAG`` for
one of timm's; the tag chooses among the weights that timm publishes.
"""

from __future__ import annotations

TIMM_PREFIX = "tu-"
"""smp's mark for an encoder that timm provides."""

CHOSEN = "{encoder}"
RESNET50 = "resnet50"
SEGFORMER = "mit_{size}"
CONVNEXT = "tu-convnext_{size}.fb_in1k"
SWIN = "tu-swin_{size}_patch4_window7_224.ms_in1k"
PVT = "tu-pvt_v2_{size}.in1k"
VIT = "tu-vit_{size}_patch16_224.augreg_in1k"
"""Encoders by their model's options.  All tags are those of weights trained on ImageNet-1k alone, as the
ResNets' are, so that ``@imagenet`` means the same data for every model."""

RESNETS = frozenset({"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"})
"""Serve every decoder but DPT, which takes plain vision transformers only."""

DECODERS = (
    "DPT",
    "DeepLabV3",
    "DeepLabV3Plus",
    "FPN",
    "Linknet",
    "MAnet",
    "PSPNet",
    "Segformer",
    "UPerNet",
    "Unet",
    "UnetPlusPlus",
)
"""Those of ``smp[decoder=...]``.  PAN is not among them, for it needs larger images than the others."""
