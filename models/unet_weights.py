"""Weights for the U-Net: pre-trained encoders, and files of the same network or of an encoder alone.

Importing this module imports neither torch nor segmentation_models_pytorch (smp), for planning uses it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..benchmark.contracts import OptionValue
from ..benchmark.errors import UsageError, WeightsError
from ..benchmark.weight_info import read_info
from . import encoder_formats, hub
from .encoder_formats import ENCODER
from .encoder_loading import load_encoder
from .published_weights import FromLibrary
from .weight_files import load_matching, local_file, read_state_dict

if TYPE_CHECKING:
    from torch import Tensor, nn

HEAD = "segmentation_head."
COLLECTION = "imagenet"
"""smp's name for the weights that were trained on ImageNet with labels."""


class UNetFile:
    """Weights of the same U-Net, or of its encoder alone, in a file that the user names."""

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the named file.

        Raises:
            WeightsError: There is no such file.
        """
        return local_file(location, "unet")

    def load(self, model: nn.Module, path: Path) -> str:
        """Load everything; what the file lacks, or has for other classes, stays random.

        Raises:
            WeightsError: The file does not fit the model, or is not a weight file.
        """
        state = _read(path)
        if all(name.startswith(ENCODER) for name in state):
            return load_encoder(model, state, path)
        only_starts = _only_starts_models(path)
        if _heads_fit(model, state) and not only_starts:
            return f"{path.name}: all {load_matching(model, state, path, lambda _: False)} tensors loaded"
        loaded = load_matching(model, state, path, lambda name: name.startswith(HEAD))
        reason = "pre-training leaves none" if only_starts else "none of its shape"
        return f"{path.name}: {loaded} of {len(state)} tensors loaded; head random ({reason})"


class PublishedEncoder(FromLibrary, UNetFile):
    """An encoder that somebody published, from the library of imported weights."""


class ImageNetEncoder:
    """An encoder's ImageNet weights, as smp publishes them on the Hugging Face hub."""

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the encoder's file from the hub's cache, or fetch it.

        Raises:
            UsageError: smp has no ImageNet weights for this encoder.
            WeightsUnavailableError: The file is not here and the hub is out of reach.
        """
        return hub.obtain(
            published_encoder(str(options["encoder"])),
            instead="start from unet@scratch or unet@file:/path/to/weights.pt",
        )

    def load(self, model: nn.Module, path: Path) -> str:
        """Load the encoder; the decoder and the head stay random.

        smp adapts the first convolution: for 1 channel it sums the filters over the colours.

        Raises:
            WeightsError: The file does not fit the encoder, or is not a weight file.
        """
        from .unet import encoder_name, input_channels

        name = encoder_name(model)
        adapted = _pretrained_encoder(name, read_state_dict(path), path, input_channels(model))
        model.get_submodule("encoder").load_state_dict(adapted)
        return f"encoder {name} from ImageNet ({len(adapted)} tensors); decoder and head random"


imagenet = ImageNetEncoder()
cem500k_mocov2 = PublishedEncoder("unet", "cem500k-mocov2")
imagenet_mocov2 = PublishedEncoder("unet", "imagenet-mocov2")
file = UNetFile()


def published_encoder(encoder: str) -> hub.HubFile:
    """Say where smp publishes an encoder's ImageNet weights.

    Raises:
        UsageError: smp has none for this encoder.
    """
    settings = _pretrained_settings(encoder)
    if COLLECTION not in settings:
        offered = f"has only {', '.join(settings)}" if settings else "publishes none for it"
        raise UsageError(
            f"unet[encoder={encoder}]@imagenet: there are no ImageNet weights for this encoder, "
            f"segmentation_models_pytorch {offered}; "
            "take another encoder, @scratch or @file:/path/to/weights.pt"
        )
    return hub.HubFile(repository=settings[COLLECTION]["repo_id"], revision=settings[COLLECTION]["revision"])


def _pretrained_settings(encoder: str) -> Mapping[str, Mapping[str, str]]:
    """Read smp's own table from its source: importing it takes seconds and torch, which planning avoids."""
    spec = find_spec("segmentation_models_pytorch")
    if spec is None or spec.origin is None:
        return {}
    for source in sorted((Path(spec.origin).parent / "encoders").glob("*.py")):
        text = source.read_text(encoding="utf-8")
        if f'"{encoder}"' in text:
            for entry in _values_of(encoder, ast.parse(text)):
                for settings in _values_of("pretrained_settings", entry):
                    found: Mapping[str, Mapping[str, str]] = ast.literal_eval(settings)
                    return found
    return {}


def _values_of(key: str, tree: ast.AST) -> Iterator[ast.Dict]:
    """Find the dictionaries that stand under `key` in any dictionary of a syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == key and isinstance(value, ast.Dict):
                    yield value


def _only_starts_models(path: Path) -> bool:
    """Tell whether a file says of itself that its head was not trained to segment."""
    info = read_info(path)
    return info is not None and info.num_logits is None


def _read(path: Path) -> dict[str, Tensor]:
    """Read a U-Net's weights or an encoder's, under smp's names, from any kind of file that holds them."""
    found = encoder_formats.moco(path)
    if found is None:
        state = read_state_dict(path)
        if any(name.startswith((ENCODER, HEAD)) for name in state):
            return state
        found = encoder_formats.resnet(path)
    return dict(found.state) if found else state


def _heads_fit(model: nn.Module, state: Mapping[str, Tensor]) -> bool:
    own = {name: value.shape for name, value in model.state_dict().items() if name.startswith(HEAD)}
    return own == {name: value.shape for name, value in state.items() if name.startswith(HEAD)}


def _pretrained_encoder(name: str, state: dict[str, Tensor], path: Path, channels: int) -> dict[str, Tensor]:
    """Let smp load an encoder's file and adapt it to images of `channels` channels."""
    import torch
    from segmentation_models_pytorch.encoders import get_encoder

    with torch.random.fork_rng(devices=[]):  # leave the trial's random numbers as they are
        donor = get_encoder(name, weights=None)
    try:
        donor.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path} does not fit the encoder {name!r}: {reason}") from error
    donor.set_in_channels(channels, pretrained=True)
    adapted: dict[str, Tensor] = donor.state_dict()
    return adapted
