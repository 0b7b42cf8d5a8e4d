"""Finds the volumes in a folder or file, and which of them are labels of which."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...benchmark.contracts import Split
from ...benchmark.errors import DataError
from ...benchmark.volume_readers.fitting import fits
from ...benchmark.volume_readers.opening import HDF5, is_volume_file, is_zarr, open_volume, split_location
from ...benchmark.volume_readers.volume import Volume
from ..folder.layout import natural_key

LABEL_WORDS = re.compile(
    r"label|mask|seg|annot|truth|(^|[^a-z])gt([^a-z]|$)|instance|boundar|membrane|(^|[^a-z])ids?([^a-z]|$)",
    re.I,
)
IMAGE_WORDS = re.compile(r"raw|image|img|(^|[^a-z])(em|grey|gray|data|volume)([^a-z]|$)", re.I)
ROLE_WORDS = re.compile(
    r"(ground[-_ ]?)?truth|labels?|masks?|segmentation|seg|annotations?|instances?|boundar(y|ies)|raw"
    r"|membranes?|images?|img|gt",
    re.I,
)
SPLIT_WORDS: tuple[tuple[Split, str], ...] = (
    ("train", r"train(ing)?"),
    ("val", r"val(id(ation)?)?"),
    ("test", r"test(ing)?"),
)
MANY_VALUES = 64
"""A section with more different values is an image."""
LOOKED_AT = 512
"""Rows and columns of a section that tell an image from labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A volume on disk."""

    location: str
    """With ``:/NAME`` of a part of a file."""
    volume: Volume
    is_labels: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An image with what may be its labels; the first are taken."""

    image: Candidate
    labels: tuple[Candidate, ...]


def find_candidates(path: Path, cache: Path) -> list[Candidate]:
    """Open all volumes in a folder (three levels deep) or file by their headers.

    Raises:
        DataError: A file cannot be read.
    """
    found = []
    for location in _locations(path):
        volume = open_volume(location, cache)
        if volume.shape[0] > 1:
            found.append(Candidate(location=location, volume=volume, is_labels=_is_labels(location, volume)))
    return found


def match_up(candidates: Sequence[Candidate]) -> list[Match]:
    """Give each image its labels: of the same shape, and nearest by name."""
    matches = []
    for image in (one for one in candidates if not one.is_labels):
        fitting = [one for one in candidates if one.is_labels and _fits(image.volume, one.volume)]
        nearest = sorted(fitting, key=lambda one: (-_nearness(image, one), natural_key(one.location)))
        best = [one for one in nearest if _nearness(image, one) == _nearness(image, nearest[0])]
        matches.append(Match(image=image, labels=tuple(best)))
    return matches


def split_of(location: str, root: Path) -> Split | None:
    """Read a split from folder and file names."""
    inside = os.path.relpath(split_location(location)[0], root)
    for split, words in SPLIT_WORDS:
        if re.search(rf"(^|[^a-z]){words}([^a-z]|$)", inside, re.I):
            return split
    return None


def turned(image: Volume, labels: Volume) -> str | None:
    """Return the axes of labels that are stored another way round; None: they are not, or one cannot tell."""
    sides = sorted(image.shape)
    if labels.shape == image.shape or len(set(sides)) < 3 or sorted(labels.stored.shape) != sides:
        return None
    return "".join("zyx"[image.shape.index(side)] for side in labels.stored.shape)


def _locations(path: Path) -> Iterator[str]:
    if path.is_file() or is_zarr(path):
        folder = path.parent
        files = [
            path,
            *(one for one in sorted(folder.iterdir()) if one != path and _may_hold_labels(path, one)),
        ]
    else:
        files = list(_files(path, 3))
    for file in files:
        yield from _parts(file)


def _may_hold_labels(path: Path, other: Path) -> bool:
    """Tell whether a file beside one that was named may hold its labels."""
    return (
        is_volume_file(other) and bool(LABEL_WORDS.search(other.name)) and not LABEL_WORDS.search(path.name)
    )


def _files(folder: Path, levels: int) -> Iterator[Path]:
    for one in sorted(folder.iterdir(), key=lambda entry: natural_key(entry.name)):
        if one.name.startswith("."):
            continue
        if is_volume_file(one):
            yield one
        elif one.is_dir() and levels > 1:
            yield from _files(one, levels - 1)


def _parts(file: Path) -> Iterator[str]:
    """Return the volumes of a file as locations."""
    if is_zarr(file):
        from ...benchmark.volume_readers import zarrs

        names = [name for name, _, _ in zarrs.inside(file)]
    elif file.name.lower().endswith(HDF5):
        from ...benchmark.volume_readers import hdf5

        names = [name for name, _, _ in hdf5.inside(file)]
    else:
        names = [""]
    yield from (f"{file}:{name}" if name else str(file) for name in names)


def _is_labels(location: str, volume: Volume) -> bool:
    """Judge by name, or else by how many values the middle section has."""
    path, inside = split_location(location)
    name = inside or path.name
    if bool(LABEL_WORDS.search(name)) != bool(IMAGE_WORDS.search(name)):
        return bool(LABEL_WORDS.search(name))
    if volume.dtype.kind == "f":
        return False
    middle = volume.shape[0] // 2
    section = volume.read(slice(middle, middle + 1), slice(0, LOOKED_AT), slice(0, LOOKED_AT))
    return volume.dtype.itemsize > 2 or len(np.unique(section)) <= MANY_VALUES


def _fits(image: Volume, labels: Volume) -> bool:
    return fits(image, labels) or turned(image, labels) is not None


def _nearness(image: Candidate, labels: Candidate) -> int:
    """Count what speaks for two belonging together: file, folder, and names without words of their roles."""
    (one, _), (other, _) = split_location(image.location), split_location(labels.location)
    same_name = _bare(one.name) == _bare(other.name)
    return 4 * (one == other) + 2 * same_name + (one.parent == other.parent)


def _bare(name: str) -> str:
    """Return a file's name without what tells images from labels."""
    stem = re.sub(r"(\.ome)?\.[A-Za-z0-9]+(\.gz)?$", "", name)
    bare = ROLE_WORDS.sub("", stem)
    return re.sub(r"[^A-Za-z0-9]+", "", bare).lower()


def refuse_none(path: Path, candidates: Sequence[Candidate], matches: Sequence[Match]) -> None:
    """Refuse a place without a pair of image and labels.

    Raises:
        DataError: There is none.
    """
    if any(match.labels for match in matches):
        return
    seen = [f"{os.path.relpath(one.location, path if path.is_dir() else path.parent)} "
            f"({'labels' if one.is_labels else 'image'}, {' x '.join(map(str, one.volume.shape))})"
            for one in candidates]  # fmt: skip
    what = f"volumes, but no image with labels of its shape: {'; '.join(seen[:6])}" if seen else "no volume"
    raise DataError(
        f"{path} holds {what}. Labels are a second file or dataset of the same shape; write dataset.yaml by "
        "hand if names mislead: volumes: [{image: a.tif, labels: b.tif}]."
    )
