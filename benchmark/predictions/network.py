"""A trained network from a weight file that says what it is."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts.basics import OptionValue
from ..contracts.cards import ModelCard
from ..contracts.data import ExtraOutput, Normalisation
from ..contracts.errors import UsageError, WeightsError
from ..contracts.settings import ScoringProtocol
from ..experiments.presets import DEFAULT_PROTOCOL, protocols
from ..plugins.by_options import extra_outputs, size_divisor
from ..plugins.references import escaped
from ..plugins.registry import Catalogue, Offer
from ..weights.weight_info import WeightsInfo, read_info
from .rules import find_protocol

if TYPE_CHECKING:
    from torch import nn


"""Where neither a user nor the weights say one."""


@dataclass(frozen=True, slots=True)
class TrainedWeights:
    """A weight file of a whole trained model, and the model it is for."""

    path: Path
    info: WeightsInfo
    num_logits: int
    offer: Offer[ModelCard]

    @property
    def options(self) -> dict[str, OptionValue]:
        """Give the model's options, complete."""
        from ..plugins.asked import complete_options

        return complete_options(self.offer.card, self.info.options)

    @property
    def image_channels(self) -> int:
        """Count the channels of an image, or of a slice without its neighbours."""
        return self.info.channels // (2 * self.info.context + 1)

    @property
    def size_divisor(self) -> int:
        """Say what both sides of its input must be multiples of, px."""
        return size_divisor(self.offer, self.options)

    @property
    def extra_outputs(self) -> tuple[ExtraOutput, ...]:
        """Say what it gives behind its logits."""
        return extra_outputs(self.offer, self.options)


def find_weights(place: str, catalogue: Catalogue) -> TrainedWeights:
    """Read what a weight file says about itself; the weights are not loaded yet.

    Args:
        place: Its path, or the name of imported weights.
        catalogue: Knows the models.

    Raises:
        WeightsError: There is no such file, it does not say what it is, or only initialises a model.
        UnknownNameError: Its model is not installed.
    """
    path = _locate(place)
    info = read_info(path)
    if info is None:
        raise WeightsError(
            f"{path} does not say which model it belongs to. Name the weights.safetensors of a trial, or "
            f"bring the file in first: {shlex.join(['emseg-bench', 'weights', 'import', str(path)])}"
        )
    if info.num_logits is None:
        start = f"{info.model}@file:{escaped(str(path))}"
        raise WeightsError(
            f"{path} ({info.origin}) only initialises {info.model}; expected a whole trained model. "
            f"Train it: {shlex.join(['emseg-bench', 'run', '--models', start])}"
        )
    return TrainedWeights(path, info, info.num_logits, _offer(info, catalogue))


def _offer(info: WeightsInfo, catalogue: Catalogue) -> Offer[ModelCard]:
    return catalogue.find(catalogue.models, info.model, info.distribution)


def _locate(place: str) -> Path:
    from ..weights.library import Library

    path = Path(place).expanduser()
    if path.is_file():
        return path
    library = Library.here()
    if found := library.find(place):
        return found
    raise WeightsError(
        f"{place} is neither a weight file nor the name of imported weights (there are: "
        f"{', '.join(library.entries()) or 'none'}); see emseg-bench weights list."
    )


def build(weights: TrainedWeights) -> nn.Module:
    """Build the network and load its weights, all of them.

    Raises:
        WeightsError: The file is damaged, or does not fit the model as it is installed.
        PluginError: The model cannot be built.
    """
    from ..plugins.lazy import resolve
    from ..plugins.strangers import blaming
    from ..weights.reading import read_content

    card, info = weights.offer.card, weights.info
    with blaming(weights.offer, "building it"):
        factory = resolve(card.factory, weights.offer)
        module: nn.Module = factory(info.channels, weights.num_logits, **weights.options)
    state: Any = read_content(weights.path)
    try:
        module.load_state_dict(state, strict=True)
    except Exception as error:  # what torch and safetensors raise for files that are damaged or do not fit
        reason = " ".join(str(error).split())[:300]
        raise WeightsError(
            f"{weights.path} cannot be loaded into {card.name}: {reason}. It is damaged, or was written for "
            "another version of the model."
        ) from error
    return module


def check_neighbours(weights: TrainedWeights, *, images: bool) -> None:
    """Check that there are neighbouring slices where a network sees them.

    Args:
        weights: Of the network.
        images: Whether images are to be segmented, not volumes alone.

    Raises:
        UsageError: There are none.
    """
    if images and (context := weights.info.context):
        raise UsageError(
            f"{weights.info.model} was trained with context={context}: it sees a slice with its neighbours, "
            "which an image does not have. Give volumes (TIFF stacks, Zarr, HDF5, MRC, ...), or take a model "
            "that was trained without."
        )


def settle_normalisation(
    info: WeightsInfo, mean: Sequence[float] | None, std: Sequence[float] | None
) -> Normalisation:
    """Take the normalisation that was asked for, or else the one that belongs to the weights.

    Raises:
        UsageError: There is none, or it has another number of channels.
    """
    if (mean is None) != (std is None):
        raise UsageError("--mean and --std belong together; give both or neither.")
    if mean is not None and std is not None:
        chosen = Normalisation(mean=tuple(mean), std=tuple(std))
    elif info.normalisation is not None:
        chosen = info.normalisation
    else:
        raise UsageError(
            f"the weights ({info.origin}) do not say how images were normalised; give --mean and --std, on "
            "the 0-1 scale."
        )
    if info.context and len(chosen.mean) == len(chosen.std) == 1:  # a slice and its neighbours are alike
        chosen = Normalisation(mean=chosen.mean * info.channels, std=chosen.std * info.channels)
    if not len(chosen.mean) == len(chosen.std) == info.channels:
        raise UsageError(
            f"got {len(chosen.mean)} mean(s) and {len(chosen.std)} standard deviation(s), expected "
            f"{info.channels}: one per channel of the images that {info.model} takes."
        )
    if min(chosen.std) <= 0:
        raise UsageError(f"got --std {chosen.std}, expected more than 0.")
    return chosen


def settle_protocol(info: WeightsInfo, asked: str | None) -> ScoringProtocol:
    """Give the protocol that was asked for, or else what the weights were scored with, or the default.

    Raises:
        UnknownNameError: There is no protocol of that name.
    """
    how = info.segmenting
    if asked is not None or how is None:
        return find_protocol(asked or DEFAULT_PROTOCOL)
    told = {key: value for key, value in asdict(how).items() if key not in ("protocol", "axes", "precision")}
    return replace(protocols().get(how.protocol, protocols()[DEFAULT_PROTOCOL]), name=how.protocol, **told)


def settle_window(info: WeightsInfo, protocol: ScoringProtocol, size_divisor: int) -> int:
    """Give the side of the inference window, px: the protocol's, or the training crop's.

    Raises:
        UsageError: The protocol wants the crop, and the weights do not say it.
    """
    from ..evaluation.placing import window_side

    if protocol.window == "crop" and info.window is None:
        raise UsageError(
            f"the weights ({info.origin}) do not say on which crops they were trained; give the window, for "
            "example --set protocol.window=224."
        )
    return window_side(protocol, info.window or size_divisor, size_divisor)
