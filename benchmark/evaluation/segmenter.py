"""A network with all that its inference needs: from the pixels of an image to logits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from math import gcd
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from ..contracts.data import Normalisation, PostProcessing
from ..contracts.settings import ScoringProtocol
from ..images.normalise import to_input
from .forward import Forward
from .grid import Grid, overlapping, whole
from .labels import to_labels
from .neighbours import stacks
from .postprocessing import tidy
from .sliding_window import Kept, predict_images
from .whole_image import grow, shrink

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmenter:
    """Segments images of any size; evaluation mode and autocast are the caller's (`inference.inference`)."""

    model: nn.Module
    """On `device`."""
    normalisation: Normalisation
    protocol: ScoringProtocol
    """Window or whole image, overlap, blending, padding and mirror images come from here."""
    window: int
    """Side of the inference window, px (`sliding_window.window_side`)."""
    size_divisor: int
    """The model's."""
    device: torch.device | str
    batch_size: int
    """Windows per forward pass."""
    num_logits: int | None = None
    """How many logits per pixel the model must give; None: any number, always the same."""
    num_extra: int = 0
    """How many outputs follow the logits, whose number is then known."""
    keeps_extra: bool = False
    """Whether they are given with the logits, K + E channels in place of K."""
    context: int = 0
    """Slices on either side of one that the model sees as further channels."""
    steps: tuple[PostProcessing, ...] = ()
    """What label maps are taken through: the protocol's ``postprocess``."""
    on_windows: Callable[[int], None] = lambda _: None
    """Hears how many windows, or whole images, have gone through the model; `placing.count_windows` says
    how many there are."""
    kept: Kept | None = None
    """Where one image is gone on with that was begun before."""

    def logits(self, image: Array) -> Tensor:
        """Predict the logits of an image.

        Args:
            image: (C, H, W) uint8, or float32 between 0 and 1.

        Returns:
            (K, H, W) float32 on `device`; (K + E, H, W) if it `keeps_extra`.

        Raises:
            DataError: The pixels do not fit the normalisation, or are too few.
            TrialError: The model's output has the wrong shape, or is not finite.
        """
        if self.protocol.window == "whole-resized":
            return grow(self._one(shrink(image, self.size_divisor)), *image.shape[-2:])
        return self._one(image)

    def labels(self, logits: Tensor) -> Array:
        """Decide the labels (H, W) uint8 of an image's logits (K, H, W), and tidy them."""
        return tidy(to_labels(self.logits_of(logits), self.protocol.threshold), self.steps)

    def logits_of(self, outputs: Tensor) -> Tensor:
        """Give the logits (K, H, W) of what `logits` or `slices` gave."""
        return outputs[: self.num_logits] if self.keeps_extra else outputs

    def extra_of(self, outputs: Tensor) -> Tensor:
        """Give what follows them (E, H, W), of one that `keeps_extra`."""
        return outputs[self.num_logits :]

    def slices(
        self,
        planes: Iterable[Array],
        shape: tuple[int, int],
        axis: str,
        first: int = 0,
        *,
        before: int = 0,
        after: int = 0,
    ) -> Iterator[Tensor]:
        """Predict the logits of slices, whose windows share forward passes.

        Slices have an overlap of their own, and are padded where whole images are resized.

        Args:
            planes: (H, W) each, uint8 or float32 between 0 and 1; taken when their turn comes.
            shape: Height and width of all of them, px.
            axis: Name of the axis that they follow each other along, for messages.
            first: Number of the first one that is predicted, for messages.
            before: How many planes before it are there as neighbours alone (`neighbours.reach`).
            after: How many after the last one are.

        Returns:
            For each in turn (K, H, W) float32 on `device`; (K + E, H, W) if it `keeps_extra`.

        Raises (where the turn comes):
            DataError: The pixels do not fit the normalisation.
            TrialError: The model's output has the wrong shape, or is not finite; names slice and axis.
        """
        images = stacks(planes, self.context, before, after)
        return self._of_slices._predict(images, shape, axis, first)

    def restart(self, done: int, shape: tuple[int, int, int]) -> tuple[int, int]:
        """Find where slices are gone on with so that the same windows share forward passes.

        Args:
            done: How many slices need not be seen again.
            shape: Number, height and width of all of them, px.

        Returns:
            The last slice, up to `done`, that a forward pass begins with, or `done` if that is all of them;
            and how many windows are before it.
        """
        number, height, width = shape
        ours = self._of_slices
        grid = ours._grid(height, width)
        windows, batch = len(grid.places), ours._batch_size(grid)
        start = done if done == number else done - done % (batch // gcd(batch, windows))
        return start, start * windows

    @property
    def _of_slices(self) -> Segmenter:
        return replace(self, protocol=replace(self.protocol, overlap=self.protocol.slice_overlap))

    def _one(self, image: Array) -> Tensor:
        (logits,) = self._predict([image], image.shape[-2:], None)
        return logits

    def _predict(
        self, images: Iterable[Array], shape: tuple[int, ...], axis: str | None, first: int = 0
    ) -> Iterator[Tensor]:
        height, width = shape
        grid = self._grid(height, width)
        return predict_images(
            Forward(
                model=self.model,
                space=self.protocol.blend_on,
                flips=self.protocol.flips,
                num_logits=self.num_logits if self.num_extra else None,
                keeps_extra=self.keeps_extra,
                on_windows=self.on_windows,
            ),
            map(self._input, images),
            grid,
            blending=self.protocol.blending,
            batch_size=self._batch_size(grid),
            channels=self.num_logits + self.num_extra if self.num_logits else None,
            slices_along=axis,
            first=first,
            kept=None if axis or grid.is_one_window else self.kept,
        )

    @property
    def _sees_whole(self) -> bool:
        return self.protocol.window in ("whole-resized", "whole-padded")

    def _grid(self, height: int, width: int) -> Grid:
        if self._sees_whole:
            return whole(height, width, size_divisor=self.size_divisor)
        return overlapping(
            height,
            width,
            side=self.window,
            overlap=self.protocol.overlap,
            size_divisor=self.size_divisor,
            padding=self.protocol.padding,
        )

    def _batch_size(self, grid: Grid) -> int:
        """Take as many whole images at once as have the pixels of `batch_size` windows."""
        if not self._sees_whole:
            return self.batch_size
        height, width = grid.window
        return max(1, self.batch_size * self.window**2 // (height * width))

    def _input(self, image: Array) -> Tensor:
        pixels = torch.tensor(image, device=self.device)  # moved in its own, smaller type
        return to_input(pixels, self.normalisation.mean, self.normalisation.std)
