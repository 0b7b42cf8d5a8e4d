"""Finds the volumes in a folder or file, and which of them are labels of which."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...benchmark.contracts.data import Split
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.litter import is_litter
from ...benchmark.files.regular import check_links
from ...benchmark.files.wording import counted, listed
from ...benchmark.images.pairing import nearness
from ...benchmark.images.volumes.fitting import fits, why_not
from ...benchmark.images.volumes.opening import (
    HDF5,
    Wanted,
    is_volume_file,
    is_zarr,
    levels_of,
    open_volume,
    split_location,
)
from ...benchmark.images.volumes.volume import Volume
from ..description import FILE_NAME
from ..folder.layout import natural_key

LABEL_WORDS = re.compile(
    r"label|mask|seg|annot|truth|(^|[^a-z])gt([^a-z]|$)|instance|boundar|membrane|(^|[^a-z])ids?([^a-z]|$)",
    re.I,
)
IMAGE_WORDS = re.compile(r"raw|image|img|(^|[^a-z])(em|grey|gray|data|volume)([^a-z]|$)", re.I)
SAYS_NOTHING = re.compile(r"|/(data|dataset|exported_data|main|volume|array|default|0|s0)", re.I)
"""Names within a file that programs give whatever they write; the file's own tells more."""
SPLIT_WORDS: tuple[tuple[Split, str], ...] = (
    ("train", r"train(ing)?"),
    ("val", r"val(id(ation)?)?"),
    ("test", r"test(ing)?"),
)
MANY_VALUES = 64
"""A section with more different values is an image."""
SAME_FOLDER = 1
"""Counts less than any likeness of names."""
LOOKED_AT = 512
"""Rows and columns of a section that tell an image from labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A volume on disk."""

    location: str
    """With ``:/NAME`` of a part of a file."""
    volume: Volume
    is_labels: bool
    levels: tuple[Volume, ...] = ()
    """Of an OME-Zarr image, from 0; empty: it is none, or has one."""
    axes: str | None = None
    """Of an image whose few sections the file calls something else; None: as the file says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An image with what may be its labels; the first are taken."""

    image: Candidate
    labels: tuple[Candidate, ...]
    level: int | None = None
    """Of an OME-Zarr image, that the labels fit; None: the finest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What lies at a place."""

    volumes: tuple[Candidate, ...]
    single: tuple[str, ...]
    """Files of one section, which are images."""
    unread: tuple[str, ...]
    """Files that are no volumes."""


def find_candidates(path: Path, cache: Path) -> Seen:
    """Open all volumes in a folder, at any depth, or file by their headers.

    Where none has two sections, those of one are taken: they are images.

    Raises:
        DataError: A file cannot be read.
    """
    files, unread = _all_files(path)
    every = [_candidate(location, cache) for file in files for location in _parts(file)]
    volumes = tuple(one for one in every if one.volume.shape[0] > 1)
    single = tuple(one.location for one in every if one.volume.shape[0] == 1) if volumes else ()
    return Seen(volumes=volumes or tuple(every), single=single, unread=tuple(map(str, unread)))


def _candidate(location: str, cache: Path) -> Candidate:
    """Open a volume as what it seems to be: palettes and negatives of labels are read otherwise."""
    volume = open_volume(location, cache, Wanted(as_labels=True))
    if _is_labels(location, volume):
        return Candidate(location=location, volume=volume, is_labels=True)
    number = levels_of(location)
    levels = [
        open_volume(location, cache, Wanted(level=level)) for level in range(number if number > 1 else 0)
    ]
    try:
        image = open_volume(location, cache)
    except DataError:  # a few channels, which are sections if there are as many of labels
        axes = volume.axes.replace("1", "")
        image = open_volume(location, cache, Wanted(axes=axes))
        return Candidate(location=location, volume=image, is_labels=False, axes=axes)
    return Candidate(location=location, volume=image, is_labels=False, levels=tuple(levels))


def match_up(candidates: Sequence[Candidate], root: Path) -> tuple[list[Match], list[str]]:
    """Give each image its labels: of the same shape, nearest by name, and never the same to two images.

    Returns:
        Every image with what may be its labels, and sentences on what could belong to several.
    """
    images, labels = ([one for one in candidates if one.is_labels == kind] for kind in (False, True))
    wanted = {id(image): _best(image, images, labels, root) for image in images}
    doubts = []
    for one in labels:
        asking = [image for image in images if one in wanted[id(image)]]
        near = [_nearness(image, one, root) for image in asking]
        losing = [image for image, how in zip(asking, near, strict=True) if how < max(near)]
        if near.count(max(near, default=0)) > 1:
            losing = asking
            names = listed(_shown(image, root) for image in asking)
            doubts.append(
                f"{_shown(one, root)} could be the labels of {names}; it is given to none: write down which"
            )
        for image in losing:
            wanted[id(image)].remove(one)
    return [_match(image, wanted[id(image)]) for image in images], doubts


def _match(image: Candidate, labels: Sequence[Candidate]) -> Match:
    """Take the image in the level that its labels fit."""
    level = _level(image, labels[0].volume) if labels else 0
    taken = replace(image, volume=image.levels[level]) if level else image
    fitting = [one for one in labels if _level(image, one.volume) == level]
    return Match(image=taken, labels=tuple(fitting), level=level or None)


def _level(image: Candidate, labels: Volume) -> int | None:
    """Return the level of an image that labels fit; None: none."""
    levels = image.levels or (image.volume,)
    return next((level for level, volume in enumerate(levels) if _fits(volume, labels)), None)


def _best(
    image: Candidate, images: Sequence[Candidate], labels: Sequence[Candidate], root: Path
) -> list[Candidate]:
    """Return the labels that fit an image best, likeliest first.

    Names that tell nothing do where there is but one image that the labels fit.
    """
    fitting = [one for one in labels if _level(image, one.volume) is not None]
    best = max((_nearness(image, one, root) for one in fitting), default=0)
    chosen = [one for one in fitting if _nearness(image, one, root) == best]
    if best <= SAME_FOLDER:
        chosen = [one for one in chosen if not _fits_others(image, one, images)]
    return sorted(chosen, key=lambda one: natural_key(one.location))


def _fits_others(image: Candidate, labels: Candidate, images: Sequence[Candidate]) -> bool:
    return any(other is not image and _level(other, labels.volume) is not None for other in images)


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


def _all_files(path: Path) -> tuple[list[Path], list[Path]]:
    """Return the volume files at a place, and the other files there."""
    if path.is_file() or is_zarr(path):
        beside = [one for one in sorted(path.parent.iterdir()) if one != path and _may_hold_labels(path, one)]
        return [path, *beside], []
    files: list[Path] = []
    others: list[Path] = []
    for one in _files(path):
        (files if is_volume_file(one) else others).append(one)
    return files, [one for one in others if one.name not in (FILE_NAME, "dataset.yml")]


def _may_hold_labels(path: Path, other: Path) -> bool:
    """Tell whether a file beside one that was named may hold its labels."""
    return (
        is_volume_file(other) and bool(LABEL_WORDS.search(other.name)) and not LABEL_WORDS.search(path.name)
    )


def _files(folder: Path) -> Iterator[Path]:
    """Give everything below a folder but litter; links to folders are followed once."""
    pending, seen = [folder], set()
    while pending:
        place = pending.pop(0)
        if (real := os.path.realpath(place)) in seen:
            continue
        seen.add(real)
        for one in sorted(place.iterdir(), key=lambda entry: natural_key(entry.name)):
            if is_litter(one.name):
                continue
            check_links(folder, [one])
            if one.is_dir() and not is_volume_file(one):
                pending.append(one)
            else:
                yield one


def _parts(file: Path) -> Iterator[str]:
    """Return the volumes of a file as locations."""
    if is_zarr(file):
        from ...benchmark.images.volumes import zarrs

        names = [name for name, _, _ in zarrs.inside(file)]
    elif file.name.lower().endswith(HDF5):
        from ...benchmark.images.volumes import hdf5

        names = [name for name, _, _ in hdf5.inside(file)]
    else:
        names = [""]
    yield from (f"{file}:{name}" if name else str(file) for name in names)


def _is_labels(location: str, volume: Volume) -> bool:
    """Judge by name, or else by how many values the middle section has."""
    path, inside = split_location(location)
    name = path.name if SAYS_NOTHING.fullmatch(inside) else inside
    if bool(LABEL_WORDS.search(name)) != bool(IMAGE_WORDS.search(name)):
        return bool(LABEL_WORDS.search(name))
    if volume.dtype.kind == "f":
        return False
    middle = volume.shape[0] // 2
    section = volume.read(slice(middle, middle + 1), slice(0, LOOKED_AT), slice(0, LOOKED_AT))
    return volume.dtype.itemsize > 2 or len(np.unique(section)) <= MANY_VALUES


def _fits(image: Volume, labels: Volume) -> bool:
    return fits(image, labels) or turned(image, labels) is not None


def _nearness(image: Candidate, labels: Candidate, root: Path) -> int:
    """Count what speaks for two belonging together: file, names without words of their roles, folder."""
    (one, _), (other, _) = split_location(image.location), split_location(labels.location)
    names = nearness(_bare(one, root), _bare(other, root))
    return 100 * (one == other) + 10 * names + SAME_FOLDER * (one.parent == other.parent)


def _bare(path: Path, root: Path) -> str:
    """Return a file's path below the folder without suffix."""
    return re.sub(r"(\.ome)?\.[A-Za-z0-9]+(\.gz)?$", "", Path(os.path.relpath(path, root)).as_posix())


def _shown(candidate: Candidate, root: Path) -> str:
    return os.path.relpath(candidate.location, root)


def _elsewhere(volumes: Sequence[Candidate]) -> list[str]:
    """Say of the first labels of an image's shape that lie elsewhere where both lie."""
    reasons = (
        why_not(image.volume, labels.volume)
        for image in volumes
        for labels in volumes
        if labels.is_labels and not image.is_labels and image.volume.shape == labels.volume.shape
    )
    found = next(filter(None, reasons), None)
    return [found] if found else []


def refuse_none(path: Path, seen: Seen, matches: Sequence[Match], doubts: Sequence[str]) -> None:
    """Refuse a place without a pair of image and labels.

    Raises:
        DataError: There is none.
    """
    if any(match.labels for match in matches):
        return
    root = path if path.is_dir() else path.parent
    shown = [
        f"{_shown(one, root)} ({'labels' if one.is_labels else 'image'}, "
        f"{' x '.join(map(str, one.volume.shape))})"
        for one in seen.volumes
    ]
    what = (
        f"volumes, but no image with labels of its shape and place: {'; '.join(shown[:6])}"
        if shown
        else "no volume"
    )
    more = [*_elsewhere(seen.volumes), *(f"{doubt}." for doubt in doubts)]
    if seen.single:
        more.append(
            f"{counted(len(seen.single), 'file')} of a single section, such as "
            f"{os.path.relpath(seen.single[0], root)}: saved as PNG or TIFF in images/ and masks/, they are "
            "a folder's."
        )
    if seen.unread:
        more.append(f"Not read: {listed((os.path.relpath(one, root) for one in seen.unread), 5)}.")
    raise DataError(
        f"{path} holds {what}. {' '.join([*more, ''])}Labels are a second file or dataset of the same "
        "shape; write dataset.yaml by hand if names mislead: volumes: [{image: a.tif, labels: b.tif}]."
    )
