"""The sizes of RETINA's network, read off the shapes in a weight file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.contracts.errors import WeightsError
from ...benchmark.weights.reading import shorten

if TYPE_CHECKING:
    from torch import Tensor

    from .config import TransUNetConfig

POSITIONS = "transformer.embeddings.position_embeddings"
PROJECTION = "transformer.embeddings.patch_embeddings.weight"
FIRST_MLP = "transformer.encoder.layer.0.ffn.fc1.weight"
HEAD = "segmentation_head.0.weight"
PUBLISHED_WIDTHS = (192, 768)


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


def check_sizes(found: FoundSizes, config: TransUNetConfig, path: Path) -> None:
    """Refuse weights of another width or depth than the model's.

    Raises:
        WeightsError: They differ; the message names the variant that fits, if there is one.
    """
    if (found.hidden, found.mlp, found.layers) == (config.hidden, config.mlp, config.layers):
        return
    expected = f"hidden {config.hidden}, MLP {config.mlp}, {config.layers} layers"
    fits = (
        found.hidden in PUBLISHED_WIDTHS and found.mlp == 4 * found.hidden and found.layers == config.layers
    )
    remedy = (
        f"use retina[hidden={found.hidden}]@file:{path}" if fits else "no variant of retina has these sizes"
    )
    raise WeightsError(f"{path} holds a network of {found}; the model has {expected}; {remedy}")
