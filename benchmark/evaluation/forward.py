"""One forward pass of windows: with mirror images where asked, as logits or as probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from .grid import Place
from .logit_checks import check_shape

Space: TypeAlias = Literal["logits", "probabilities"]

MIRRORS = ((-1,), (-2,), (-2, -1))
"""The axes of (N, C, H, W) along which the mirror images of a window are flipped."""
_EPSILON = torch.finfo(torch.float32).eps / 2
"""1 less this is the largest float32 below 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A model, and what is averaged of its output."""

    model: Callable[[Tensor], Tensor]
    """Maps (N, C, S, S) to (N, K, S, S) logits of any float type, or to (N, K + E, S, S)."""
    space: Space = "logits"
    """What is averaged over mirror images and windows."""
    flips: bool = False
    """Whether a window's prediction is the mean over itself and its three mirror images."""
    num_logits: int | None = None
    """K, where outputs follow the logits; None: all are logits."""
    keeps_extra: bool = False
    """Whether what follows the logits is kept: as it is, averaged over windows alone, for a mirror image's
    affinities are those of other pairs of pixels."""
    on_windows: Callable[[int], None] = lambda _: None
    """Hears how many windows have gone through, for progress."""

    def __call__(self, windows: Tensor, channels: int | None, place: Place, where: str) -> Tensor:
        """Predict windows (N, C, S, S).

        Args:
            windows: In channels-last layout.
            channels: How many outputs there must be; None: any number.
            place: Of the first window, for messages.
            where: Words for its image, for messages.

        Returns:
            (N, K, S, S) float32 in `space`; NaN where a logit is not finite, if these are probabilities.
            Where it keeps what follows the logits (N, K + E, S, S).

        Raises:
            TrialError: The output has the wrong shape.
        """
        outputs = self._outputs(windows, channels, place, where)
        values = self._values(outputs)
        if self.flips:
            for axes in MIRRORS:
                mirrored = self._outputs(windows.flip(axes), channels, place, where)
                values = values + self._values(mirrored).flip(axes)
            values = values / (1 + len(MIRRORS))
        self.on_windows(len(windows))
        if self.num_logits is None or not self.keeps_extra:
            return values
        return torch.cat([values, outputs[:, self.num_logits :].float()], 1)

    def _outputs(self, windows: Tensor, channels: int | None, place: Place, where: str) -> Tensor:
        outputs = self.model(windows)
        check_shape(outputs, windows, channels, place, where)
        return outputs

    def _values(self, outputs: Tensor) -> Tensor:
        logits = outputs[:, : self.num_logits].float()
        if self.space == "logits":
            return logits
        probabilities = logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(dim=1)
        # a logit that is not finite must show, and an infinite one has a finite probability: add 0 or NaN
        return probabilities + (logits - logits)

    def logits(self, values: Tensor) -> Tensor:
        """Turn (K, H, W) averages back into logits, so that what follows is the same in either space.

        What follows the logits stays as it is.

        The sigmoid of log-odds, and the softmax of logarithms, are the probabilities themselves.  Within
        6e-8 of 0 and 1 the log-odds stay finite.
        """
        if self.space == "logits":
            return values
        values, extra = values[: self.num_logits], values[len(values[: self.num_logits]) :]
        if len(values) == 1:
            logits = torch.logit(values, eps=_EPSILON)
        else:
            logits = values.clamp_min(torch.finfo(torch.float32).tiny).log()
        return torch.cat([logits, extra]) if len(extra) else logits
