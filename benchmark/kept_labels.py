"""Predicted label maps of the test split, kept with a trial to be scored anew without its model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .errors import StoreError
from .pixels import BROKEN


class KeptLabels:
    """A folder of PNG files, one per test case, numbered as the manifest orders them.

    Args:
        folder: Made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def exist(self) -> bool:
        """Whether there are any; trials of older versions kept none."""
        return self._folder.is_dir()

    def write(self, number: int, labels: np.ndarray[Any, Any]) -> None:
        """Keep the (H, W) uint8 labels of a case."""
        self._folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(labels).save(self._path(number), compress_level=1)

    def read(self, number: int) -> np.ndarray[Any, Any]:
        """Read the (H, W) uint8 labels of a case.

        Raises:
            StoreError: They are missing or damaged.
        """
        path = self._path(number)
        try:
            with Image.open(path, formats=("PNG",)) as image:
                return np.asarray(image)
        except BROKEN as error:
            raise StoreError(
                f"the kept label map {path} is missing or damaged ({error}); run the trial again to have it."
            ) from error

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:05}.png"
