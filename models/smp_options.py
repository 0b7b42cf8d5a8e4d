"""The options of the models of smp's family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import MinLen

from ..benchmark.contracts.basics import STRICT
from ..benchmark.contracts.errors import UnknownNameError, UsageError
from .smp_encoders import DECODERS


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderOptions:
    """Options of the models whose decoder takes any encoder that serves it.

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: The encoder cannot serve the decoder.
    """

    __pydantic_config__ = STRICT
    decoder: ClassVar[str]

    encoder: Annotated[str, MinLen(1)] = "resnet34"
    """Any encoder of segmentation_models_pytorch; ``tu-NAME`` for one of timm's."""

    def __post_init__(self) -> None:
        _check_pair(self.decoder, self.encoder)


class UNetOptions(EncoderOptions):
    """Options of ``unet``."""

    decoder = "Unet"


class UNetPlusPlusOptions(EncoderOptions):
    """Options of ``unetplusplus``."""

    decoder = "UnetPlusPlus"


class MAnetOptions(EncoderOptions):
    """Options of ``manet``."""

    decoder = "MAnet"


class LinknetOptions(EncoderOptions):
    """Options of ``linknet``."""

    decoder = "Linknet"


class FPNOptions(EncoderOptions):
    """Options of ``fpn``."""

    decoder = "FPN"


class PSPNetOptions(EncoderOptions):
    """Options of ``pspnet``."""

    decoder = "PSPNet"


class PANOptions(EncoderOptions):
    """Options of ``pan``."""

    decoder = "PAN"


class DeepLabV3Options(EncoderOptions):
    """Options of ``deeplabv3``."""

    decoder = "DeepLabV3"


class DeepLabV3PlusOptions(EncoderOptions):
    """Options of ``deeplabv3plus``."""

    decoder = "DeepLabV3Plus"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmpOptions:
    """Options of ``smp``.

    Raises:
        UnknownNameError: There is no such decoder or encoder.
        UsageError: The encoder cannot serve the decoder, or the decoder has a model of its own.
    """

    __pydantic_config__ = STRICT

    decoder: Annotated[str, MinLen(1)] = "FPN"
    """A decoder of segmentation_models_pytorch, written as its class."""
    encoder: Annotated[str, MinLen(1)] = "resnet34"
    """Any encoder of segmentation_models_pytorch; ``tu-NAME`` for one of timm's."""

    def __post_init__(self) -> None:
        if self.decoder == "PAN":
            raise UsageError(
                "smp[decoder=PAN]: PAN needs sides that are multiples of 128 px, and smp takes those of 32; "
                f"take pan[encoder={self.encoder}]."
            )
        if self.decoder not in DECODERS:
            raise UnknownNameError("decoder for smp", self.decoder, DECODERS)
        _check_pair(self.decoder, self.encoder)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegformerOptions:
    """Options of ``segformer``."""

    __pydantic_config__ = STRICT

    size: Literal["b0", "b1", "b2", "b3", "b4", "b5"] = "b0"
    """Of the encoder MiT, as published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PVTOptions:
    """Options of ``unet-pvt``."""

    __pydantic_config__ = STRICT

    size: Literal["b0", "b1", "b2", "b3", "b4", "b5"] = "b2"
    """Of the encoder PVT v2, as published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyOptions:
    """Options of ``unet-convnext`` and ``upernet-swin``."""

    __pydantic_config__ = STRICT

    size: Literal["tiny", "small", "base"] = "tiny"
    """Of the encoder, as published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViTOptions:
    """Options of ``dpt-vit``."""

    __pydantic_config__ = STRICT

    size: Literal["small", "base"] = "small"
    """Of the encoder: ViT-S/16 or ViT-B/16."""


def _check_pair(decoder: str, encoder: str) -> None:
    from .smp_pairs import check_pair  # for lists, which are to come at once, nothing is checked

    check_pair(decoder, encoder)
