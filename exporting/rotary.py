"""The grids of timm's rotary position embeddings in a form that exporters follow at any sides.

timm divides by ``float(side)``, which makes a constant of the side that is traced with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import Tensor

_PLACES = "timm.layers.pos_embed_sincos"
_BUILD = "_build_grid"


@contextmanager
def grids_of_any_sides() -> Iterator[None]:
    """Put `centred_grid` in the place of timm's grids that DINOv3 uses, for a while."""
    places = sys.modules.get(_PLACES)  # a network of timm's has imported it
    timms: Callable[..., Tensor] | None = getattr(places, _BUILD, None)
    if timms is None:
        yield
        return

    def build(feat_shape: Sequence[int], grid_type: str = "index", **settings: object) -> Tensor:
        plain = settings.get("normalize_coords") == "separate" and settings.get("grid_indexing") == "ij"
        if grid_type != "centered" or not plain:
            return timms(feat_shape, grid_type=grid_type, **settings)
        offset = settings.get("grid_offset", 0.0)
        return centred_grid(feat_shape, offset if isinstance(offset, float) else 0.0)

    with patch.object(places, _BUILD, build):
        yield


def centred_grid(sides: Sequence[int], offset: float = 0.0) -> Tensor:
    """Give the places of patches from -1 to 1, centred in their patches (Siméoni et al. 2025).

    Args:
        sides: H and W, in patches; may be symbols while a network is traced.
        offset: Added to the number of each patch.

    Returns:
        (H, W, 2) float32: y and x.
    """
    axes: list[Tensor] = [
        (torch.arange(side).to(torch.float32) + (0.5 + offset)) / torch.sym_float(side)  # type: ignore[misc]
        for side in sides
    ]
    return 2.0 * torch.stack(torch.meshgrid(axes, indexing="ij"), dim=-1) - 1.0
