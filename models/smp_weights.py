"""Weights for models of smp's family: pre-trained encoders, and files of the same network or of an encoder.

Importing this module imports neither torch nor segmentation_models_pytorch (smp), for planning uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.contracts.errors import WeightsError
from ..benchmark.weights.weight_info import read_info
from . import encoder_formats, hub
from .encoder_formats import ENCODER
from .encoder_loading import fit_image_filters, load_encoder
from .imagenet_files import published_encoder
from .published_weights import FromLibrary
from .smp_encoders import CHOSEN, CONVNEXT, PVT, RESNET50, SEGFORMER, SWIN, VIT
from .weight_files import differences, load_matching, local_file, read_state_dict

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .smp_networks import Made

HEAD = "segmentation_head."


class SmpFile:
    """Weights of the same network, or of its encoder alone, in a file that the user names."""

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the named file.

        Raises:
            WeightsError: There is no such file.
        """
        return local_file(location, "MODEL")

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


class PublishedEncoder(FromLibrary, SmpFile):
    """An encoder that somebody published, from the library of imported weights."""


class PublishedResNet50(PublishedEncoder):
    """The same for a model whose encoder is always a ResNet-50."""

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the library's file for a ResNet-50; raises as `FromLibrary.obtain` does."""
        return super().obtain({**options, "encoder": RESNET50}, location)


class ImageNetEncoder:
    """An encoder's ImageNet weights, as smp or timm publishes them on the Hugging Face hub.

    Args:
        encoder: Its name, with the model's options to be filled in.
    """

    def __init__(self, encoder: str) -> None:
        self._encoder = encoder

    def encoder(self, options: Mapping[str, OptionValue]) -> str:
        """Say which encoder the model's options choose."""
        return self._encoder.format(**options)

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the encoder's file from the hub's cache, or fetch it.

        Raises:
            UsageError: There are no ImageNet weights for this encoder.
            WeightsUnavailableError: The file is not here and the hub is out of reach.
        """
        return hub.obtain(
            published_encoder(self.encoder(options)),
            instead="start from @scratch or @file:/path/to/weights.pt",
        )

    def load(self, model: nn.Module, path: Path) -> str:
        """Load the encoder; the decoder and the head stay random.

        Filters that read the image are adapted to its channels, see `fit_image_filters`.

        Raises:
            WeightsError: The file does not fit the encoder, or is not a weight file.
        """
        from .smp_networks import made_of

        made = made_of(model)
        encoder = model.get_submodule("encoder")
        published = _published_state(made, path)
        adapted, _ = fit_image_filters(published, encoder.state_dict(), made.channels)
        if problems := differences(adapted, encoder.state_dict()):
            raise WeightsError(
                f"{path} cannot be adapted to images of {made.channels} channels: {'; '.join(problems)}"
            )
        encoder.load_state_dict(adapted)
        return f"encoder {made.encoder} from ImageNet ({len(adapted)} tensors); decoder and head random"


imagenet = ImageNetEncoder(CHOSEN)
unet_resnet50_imagenet = ImageNetEncoder(RESNET50)
segformer_imagenet = ImageNetEncoder(SEGFORMER)
unet_convnext_imagenet = ImageNetEncoder(CONVNEXT)
upernet_swin_imagenet = ImageNetEncoder(SWIN)
unet_pvt_imagenet = ImageNetEncoder(PVT)
dpt_vit_imagenet = ImageNetEncoder(VIT)
cem500k_mocov2 = PublishedEncoder("unet", "cem500k-mocov2")
cem1_5m_swav = PublishedEncoder("unet", "cem1.5m-swav")
mitonet = PublishedEncoder("unet", "mitonet")
imagenet_mocov2 = PublishedEncoder("unet", "imagenet-mocov2")
unet_resnet50_cem500k_mocov2 = PublishedResNet50("unet", "cem500k-mocov2", "unet-resnet50")
unet_resnet50_cem1_5m_swav = PublishedResNet50("unet", "cem1.5m-swav", "unet-resnet50")
unet_resnet50_mitonet = PublishedResNet50("unet", "mitonet", "unet-resnet50")
unet_resnet50_imagenet_mocov2 = PublishedResNet50("unet", "imagenet-mocov2", "unet-resnet50")
file = SmpFile()


def _published_state(made: Made, path: Path) -> dict[str, Tensor]:
    from .smp_networks import encoder_state

    state = read_state_dict(path)
    try:
        return encoder_state(made, state)
    except (RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path} does not fit the encoder {made.encoder!r}: {reason}") from error


def _only_starts_models(path: Path) -> bool:
    """Tell whether a file says of itself that its head was not trained to segment."""
    info = read_info(path)
    return info is not None and info.num_logits is None


def _read(path: Path) -> dict[str, Tensor]:
    """Read a network's weights or an encoder's, under smp's names, from any kind of file that holds them."""
    for kind in (encoder_formats.moco, encoder_formats.swav, encoder_formats.panoptic):
        if (found := kind(path)) is not None:
            return dict(found.state)
    state = read_state_dict(path)
    if any(name.startswith((ENCODER, HEAD)) for name in state):
        return state
    found = encoder_formats.resnet(path)
    return dict(found.state) if found else state


def _heads_fit(model: nn.Module, state: Mapping[str, Tensor]) -> bool:
    own = {name: value.shape for name, value in model.state_dict().items() if name.startswith(HEAD)}
    return own == {name: value.shape for name, value in state.items() if name.startswith(HEAD)}
