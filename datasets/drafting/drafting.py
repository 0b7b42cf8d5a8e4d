"""Looks at a folder or file, and drafts, writes and tries a ``dataset.yaml``."""

from __future__ import annotations

from pathlib import Path

from ...benchmark.contracts import SPLITS, Manifest
from ...benchmark.errors import DataError, UsageError
from ...benchmark.store import write_whole
from ..description import FILE_NAME
from .draft import Draft


def draft(path: Path, cache: Path) -> Draft:
    """Look at a place.

    Args:
        path: A folder of images and masks or of volumes, or a volume file.
        cache: The cache folder.

    Raises:
        DataError: There is nothing that a dataset could be made of, or a file cannot be read.
    """
    if not path.exists():
        raise DataError(f"{path} is not there; check the path.")
    if path.is_dir() and _has_masks(path):
        from .folders import draft_folder

        return draft_folder(path, cache)
    from .volumes import draft_volumes

    return draft_volumes(path, cache)


def write(found: Draft, *, overwrite: bool) -> None:
    """Write a draft.

    Raises:
        UsageError: There is a ``dataset.yaml`` already, and it is not to be overwritten.
        DataError: It cannot be written.
    """
    for place in (found.place, found.place.with_name("dataset.yml")):
        if place.exists() and not (overwrite and place == found.place):
            raise UsageError(f"{place} is there already; --overwrite writes a new {FILE_NAME} in its place.")
    try:
        write_whole(found.place, found.text)
    except OSError as error:
        raise DataError(f"{found.place} cannot be written: {error.strerror or error}.") from error


def try_out(found: Draft, cache: Path) -> Manifest:
    """Open the dataset that was described.

    Raises:
        DataError: It cannot be used as it is.
    """
    kind, _, location = found.reference.partition(":")
    if kind == "folder":
        from ..folder.dataset import open_folder

        return open_folder(location, cache).manifest
    from ..volume.factory import open_volumes

    return open_volumes(location, cache).manifest


def _has_masks(root: Path) -> bool:
    """Tell folders of images and masks from others."""
    return any(
        (root / part / "images").is_dir() and (root / part / "masks").is_dir() for part in ("", *SPLITS)
    )
