"""The dataset ``synthetic-em``: drawn once, then read from the cache."""

from __future__ import annotations

from pathlib import Path

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.data import Case, Manifest, Sample
from ...benchmark.contracts.errors import DataError, UsageError
from ...benchmark.files.regular import open_regular
from .cache import cached_folder, damaged, load_manifest
from .options import SyntheticOptions


class SyntheticEM:
    """Seeded synthetic EM with labels, as a folder of PNG files.

    Args:
        folder: A complete folder of `cached_folder`.

    Raises:
        DataError: Its manifest is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest = load_manifest(folder)

    @property
    def manifest(self) -> Manifest:
        """What it holds."""
        return self._manifest

    def read(self, case: Case) -> Sample:
        """Read one case; the image is (1, H, W) uint8, the labels are (H, W) uint8.

        Raises:
            DataError: A file has gone, changed or cannot be read.
        """
        import numpy as np
        from PIL import Image

        from .drawing import pair_paths, pixel_hash

        paths = pair_paths(self._folder, case)
        pixels = []
        for path in paths:
            try:
                with open_regular(path) as stream, Image.open(stream, formats=("PNG",)) as file:
                    pixels.append(np.array(file))
            except (
                OSError,
                SyntaxError,
                DataError,
            ) as error:  # Pillow raises SyntaxError for a broken PNG chunk
                raise damaged(self._folder, path) from error
        image, labels = pixels
        if pixel_hash(image, labels) != case.sha256:
            raise damaged(self._folder, paths[0])
        return Sample(image=image[None], labels=labels)


def open_synthetic(location: str | None, cache: Path, **options: OptionValue) -> SyntheticEM:
    """Open ``synthetic-em``, drawing its images first if the cache does not hold them.

    Args:
        location: None; there is nowhere to point at.
        cache: The cache folder.
        **options: Of `SyntheticOptions`.

    Raises:
        UsageError: A location was given.
        DataError: The cache cannot be written or is damaged.
    """
    if location is not None:
        raise UsageError(f"synthetic-em is drawn, not read: leave out the location {location!r}.")
    chosen = SyntheticOptions(**options)  # type: ignore[arg-type]  # checked against the card
    return SyntheticEM(cached_folder(chosen, cache))
