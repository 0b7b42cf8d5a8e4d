"""What the images of a folder say of their pixels' size; TIFF alone may say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.wording import listed
from .draft import noted, numbers

LOOKED_AT = 200
"""So many images are opened."""


def pixel_size_line(root: Path, images: Sequence[str]) -> tuple[str, list[str]]:
    """Return the line of ``dataset.yaml``, and what to check of it.

    Args:
        root: The folder.
        images: Paths below it.
    """
    sizes: dict[tuple[float, float], str] = {}
    told: dict[str, list[str]] = {}
    for image in images[:LOOKED_AT]:
        size, own = _look(root, image)
        for note in own:
            told.setdefault(note, []).append(image)
        if size:
            sizes.setdefault(size, image)
    notes = [f"{listed(names)} {note}" for note, names in told.items()]
    first = next(iter(sizes), None)
    if first and all(_same(first, other) for other in sizes):
        return noted(f"voxel_size_nm: {numbers(first)}", f"as {sizes[first]} says"), notes
    unknown = noted("# voxel_size_nm: [8, 8]", "nm (y, x), or (z, y, x) of slices; no file says it")
    if not sizes:
        return unknown, [*notes, "voxel_size_nm: no file says it; distances in nm need it"]
    seen = listed(f"{name} {numbers(size)}" for size, name in sizes.items())
    return noted("# voxel_size_nm: [8, 8]", "nm (y, x); files say different ones"), [
        *notes,
        f"voxel_size_nm: images have pixels of different sizes ({seen} nm): bring them to one, or make a "
        "dataset of each",
    ]


def _look(root: Path, image: str) -> tuple[tuple[float, float] | None, list[str]]:
    """Return the sides of an image's pixels, nm, and what people should know of it."""
    if not image.lower().endswith((".tif", ".tiff")):
        return None, []
    from ...benchmark.images.volumes import tiff

    try:
        found = tiff.find(root / image)
    except DataError:  # such as several channels, which images may have
        return None, []
    said = found.spacing
    size = (said["y"], said["x"]) if {"y", "x"} <= said.keys() else None
    return size, list(found.notes)


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) <= 0.01 * a for a, b in zip(one, other, strict=True))
