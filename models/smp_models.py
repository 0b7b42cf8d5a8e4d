"""The factories of the models of smp's family: `build` with what each card fixes."""

from __future__ import annotations

from functools import partial

from torch import nn

from .smp_encoders import CONVNEXT, PVT, RESNET50, SEGFORMER, SWIN, VIT
from .smp_networks import build

unet = partial(build, "Unet")
unet_resnet50 = partial(build, "Unet", encoder=RESNET50)
unetplusplus = partial(build, "UnetPlusPlus")
manet = partial(build, "MAnet")
linknet = partial(build, "Linknet")
fpn = partial(build, "FPN")
pspnet = partial(build, "PSPNet")
pan = partial(build, "PAN")
deeplabv3 = partial(build, "DeepLabV3")
deeplabv3plus = partial(build, "DeepLabV3Plus")


def segformer(in_channels: int, num_classes: int, size: str = "b0") -> nn.Module:
    """Build SegFormer; its decoder is 256 channels wide for b0 and b1 and 768 for the others, as published.

    Args:
        in_channels: Channels of the image.
        num_classes: Output channels.
        size: ``b0`` to ``b5``.
    """
    width = 256 if size in ("b0", "b1") else 768
    return build("Segformer", in_channels, num_classes, SEGFORMER.format(size=size), width=width)


def unet_convnext(in_channels: int, num_classes: int, size: str = "tiny") -> nn.Module:
    """Build a U-Net on a ConvNeXt; arguments as of `segformer`, sizes as of its options."""
    return build("Unet", in_channels, num_classes, CONVNEXT.format(size=size))


def unet_pvt(in_channels: int, num_classes: int, size: str = "b2") -> nn.Module:
    """Build a U-Net on a PVT v2; arguments as of `segformer`, sizes as of its options."""
    return build("Unet", in_channels, num_classes, PVT.format(size=size))


def upernet_swin(in_channels: int, num_classes: int, size: str = "tiny") -> nn.Module:
    """Build UPerNet on a Swin transformer; arguments as of `segformer`, sizes as of its options."""
    return build("UPerNet", in_channels, num_classes, SWIN.format(size=size))


def dpt_vit(in_channels: int, num_classes: int, size: str = "small") -> nn.Module:
    """Build DPT on a plain ViT; arguments as of `segformer`, sizes as of its options."""
    return build("DPT", in_channels, num_classes, VIT.format(size=size))


def chosen(in_channels: int, num_classes: int, decoder: str = "FPN", encoder: str = "resnet34") -> nn.Module:
    """Build any decoder on any encoder that serves it; arguments and errors as of `build`."""
    return build(decoder, in_channels, num_classes, encoder)
