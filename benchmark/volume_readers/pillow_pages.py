"""Pages of a TIFF as Pillow decodes them: LZW and others that tifffile leaves to an extra package."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image

from .found import Array


class PillowPages:
    """Stays open, since Pillow walks from page to page; decodes one at a time, whatever thread asks.

    Raises:
        OSError, ValueError, ...: It is damaged (`pixels.BROKEN`); so does `decode`.
    """

    def __init__(self, path: Path) -> None:
        self._image = Image.open(path, formats=("TIFF",))
        self._lock = Lock()

    def decode(self, number: int) -> Array:
        """Return the values of a page, (Y, X)."""
        with self._lock:
            self._image.seek(number)
            return np.asarray(self._image)

    def close(self) -> None:
        """Close the file."""
        self._image.close()
