"""Building networks whose encoder and decoder come from segmentation_models_pytorch (smp) and timm."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from traceback import extract_tb
from typing import Any, cast

import segmentation_models_pytorch as smp
import timm
import torch
from torch import Tensor, nn

from ..benchmark.contracts.errors import UnknownNameError, UsageError
from .smp_encoders import TIMM_PREFIX
from .weight_files import differences

_DECODER_SETTINGS: Mapping[str, Mapping[str, object]] = {
    # smp's default stops at the third stage and leaves the others without gradient; as published (Zhao
    # et al. 2017, section 3.2) the whole encoder is used, dilated to an eighth of the image's side
    "PSPNet": {"encoder_depth": 5, "output_stride": 8},
}
_ANY_SIDE_MODULES = frozenset(
    {"deit", "eva", "swin_transformer", "swin_transformer_v2", "swin_transformer_v2_cr", "vision_transformer"}
)
"""timm's files of transformers that take images of one size only, unless told otherwise."""
_SIDES = {"PAN": 128}
_SIDE = 32
"""Divisors of the cards; PAN's pyramid halves a sixteenth of the image three times."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a network was built from; stands in its attribute ``made``, for loading weights later."""

    decoder: str
    encoder: str
    channels: int
    """Of the image."""


def build(
    decoder: str,
    in_channels: int,
    num_classes: int,
    encoder: str = "resnet34",
    *,
    width: int | None = None,
    pretrained: Mapping[str, Tensor] | None = None,
) -> nn.Module:
    """Build a network with random weights.

    Args:
        decoder: Name of smp's class: ``Unet``, ``FPN``, ...
        in_channels: Channels of the image.
        num_classes: Output channels.
        encoder: Any of smp's or timm's, see `smp_encoders`.
        width: Channels of Segformer's decoder; None: as smp chooses.
        pretrained: Of a ``tu-`` encoder: weights as timm publishes them, which it loads and converts.

    Returns:
        A module that maps (N, in_channels, H, W) to logits (N, num_classes, H, W).

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: The encoder exists but cannot serve this decoder.
    """
    _check_name(encoder)
    settings = {**_DECODER_SETTINGS.get(decoder, {}), **_timm_settings(encoder, pretrained)}
    if width is not None:
        settings["decoder_segmentation_channels"] = width
    try:
        network = _construct(decoder, encoder, in_channels, num_classes, settings)
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise _cannot_serve(decoder, encoder, error) from error
    network.made = Made(decoder, encoder, in_channels)
    return cast(nn.Module, network)


def made_of(model: nn.Module) -> Made:
    """Say what `build` made a network from."""
    return cast(Made, model.made)


def _construct(
    decoder: str, encoder: str, in_channels: int, num_classes: int, settings: Mapping[str, Any]
) -> Any:
    with warnings.catch_warnings():
        # of a transformer without a class token: DPT's readout then sees its patches alone, which is right
        warnings.filterwarnings("ignore", "Encoder does not have prefix tokens", UserWarning)
        warnings.filterwarnings("ignore", "`timm-` encoders are deprecated", DeprecationWarning)
        network = getattr(smp, decoder)(
            encoder,
            encoder_weights=True if "pretrained_cfg_overlay" in settings else None,
            in_channels=in_channels,
            classes=num_classes,
            **settings,
        )
    if decoder == "DPT":  # the last norm and the classifier see no gradient
        network.encoder.model.prune_intermediate_layers(
            network.encoder._output_indices, prune_norm=True, prune_head=True
        )
    return network


def try_out(decoder: str, encoder: str) -> None:
    """Build a network and segment one small image, leaving random numbers as they are.

    Raises:
        UnknownNameError: There is no such encoder.
        UsageError: The encoder exists but cannot serve this decoder.
    """
    side = _SIDES.get(decoder, _SIDE)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        network = build(decoder, 1, 1, encoder).eval()
        try:
            logits = network(torch.zeros(1, 1, side, side))
        except (RuntimeError, ValueError, TypeError, AssertionError) as error:
            raise _cannot_serve(decoder, encoder, error, f" at {side} x {side} px") from error
    if logits.shape != (1, 1, side, side):
        found = ValueError(f"it makes {tuple(logits.shape[2:])} of {(side, side)} px")
        raise _cannot_serve(decoder, encoder, found)


def encoder_state(made: Made, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convert an encoder's published weights, trained on 3 channels, to the names of ``network.encoder``.

    Raises:
        RuntimeError: They are another encoder's.
    """
    with torch.random.fork_rng(devices=[]):  # leave the trial's random numbers as they are
        if made.encoder.startswith(TIMM_PREFIX):
            _check_complete(made.encoder, state)
            donor = build(made.decoder, 3, 1, made.encoder, pretrained=state).get_submodule("encoder")
        else:
            donor = build(made.decoder, 3, 1, made.encoder).get_submodule("encoder")
            donor.load_state_dict(dict(state))
    return dict(donor.state_dict())


def _check_complete(encoder: str, state: Mapping[str, Tensor]) -> None:
    """Compare with timm's own names and shapes, for it leaves random without a word what a file lacks."""
    with torch.random.fork_rng(devices=[]):
        expected = timm.create_model(encoder.removeprefix(TIMM_PREFIX), num_classes=0).state_dict()
    given = {name: value for name, value in state.items() if name in expected}  # without a classifier
    if problems := differences(given, expected):
        raise RuntimeError("; ".join(problems))


def _timm_settings(encoder: str, pretrained: Mapping[str, Tensor] | None) -> dict[str, object]:
    if not encoder.startswith(TIMM_PREFIX):
        return {}
    settings: dict[str, object] = {}
    architecture = encoder.removeprefix(TIMM_PREFIX).partition(".")[0]
    if timm.model_entrypoint(architecture).__module__.rpartition(".")[2] in _ANY_SIDE_MODULES:
        settings["dynamic_img_size"] = True
    if pretrained is not None:
        settings["pretrained_cfg_overlay"] = {"state_dict": dict(pretrained)}
    return settings


def _check_name(encoder: str) -> None:
    if not encoder.startswith(TIMM_PREFIX):
        known = smp.encoders.get_encoder_names()
        if encoder not in known:
            raise UnknownNameError("encoder", encoder, known, _OF_TIMM)
        return
    name = encoder.removeprefix(TIMM_PREFIX)
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        known = [TIMM_PREFIX + one for one in timm.list_models()]
        raise UnknownNameError("encoder", encoder, get_close_matches(encoder, known))
    if tag and name not in (tags := timm.list_pretrained(architecture + ".*")):
        raise UnknownNameError("encoder", encoder, [TIMM_PREFIX + one for one in tags])


_OF_TIMM = f"Those of timm are written with {TIMM_PREFIX!r} before their name: tu-convnext_tiny."


_REASONS = (
    (
        "downsampling pattern",
        "its feature maps are no pyramid of halved sides, as those of a plain transformer",
    ),
    ("output_stride", "it cannot be dilated, which this decoder needs"),
)
"""What some messages of smp and timm mean."""


def _cannot_serve(decoder: str, encoder: str, error: Exception, where: str = "") -> UsageError:
    # an assertion without a message is told by its own line
    said = " ".join(str(error).split())[:200] or str(extract_tb(error.__traceback__)[-1].line)
    reason = next((meaning for words, meaning in _REASONS if words in said), said.rstrip("."))
    return UsageError(
        f"the encoder {encoder!r} cannot serve the decoder {decoder}{where}: {reason}. Take another encoder "
        "or decoder: Unet takes most convolutional and pyramid encoders, DPT plain vision transformers."
    )
