"""Finds pairs of images and masks in a folder.

Two layouts are understood, both with equal stems on either side (``007.tif`` and ``007.png``)::

    images/  masks/                       divided by emseg-bench
    train/images/  train/masks/  ...      likewise val/ and test/: divided by you
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ...benchmark.contracts import SPLITS, Split
from ...benchmark.errors import DataError
from .wording import counted, listed

Part: TypeAlias = Split | Literal[""]
"""A folder with ``images/`` and ``masks/``; ``""`` is the dataset's own."""

SUFFIXES: Final = (".png", ".tif", ".tiff")
FOREIGN_SUFFIXES: Final = (
    ".bmp",
    ".dm3",
    ".dm4",
    ".gif",
    ".h5",
    ".hdf5",
    ".jpeg",
    ".jpg",
    ".mrc",
    ".nii",
    ".npy",
)
"""Formats that hold images but are not read; any other file is none of ours."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An image and its mask, as paths below the dataset's folder."""

    stem: str
    image: str
    mask: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The pairs of a folder, by part and in natural order of their names."""

    root: Path
    parts: Mapping[Part, tuple[Pair, ...]]

    def pairs(self) -> list[Pair]:
        """Return all pairs."""
        return [pair for pairs in self.parts.values() for pair in pairs]


def find_layout(root: Path) -> Layout:
    """Find all pairs below `root`.

    Raises:
        DataError: There is no such folder, its layout is neither of the two, it holds no images, or
            images and masks do not pair up.
    """
    if not root.is_dir():
        problem = "is a file, not a folder" if root.exists() else "does not exist"
        raise DataError(f"the dataset folder {root} {problem}; check the path after 'folder:'.")
    splits = [split for split in SPLITS if (root / split).is_dir()]
    whole = (root / "images").is_dir()
    if whole and splits:
        raise DataError(
            f"{root} holds both images/ and {listed(f'{split}/' for split in splits)}: is it divided or not? "
            "Keep images/ and masks/, or train/, val/ and test/ with images/ and masks/ each."
        )
    if not whole and not splits:
        raise _unknown_layout(root)
    parts: tuple[Part, ...] = tuple(splits) or ("",)
    return Layout(root, {part: _find_pairs(root, part) for part in parts})


def _unknown_layout(root: Path) -> DataError:
    """Return the error for a folder that follows neither layout."""
    inside = sorted(entry.name + ("/" if entry.is_dir() else "") for entry in root.iterdir())
    return DataError(
        f"{root} holds neither images/ and masks/ nor train/, val/ and test/ with images/ and masks/ each; "
        f"it holds {listed(inside, 6) if inside else 'nothing'}. Put the images into {root / 'images'} and "
        f"masks of the same names into {root / 'masks'}."
    )


def _find_pairs(root: Path, part: Part) -> tuple[Pair, ...]:
    """Pair the images and masks of one part."""
    images, masks = (_find_files(root, part, kind) for kind in ("images", "masks"))
    _check_partners(root / part, set(images), set(masks))
    stems = sorted(images, key=natural_key)
    return tuple(Pair(stem, images[stem], masks[stem]) for stem in stems)


def _find_files(root: Path, part: Part, kind: str) -> dict[str, str]:
    """Return the image files of one folder as {stem: path below `root`}."""
    folder = root / part / kind
    if not folder.is_dir():
        raise DataError(f"the folder {folder} is missing; images/ and masks/ hold files of equal names.")
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    foreign = [name for name in names if name.lower().endswith(FOREIGN_SUFFIXES)]
    if foreign:
        raise DataError(
            f"{folder} holds files that are not read: {listed(foreign)}. Save them as PNG or TIFF."
        )
    readable = [name for name in names if name.lower().endswith(SUFFIXES)]
    if not readable:
        raise DataError(f"{folder} holds no images; expected PNG or TIFF files ({', '.join(SUFFIXES)}).")
    _check_duplicates(folder, readable)
    prefix = Path(part, kind)
    return {Path(name).stem: (prefix / name).as_posix() for name in readable}


def _check_duplicates(folder: Path, names: list[str]) -> None:
    """Refuse ``a.png`` beside ``a.tif``."""
    twice = {stem for stem, number in Counter(Path(name).stem for name in names).items() if number > 1}
    if twice:
        files = [name for name in names if Path(name).stem in twice]
        raise DataError(f"{folder} holds several files of one name: {listed(files, 4)}. Keep one of each.")


def _check_partners(folder: Path, images: set[str], masks: set[str]) -> None:
    """Refuse images without a mask and masks without an image."""
    _refuse_alone(folder, images - masks, "image", "masks/")
    _refuse_alone(folder, masks - images, "mask", "images/")


def _refuse_alone(folder: Path, alone: set[str], noun: str, other: str) -> None:
    """Refuse files without a partner."""
    if alone:
        names = sorted(alone, key=natural_key)
        raise DataError(
            f"{folder}: {counted(len(alone), noun)} without a file of the same name in {other}: "
            f"{listed(names)}. Add what is missing or take these away."
        )


def natural_key(name: str) -> list[tuple[str, int, str]]:
    """Sort numbers within names by value: ``z2`` before ``z10``."""
    pieces = re.findall(r"([^0-9]*)([0-9]*)", name)
    return [(text, int(digits or 0), digits) for text, digits in pieces]
