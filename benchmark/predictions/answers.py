"""From logits to what is asked for: label values, probabilities, uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ..evaluation.votes import FULL_VOTE
from .asked import Asked
from .ensemble import disagreement, entropy

Array: TypeAlias = np.ndarray[Any, Any]

DECODED: Final = "decoded"
"""Under this name are the probabilities (K, H, W) float16 that a decoder is given."""
FULL: Final = 255
"""What 8 bits hold of a probability, or an uncertainty, of 1."""


def answers(
    labels: Array, probabilities: Tensor, members: Sequence[Tensor], asked: Asked
) -> dict[str, Array]:
    """Give what is asked for of an image or slice.

    Args:
        labels: (H, W), as they are written.
        probabilities: (C, H, W) of all classes.
        members: Logits (K, H, W) of each network.
        asked: What is wanted.
    """
    found = {"labels": labels}
    if asked.probabilities:
        found["probabilities"] = _as_stored(probabilities, asked.probabilities)
    if asked.decodes_probabilities:
        found[DECODED] = _as_stored(probabilities, "float16")
    if asked.uncertainty:
        sure = disagreement(members) if asked.uncertainty == "disagreement" else entropy(probabilities)
        found["uncertainty"] = _as_stored(sure, "uint8")
    return found


def of_votes(total: Array) -> Tensor:
    """Return the probabilities (C, H, W) that the votes (K, H, W) of several axes stand for."""
    share = torch.from_numpy(np.ascontiguousarray(total)).float() / FULL_VOTE
    if len(share) == 1:
        return torch.cat([1 - share, share])
    return share / share.sum(0, keepdim=True).clamp_(min=1 / FULL_VOTE)


def _as_stored(values: Tensor, kind: str) -> Array:
    if kind == "float16":
        return np.asarray(values.half().numpy(force=True))
    return np.asarray((values * FULL).round_().clamp_(0, FULL).byte().numpy(force=True))
