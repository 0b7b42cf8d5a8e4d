"""What a network gives behind its logits, of an image or of all slices of a volume, as decoders see it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ..contracts.data import ExtraOutput
from .scratch import scratch_array

Array: TypeAlias = np.ndarray[Any, Any]


def to_extra(outputs: Tensor, meanings: Sequence[ExtraOutput]) -> Array:
    """Make what decoders see of what a network gave.

    Args:
        outputs: (E, H, W) float.
        meanings: Of the channels.

    Returns:
        (E, H, W) float32: probabilities of what are logits, else the outputs themselves.
    """
    logits = torch.tensor([one.is_logit for one in meanings], device=outputs.device)
    values = outputs.float()
    return torch.where(logits[:, None, None], values.sigmoid(), values).numpy(force=True)


class ExtraSlices:
    """Gathers them over the slices of a volume, as float16, in a scratch file where they are large.

    Args:
        meanings: Of the E channels.
        shape: Of the volume (Z, Y, X).
        folder: For the file.

    Raises:
        StoreError: There is no space for them.
    """

    def __init__(self, meanings: Sequence[ExtraOutput], shape: tuple[int, ...], folder: Path) -> None:
        self._meanings = meanings
        self.values: Array = scratch_array((len(meanings), *shape), np.float16, folder)
        """(E, Z, Y, X)"""

    def take(self, index: int, outputs: Tensor) -> None:
        """Take those of the slice number `index` along z, (E, Y, X)."""
        self.values[:, index] = to_extra(outputs, self._meanings)
