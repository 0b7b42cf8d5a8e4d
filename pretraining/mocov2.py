"""MoCo v2 for a segmentation model's encoder, as the rival that RETINA was measured against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.contracts.cards import ModelToPretrain
from ..benchmark.contracts.data import Normalisation
from ..benchmark.contracts.errors import UsageError
from ..benchmark.contracts.pretraining import PretrainingRecipe
from .contrast import Branch, MomentumContrast, deepest_map
from .em_views import make_view
from .options import MoCoOptions


def create(
    model: ModelToPretrain, recipe: PretrainingRecipe, normalisation: Normalisation, **options: OptionValue
) -> MoCo:
    """Begin a pre-training by momentum contrast.

    Args:
        model: Its encoder is trained.
        recipe: Says how large views are.
        normalisation: Of the images.
        **options: Those of `MoCoOptions`.

    Raises:
        UsageError: The model does not say which of its parts is an encoder.
    """
    name = model.card.encoder
    if name is None:
        raise UsageError(
            f"{model.card.name} does not say which of its parts is an encoder; take another model."
        )
    sizes = MoCoOptions(**options)  # type: ignore[arg-type]
    encoder = model.segmentation().get_submodule(name)
    encoder.eval()
    with torch.no_grad():
        width = deepest_map(encoder, torch.zeros(1, 1, recipe.crop, recipe.crop)).shape[1]
    branch = Branch(encoder, width, sizes.features)
    return MoCo(MomentumContrast(branch, sizes, normalisation), name, recipe.crop)


class MoCo:
    """A pre-training by momentum contrast in progress.

    Args:
        module: What is trained.
        encoder: Name of the encoder in the model.
        side: Of the views, px.
    """

    def __init__(self, module: MomentumContrast, encoder: str, side: int) -> None:
        self.module = module
        self._encoder, self._side = encoder, side

    def views(
        self, image: np.ndarray[Any, Any], rng: np.random.Generator
    ) -> tuple[np.ndarray[Any, Any], ...]:
        """Make two views of one image: (H, W) uint8 to two (1, side, side) uint8."""
        return make_view(image, self._side, rng)[None], make_view(image, self._side, rng)[None]

    def after_step(self) -> None:
        """Move the key encoder and the queue."""
        self.module.advance()

    def weights(self) -> Mapping[str, Tensor]:
        """Give the query encoder's weights under their names in the model."""
        state = self.module.query.encoder.state_dict()
        return {f"{self._encoder}.{name}": value for name, value in state.items()}

    def panels(self, views: Sequence[Tensor]) -> Mapping[str, Tensor]:
        """Picture the views, each (N, H, W)."""
        return {"query": views[0][:, 0] / 255, "key": views[1][:, 0] / 255}
