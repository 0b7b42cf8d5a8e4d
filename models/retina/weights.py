"""Weights for RETINA's TransUNet: the published pre-training, and any file of the same network.

As published for fine-tuning, the stem, the embeddings and the transformer encoder start from the
file, while the decoder and the head start at random.  Importing this module does not import torch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.cache import cache_folder
from ...benchmark.contracts import OptionValue
from ...benchmark.errors import WeightsError, WeightsUnavailableError
from ...benchmark.weights.reading import shorten
from ..weight_files import load_matching, local_file, read_state_dict

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .config import TransUNetConfig

POSITIONS = "transformer.embeddings.position_embeddings"
PROJECTION = "transformer.embeddings.patch_embeddings.weight"
FIRST_MLP = "transformer.encoder.layer.0.ffn.fc1.weight"
HEAD = "segmentation_head.0.weight"
LEFT_RANDOM = ("decoder", "segmentation_head", "FinalDecoder")
"""Parts of names that fine-tuning does not take over."""
NOT_WEIGHTS = ("run_id",)
"""Upstream's training may leave this beside the weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSizes:
    """What the shapes in a weight file say about its network."""

    hidden: int
    mlp: int
    layers: int
    grid: int
    """Side of the square grid of position embeddings."""
    num_classes: int
    """Rows of the segmentation head; 0 without one."""

    def __str__(self) -> str:
        return (
            f"hidden {self.hidden}, MLP {self.mlp}, {self.layers} layers, {self.num_classes} logit maps, "
            f"{self.grid}x{self.grid} positions"
        )


class RetinaFile:
    """A file that the user names: published pre-trained or fine-tuned weights, or this project's own."""

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the named file.

        Raises:
            WeightsError: There is no such file.
        """
        return local_file(location, "retina")

    def load(self, model: nn.Module, path: Path) -> str:
        """Load stem, embeddings and transformer encoder; decoder and head stay random.

        Raises:
            WeightsError: The file does not fit the model, or is not a weight file of RETINA.
        """
        return load_pretrained(model, path)


class PublishedReconstruction(RetinaFile):
    """RETINA's reconstruction pre-training on CEM500K, which has no known download address."""

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the published file, if someone has put it into the cache folder.

        Raises:
            WeightsUnavailableError: It is not there; the message says where to put it.
        """
        folder = cache_folder() / "weights" / "retina"
        places = [folder / f"cem500k-reconstruction{suffix}" for suffix in (".pt", ".safetensors")]
        for place in places:
            if place.is_file():
                return place
        raise WeightsUnavailableError(
            "RETINA's weights pre-trained on CEM500K (published as pretrain_200.pt) are not on this machine, "
            f"and no address to fetch them from is known. Put the file at {places[0]} (or .safetensors), "
            "or name it: --models retina@file:/path/to/pretrain_200.pt"
        )


cem500k_reconstruction = PublishedReconstruction()
file = RetinaFile()


def infer_sizes(state: Mapping[str, Tensor], path: Path) -> FoundSizes:
    """Read the network's sizes off a ``state_dict`` (the number of attention heads does not show in it).

    Args:
        state: Tensors by published name.
        path: Where they came from, for the message.

    Raises:
        WeightsError: The tensors that the sizes are read from are missing or have no such shape.
    """
    sized = {name for name, tensor in state.items() if tensor.ndim}
    if missing := {POSITIONS, PROJECTION, FIRST_MLP} - sized:
        raise WeightsError(
            f"{path} is not a weight file of RETINA: it lacks {shorten(missing)}; "
            f"it holds {shorten(state.keys())}"
        )
    shape = state[POSITIONS].shape
    grid = isqrt(shape[1]) if len(shape) == 3 else 0
    if grid == 0 or (1, grid * grid) != shape[:2]:
        raise WeightsError(
            f"{path}: expected position embeddings (1, g * g, hidden) of a square grid, got {tuple(shape)}"
        )
    blocks = {
        match[1] for name in state if (match := re.match(r"transformer\.encoder\.layer\.(\d+)\.", name))
    }
    return FoundSizes(
        hidden=state[PROJECTION].shape[0],
        mlp=state[FIRST_MLP].shape[0],
        layers=len(blocks),
        grid=grid,
        num_classes=state[HEAD].shape[0] if HEAD in sized else 0,
    )


def load_pretrained(model: nn.Module, path: Path) -> str:
    """Load everything but decoder and head into a `TransUNet`; return one line that says so.

    Position embeddings of another grid are interpolated.

    Raises:
        WeightsError: The file does not fit the model, or is not a weight file of RETINA.
    """
    from .network import TransUNet
    from .transformer import resize_positions

    if not isinstance(model, TransUNet):
        raise TypeError(f"expected RETINA's TransUNet, got {type(model).__name__}")
    state = read_state_dict(path, ignored=NOT_WEIGHTS)
    found = infer_sizes(state, path)
    _check_sizes(found, model.config, path)
    grid = model.config.grid
    state[POSITIONS] = resize_positions(state[POSITIONS], grid, grid)
    loaded = load_matching(model, state, path, leave_out=_is_left_random)
    resized = f" resized to {grid}x{grid}" if found.grid != grid else ""
    return (
        f"{path.name}: stem, embeddings and encoder loaded ({loaded} of {len(state)} tensors; "
        f"{found}{resized}); decoder and head random"
    )


def _is_left_random(name: str) -> bool:
    return any(part in name for part in LEFT_RANDOM)


def _check_sizes(found: FoundSizes, config: TransUNetConfig, path: Path) -> None:
    if (found.hidden, found.mlp, found.layers) == (config.hidden, config.mlp, config.layers):
        return
    expected = f"hidden {config.hidden}, MLP {config.mlp}, {config.layers} layers"
    fits = found.hidden in (192, 768) and found.mlp == 4 * found.hidden and found.layers == config.layers
    remedy = (
        f"use retina[hidden={found.hidden}]@file:{path}" if fits else "no variant of retina has these sizes"
    )
    raise WeightsError(f"{path} holds a network of {found}; the model has {expected}; {remedy}")
