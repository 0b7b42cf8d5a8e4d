"""Image, truth and prediction of a few test cases, for the report's panels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..contracts.data import Case, Sample
from ..files.store import to_json, write_whole
from ..images.label_pictures import label_picture
from ..images.spread import spread

COUNT = 4
PICTURES = ("image", "truth", "prediction")
LARGEST_SIDE = 512
"""px; a larger image shows its centre at full resolution."""


class PreviewWriter:
    """Keeps evenly spread cases as PNG files, with an index; a volume by its middle slice.

    Args:
        folder: Made if it is not there.
        cases: All that will come.
    """

    def __init__(self, folder: Path, cases: Sequence[Case]) -> None:
        self._folder = folder
        self._shown = {case.id: (i, middle(case)) for i, case in enumerate(spread(cases, COUNT))}
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, case: Case, sample: Sample, prediction: np.ndarray[Any, Any]) -> None:
        """Write the case's three pictures, if it is one of those that are kept.

        Args:
            case: Which it is.
            sample: Image (C, H, W) and true labels (H, W); of a volume, (C, Z, Y, X) and (Z, Y, X).
            prediction: uint8 labels, shaped like the true ones.
        """
        if case.id not in self._shown:
            return
        section = self._shown[case.id][1]
        picture = Image.fromarray(_middle(_picture(_slice(sample.image, section))))
        truth, predicted = (_middle(_slice(labels, section)) for labels in (sample.labels, prediction))
        pictures = (picture, label_picture(truth.astype(np.uint8)), label_picture(predicted))
        for path, made in zip(self.paths(case), pictures, strict=True):
            path.unlink(missing_ok=True)  # a link would lead elsewhere
            made.save(path)

    def paths(self, case: Case) -> list[Path]:
        """Say where the case's pictures are; of most cases there are none."""
        if case.id not in self._shown:
            return []
        return [self._folder / f"{self._shown[case.id][0]:02}_{name}.png" for name in PICTURES]

    def finish(self) -> None:
        """Write the index."""
        index = [
            {"index": number, "case": case, "section": section}
            for case, (number, section) in self._shown.items()
        ]
        write_whole(self._folder / "previews.json", to_json(index))


def middle(case: Case) -> int | None:
    """Number the slice that stands for a volume; None for an image."""
    return None if case.depth is None else case.depth // 2


def _slice(pixels: np.ndarray[Any, Any], section: int | None) -> np.ndarray[Any, Any]:
    """Take the slice that is shown, (..., H, W)."""
    return pixels if section is None else np.asarray(pixels[..., section, :, :])


def _middle(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Cut the middle out of (H, W) or (H, W, 3) where that is larger than what is shown."""
    top, left = (max(0, (length - LARGEST_SIDE) // 2) for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + LARGEST_SIDE, left : left + LARGEST_SIDE])


def _picture(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Bring (C, H, W) to (H, W) or (H, W, 3) uint8; channels beyond three are not shown."""
    pixels = image if image.dtype == np.uint8 else (image * 255).round().clip(0, 255).astype(np.uint8)
    return pixels[:3].transpose(1, 2, 0) if len(pixels) >= 3 else pixels[0]
