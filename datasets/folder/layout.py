"""Finds pairs of images and masks in a folder.

Images and masks lie in folders of their own, ``images/`` and ``masks/`` or what else such folders are called,
and in folders within these; or side by side, masks with a word such as ``mask`` in their names::

    images/  masks/                       divided by emseg-bench
    train/images/  train/masks/  ...      likewise val/ and test/: divided by you
    imagesTr/  labelsTr/                  as nnU-Net has them, perhaps with imagesTs/ and labelsTs/ to test
    a.tif  a_masks.tif  ...               in one folder
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ...benchmark.contracts.data import SPLITS, Split
from ...benchmark.contracts.errors import DataError
from ...benchmark.contracts.near import nearest
from ...benchmark.files.litter import is_litter
from ...benchmark.files.wording import counted, listed
from ...benchmark.images.pairing import Pairing, is_labels_name, pair_up
from ...benchmark.images.volumes.opening import is_volume_file
from ...benchmark.plugins.references import escaped
from ..description import FILE_NAME
from .walking import SUFFIXES, Files, list_files

Part: TypeAlias = Split | Literal[""]
"""A folder with ``images/`` and ``masks/``; ``""`` is the dataset's own."""

IMAGE_FOLDERS: Final = ("images", "imagestr", "image", "imgs", "img", "raw", "em")
MASK_FOLDERS: Final = (
    "masks", "labelstr", "labels", "mask", "label", "segmentations", "segmentation", "seg", "annotations",
    "groundtruth", "ground_truth", "ground-truth", "gt", "truth",
)  # fmt: skip
"""What folders are called, the likeliest first."""
TEST_FOLDERS: Final = ("imagests", "labelsts")
"""Of nnU-Net, beside ``imagesTr/`` and ``labelsTr/``."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An image and its mask, as paths below the dataset's folder."""

    stem: str
    """The image's path below its folder of images, without suffix and nnU-Net's channel."""
    image: str
    mask: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The pairs of a folder, by part and in natural order of their names."""

    root: Path
    parts: Mapping[Part, tuple[Pair, ...]]
    unread: tuple[str, ...] = ()
    """Sentences on what lies there and is not read."""
    pairing: str = ""
    """How images and masks were paired where their names differ, as a sentence; or nothing."""

    def pairs(self) -> list[Pair]:
        """Return all pairs."""
        return [pair for pairs in self.parts.values() for pair in pairs]


@dataclass(frozen=True, slots=True)
class _Place:
    """Folders of images and of masks, which may be one."""

    images: Path
    masks: Path


def find_layout(root: Path) -> Layout:
    """Find all pairs below `root`.

    Raises:
        DataError: There is no such folder, its layout is none of those, it holds no images, or images and
            masks do not pair up.
    """
    _check_folder(root)
    places = _find_places(root)
    parts: dict[Part, tuple[Pair, ...]] = {}
    others: list[str] = []
    ways: dict[str, Pair] = {}
    for part, place in places.items():
        parts[part], loosest, unread = _find_pairs(root, place)
        others += unread
        if loosest:
            ways.setdefault(loosest, next(_unequal(parts[part])))
    others += _beside(root, places)
    return Layout(root, parts, _unread(root, others), _pairing(ways))


def _check_folder(root: Path) -> None:
    if root.is_dir():
        return
    if not root.exists():
        near = nearest(root.name, [one.name for one in root.parent.iterdir()]) if root.parent.is_dir() else []
        hint = f"did you mean {root.parent / near[0]}? " if near else ""
        raise DataError(f"the dataset folder {root} does not exist; {hint}check the path after 'folder:'.")
    single = f"; a volume is written volume[labels=FILE]:{root}" if is_volume_file(root) else ""
    raise DataError(
        f"the dataset folder {root} is a file, not a folder; check the path after 'folder:'{single}."
    )


def _find_places(root: Path) -> dict[Part, _Place]:
    """Find the folders of images and masks of each part.

    Raises:
        DataError: There are none.
    """
    splits = [split for split in SPLITS if (root / split).is_dir()]
    whole = _place_in(root)
    if (whole or (root / "images").is_dir()) and splits:
        raise DataError(
            f"{root} holds both images/ and {listed(f'{split}/' for split in splits)}: is it divided or not? "
            "Keep images/ and masks/, or train/, val/ and test/ with images/ and masks/ each."
        )
    if splits:
        return {split: _place_in(root / split) or _missing(root / split) for split in splits}
    if whole is None:
        if (root / "images").is_dir():
            raise _missing_folder(root / "masks")
        flat = _flat(root)
        if flat is None:
            raise _unknown_layout(root)
        return {"": flat}
    named = {one.name.casefold(): one for one in root.iterdir() if one.is_dir()}
    if whole.images.name.casefold() == "imagestr" and named.keys() >= set(TEST_FOLDERS):
        return {"train": whole, "test": _Place(*(named[name] for name in TEST_FOLDERS))}
    return {"": whole}


def _place_in(folder: Path) -> _Place | None:
    """Return a folder's folders of images and of masks."""
    named = {one.name.casefold(): one for one in sorted(folder.iterdir()) if one.is_dir()}
    images, masks = (
        next((named[name] for name in names if name in named), None)
        for names in (IMAGE_FOLDERS, MASK_FOLDERS)
    )
    return _Place(images, masks) if images and masks else None


def _missing(part: Path) -> _Place:
    """Take masks that lie beside images, or say what is missing."""
    kind = "masks" if (part / "images").is_dir() else "images"
    flat = None if (part / "images").is_dir() or (part / "masks").is_dir() else _flat(part)
    if flat is None:
        raise _missing_folder(part / kind)
    return flat


def _missing_folder(folder: Path) -> DataError:
    return DataError(f"the folder {folder} is missing; images/ and masks/ hold files of equal names.")


def _flat(folder: Path) -> _Place | None:
    """Take a folder in which masks lie beside images: some of both are named so that they belong together."""
    names = [one.name for one in folder.iterdir() if one.name.lower().endswith(SUFFIXES)]
    stems = [name[: name.rfind(".")] for name in names if not is_litter(name)]
    masks = [stem for stem in stems if is_labels_name(stem)]
    images = [stem for stem in stems if not is_labels_name(stem)]
    return _Place(folder, folder) if pair_up(images, masks).pairs else None


def _find_pairs(root: Path, place: _Place) -> tuple[tuple[Pair, ...], str, tuple[str, ...]]:
    """Pair the images and masks of one part; say how names were compared, and what is none of both."""
    if place.images == place.masks:
        files = list_files(root, place.images, deep=False)
        images = {stem: path for stem, path in files.images.items() if not is_labels_name(stem)}
        masks = {stem: path for stem, path in files.images.items() if is_labels_name(stem)}
        others: tuple[str, ...] = ()  # `_beside` names them
    else:
        both = [_filled(place_, list_files(root, place_)) for place_ in (place.images, place.masks)]
        images, masks = (files.images for files in both)
        others = tuple(name for files in both for name in files.others)
    pairing = pair_up(sorted(images, key=natural_key), sorted(masks, key=natural_key))
    _check_partners(place, pairing)
    nnunet = all(image.endswith("_0000") for image in images)
    pairs = tuple(
        Pair(one.removesuffix("_0000") if nnunet else one, images[one], masks[other])
        for one, other in pairing.pairs
    )
    return pairs, pairing.loosest, others


def _filled(folder: Path, files: Files) -> Files:
    if not files.images:
        raise DataError(f"{folder} holds no images; expected PNG or TIFF files ({', '.join(SUFFIXES)}).")
    return files


def _check_partners(place: _Place, pairing: Pairing) -> None:
    """Refuse images without a mask and masks without an image."""
    folder = place.images if place.images == place.masks else place.images.parent
    doubts = "".join(f" {doubt}" for doubt in pairing.doubts[:3])
    _refuse_alone(folder, pairing.images_alone, "image", f"{place.masks.name}/", doubts)
    _refuse_alone(folder, pairing.labels_alone, "mask", f"{place.images.name}/", doubts)


def _refuse_alone(folder: Path, alone: Collection[str], noun: str, other: str, doubts: str) -> None:
    """Refuse files without a partner."""
    if alone:
        names = sorted(alone, key=natural_key)
        raise DataError(
            f"{folder}: {counted(len(alone), noun)} without a file of the same name in {other}: "
            f"{listed(names)}. Add what is missing or take these away.{doubts}"
        )


def _unequal(pairs: tuple[Pair, ...]) -> Iterator[Pair]:
    return (pair for pair in pairs if _name(pair.image) != _name(pair.mask))


def _name(path: str) -> str:
    return path[: path.rfind(".")].rpartition("/")[2]


def _pairing(ways: Mapping[str, Pair]) -> str:
    if not ways:
        return ""
    words = "; ".join(f"by {way}: {pair.mask} belongs to {pair.image}" for way, pair in ways.items())
    return f"Images and masks of different names were paired {words}."


def _beside(root: Path, places: Mapping[Part, _Place]) -> list[str]:
    """Return what lies beside folders of images and masks."""
    used = {path for place in places.values() for path in (place.images, place.masks)}
    used |= {parent for path in used if path != root for parent in path.parents}
    parents = {root, *(path.parent for path in used if path.is_relative_to(root) and path != root)}
    flat = {place.images for place in places.values() if place.images == place.masks}
    return [
        path.relative_to(root).as_posix() + ("/" if path.is_dir() else "")
        for parent in sorted(parents | flat)
        for path in sorted(parent.iterdir())
        if path not in used
        and not is_litter(path.name)
        and not (parent == root and path.name == FILE_NAME)
        and not (parent in flat and path.is_file() and path.name.lower().endswith(SUFFIXES))
    ]


def _unread(root: Path, others: Collection[str]) -> tuple[str, ...]:
    if not others:
        return ()
    return (f"Not read in {root}: {counted(len(others), 'entry', 'entries')}, {listed(others, 5)}.",)


def _unknown_layout(root: Path) -> DataError:
    """Return the error for a folder that follows no layout."""
    entries = [entry for entry in sorted(root.iterdir()) if not is_litter(entry.name)]
    inside = [entry.name + ("/" if entry.is_dir() else "") for entry in entries]
    volumes = [entry for entry in entries if is_volume_file(entry)]
    inner = [entry.name for entry in entries if entry.is_dir() and _place_in(entry)]
    more = ""
    if inner:
        more = (
            f" Each of {listed(f'{name}/' for name in inner)} is a dataset: write "
            f"{shlex.quote(f'folder:{escaped(str(root / inner[0]))}')}"
        )
    elif volumes:
        command = shlex.join(["emseg-bench", "data", "init", str(root)])
        more = (
            f" If {volumes[0].name} is a volume, write {shlex.quote(f'volume:{escaped(str(root))}')}, of "
            f"which this writes the {FILE_NAME}: {command}"
        )
    return DataError(
        f"{root} holds neither images/ and masks/ nor train/, val/ and test/ with images/ and masks/ each; "
        f"it holds {listed(inside, 6) if inside else 'nothing'}. Put the images into {root / 'images'} and "
        f"masks of the same names into {root / 'masks'}.{more}"
    )


def natural_key(name: str) -> list[tuple[str, int, str]]:
    """Sort numbers within names by value: ``z2`` before ``z10``."""
    pieces = re.findall(r"([^0-9]*)([0-9]*)", name)
    return [(text, int(digits or 0), digits) for text, digits in pieces]
