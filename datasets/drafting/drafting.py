"""Looks at a folder or file, and drafts, writes and tries a ``dataset.yaml``."""

from __future__ import annotations

import shlex
from pathlib import Path

from ...benchmark.contracts.data import SPLITS, Manifest
from ...benchmark.contracts.errors import DataError, UsageError
from ...benchmark.contracts.near import nearest
from ...benchmark.files.litter import is_litter
from ...benchmark.files.store import write_whole
from ...benchmark.files.wording import counted, listed
from ...benchmark.images.volumes import tiff
from ...benchmark.images.volumes.opening import is_volume_file, is_zarr
from ..description import FILE_NAME
from ..folder.layout import find_layout
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
        near = nearest(path.name, [one.name for one in path.parent.iterdir()]) if path.parent.is_dir() else []
        hint = f"did you mean {path.parent / near[0]}? " if near else ""
        raise DataError(f"{path} is not there; {hint}check the path.")
    if path.is_dir() and not is_zarr(path):
        if _holds_images(path):
            from .folders import draft_folder

            return draft_folder(path, cache)
        _refuse_several(path)
    from .volumes import draft_volumes

    return draft_volumes(path, cache)


def write(found: Draft, *, overwrite: bool) -> None:
    """Write a draft.

    Raises:
        UsageError: There is a ``dataset.yaml`` already, and it is not to be overwritten.
        DataError: It cannot be written.
    """
    for place in (found.place, found.place.with_name("dataset.yml")):
        if (place.exists() or place.is_symlink()) and not (overwrite and place == found.place):
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
    if found.kind == "folder":
        from ..folder.dataset import open_folder

        return open_folder(str(found.root), cache).manifest
    from ..volume.factory import open_volumes

    return open_volumes(str(found.root), cache).manifest


def _holds_images(root: Path) -> bool:
    """Tell a folder of images and masks from one of volumes.

    Raises:
        DataError: It is one of images and masks that do not pair up.
    """
    try:
        layout = find_layout(root)
    except DataError:
        if _has_masks(root) and not _has_volumes(root):
            raise
        return False
    image = root / layout.pairs()[0].image
    return image.suffix.lower() == ".png" or (tiff.count_pages(image) == 1 and _sections(image) == 1)


def _sections(image: Path) -> int:
    """Return the sections of a TIFF of one page, which may be an ImageJ stack all the same."""
    found = tiff.find(image)
    sizes = dict(zip(found.axes or "", found.stored.shape, strict=False))
    return sizes.get("z", 1)


def _has_masks(root: Path) -> bool:
    return any(
        (root / part / "images").is_dir() and (root / part / "masks").is_dir() for part in ("", *SPLITS)
    )


def _has_volumes(root: Path) -> bool:
    """Tell whether there are files of formats that are volumes alone in folders of images."""
    return any(
        is_volume_file(one) and not one.name.lower().endswith((".tif", ".tiff"))
        for part in ("", *SPLITS)
        if (root / part / "images").is_dir()
        for one in (root / part / "images").iterdir()
    )


def _refuse_several(root: Path) -> None:
    """Refuse a folder of several datasets.

    Raises:
        DataError: It is one.
    """
    if any(is_volume_file(one) for one in root.iterdir()):
        return
    inner = []
    for one in sorted(root.iterdir()):
        if not one.is_dir() or is_litter(one.name) or is_volume_file(one):
            continue
        try:
            if (one / FILE_NAME).exists() or _holds_images(one):
                inner.append(one)
        except DataError:
            inner.append(one)  # one with a fault of its own
    if inner:
        command = shlex.join(["emseg-bench", "data", "init", str(inner[0])])
        raise DataError(
            f"{root} holds {counted(len(inner), 'dataset')}, {listed(f'{one.name}/' for one in inner)}: "
            f"describe each for itself, as by: {command}"
        )
