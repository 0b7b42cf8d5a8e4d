"""From a module to a program that takes any number of images of any sides that the model takes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.export import Dim, ExportedProgram, export

from ..benchmark.contracts.cards import ModelCard
from ..benchmark.contracts.errors import EmsegError, PluginError
from ..benchmark.plugins.registry import Offer
from ..benchmark.plugins.strangers import describe_error
from .description import LEAST_PARTS
from .pooling import shares_for_pools
from .rotary import grids_of_any_sides

LEAST_SIDE = 48
"""px; images to trace with are at least so large, so that no side is taken for 1 on the way down."""
MOST_SIDE, MOST_IMAGES = 1 << 16, 1 << 12
MOST_LETTERS = 300
"""Of an exporter's complaint that are shown."""


def trace(module: nn.Module, channels: int, size_divisor: int) -> ExportedProgram:
    """Record what a module does on the CPU in float32.

    Args:
        module: In evaluation mode; maps (N, C, H, W) to (N, K, H, W).
        channels: C.
        size_divisor: Of H and W, px.
    """
    unit = size_divisor * max(LEAST_PARTS, -(-LEAST_SIDE // size_divisor))
    images = torch.zeros(2, channels, unit, unit + size_divisor)
    sides = {2: _side("height", size_divisor), 3: _side("width", size_divisor)}
    shapes = ({0: Dim("batch", min=1, max=MOST_IMAGES), **sides},)
    with torch.no_grad(), shares_for_pools(module), grids_of_any_sides():
        return export(module, (images,), dynamic_shapes=shapes, strict=False)


def _side(name: str, size_divisor: int) -> Dim:
    part = Dim(name, min=LEAST_PARTS, max=MOST_SIDE // size_divisor)
    return part if size_divisor == 1 else size_divisor * part


@contextmanager
def exporting(offer: Offer[ModelCard], kind: str) -> Iterator[None]:
    """Run an exporter, whose warnings are its own affair.

    Args:
        offer: The model.
        kind: Of file that is made.

    Raises:
        PluginError: The exporter cannot take the model; says what to do.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (EmsegError, OSError):  # of a disk, that is
        raise
    except Exception as error:  # of whatever type the exporter raises on code that it cannot follow
        card, reason = offer.card, describe_error(error)
        shown = reason if len(reason) <= MOST_LETTERS else f"{reason[:MOST_LETTERS]}…"
        raise PluginError(
            f"{card.name} of {offer.distribution} {offer.version} cannot be exported as {kind} ({shown}); "
            f"nothing was written. Tell its authors, who can say so in the card (not_exportable), and "
            "meanwhile segment with it here: emseg-bench predict --model."
        ) from error
