"""Opens a volume file of any kind: finds the reader, settles axes and voxel size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...contracts.errors import DataError, UsageError
from ...files.decoding import reading
from ...files.limits import check_claim
from ...files.regular import check_regular

if TYPE_CHECKING:
    from .found import Found, Stored
    from .volume import Volume

HDF5: Final = (".h5", ".hdf5", ".hdf", ".he5")
TIFF: Final = (".tif", ".tiff", ".btf", ".tf8")
MRC: Final = (".mrc", ".rec", ".map", ".st", ".mrcs")
NRRD: Final = (".nrrd", ".nhdr")
NIFTI: Final = (".nii", ".nii.gz")
SUFFIXES: Final = (*TIFF, *HDF5, *NRRD, *NIFTI, *MRC, ".zarr", ".npy")
"""Of files, and of zarr's folders, that are read as volumes."""

MANY: Final = 5
"""So many channels or frames of grey data, and no section beside them, are sections."""
TOLD_SINGLY: Final = 3
"""Files of which the same is noted; of more it is said once."""
MOST_ANISOTROPY: Final = 50.0
"""A voxel with sides that differ by more is questioned."""
MOST_UNEVEN: Final = 2.0
"""Likewise for rows and columns."""
_ZARR_MARKS: Final = ("zarr.json", ".zarray", ".zgroup", ".zattrs")
_OTHERS: Final[Mapping[str, str]] = {
    "c": "channels",
    "s": "colours",
    "t": "points in time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody says about a volume; it goes before what the file says."""

    axes: str | None = None
    """A letter per stored axis, such as ``xyz``; axes of length 1 may be left out."""
    voxel_size_nm: tuple[float, ...] | None = None
    """(z, y, x), or one number for all."""
    level: int | None = None
    """Of an OME-Zarr image, 0 the finest."""
    as_labels: bool = False
    """Whether values are labels: a palette's index is the label, and 0 as white is no negative."""


def open_volume(location: str | Path, cache: Path, wanted: Wanted | None = None) -> Volume:
    """Open a volume by its header; a compressed file that cannot be read in parts is unpacked into the cache.

    Args:
        location: The file, or zarr folder; ``:/NAME`` behind it names a part of HDF5 and zarr files.
        cache: The cache folder, for unpacked copies.
        wanted: What goes before the file's own words.

    Raises:
        DataError: There is no such file, it cannot be read, or is no grey volume.
        UsageError: Something is wanted that the format does not have.
    """
    wanted = wanted or Wanted()
    path, inside = split_location(str(location))
    found = find(path, inside, wanted.level, cache, as_labels=wanted.as_labels)
    return as_volume(str(location), path, found, wanted)


def as_volume(source: str, path: Path, found: Found, wanted: Wanted) -> Volume:
    """Take what a reader found as a volume.

    Args:
        source: For messages: the file, and what is meant within it.
        path: The file.
        found: In it.
        wanted: What goes before the file's own words.

    Raises:
        DataError: It is no grey volume.
    """
    from .position import grid_of
    from .volume import Volume, shape_of

    shape, kind = found.stored.shape, found.stored.dtype
    if kind.kind not in "uifb" or kind.itemsize > 8:
        raise DataError(f"{source} holds {kind} values; expected whole numbers or floats, one per voxel.")
    said = found.axes if wanted.axes else sections_in(found.axes, shape, as_labels=wanted.as_labels)
    axes = settle_axes(source, said, shape, wanted.axes)
    if 0 in shape:
        raise DataError(f"{source} is an array {tuple(shape)}: it holds nothing.")
    _check_pieces(source, found.stored)
    size = _settle_voxel_size(found, wanted)
    notes = [*found.notes, *sections_note(found.axes, said, shape), *doubts_of(size)]
    return Volume(
        source=source,
        path=path,
        axes=axes,
        shape=shape_of(axes, shape),
        dtype=kind,
        voxel_size_nm=size,
        stored=found.stored,
        notes=tuple(f"{source} {note}." for note in notes),
        backwards=found.backwards,
        grid=grid_of(found.position, axes) if found.position else None,
    )


def notes_of(volumes: Sequence[Volume]) -> Iterator[str]:
    """Tell what is noted of volumes; what is the same of many of them, of the first."""
    noted = [(note, note.removeprefix(volume.source)) for volume in volumes for note in volume.notes]
    times = Counter(text for _, text in noted)
    told = set()
    for note, text in noted:
        if times[text] <= TOLD_SINGLY:
            yield note
        elif text not in told:
            told.add(text)
            yield f"{note} The same holds for {times[text] - 1} more files."


def _check_pieces(source: str, stored: Stored) -> None:
    """Refuse a volume whose sections, or whose chunks, are over the limit for one piece."""
    from .found import values_bytes

    if min(stored.chunk, default=1) < 1:
        raise DataError(f"{source} says that its chunks are {stored.chunk}; it is damaged. Save it again.")
    for sides, piece in ((stored.chunk, "chunks"), (stored.shape[-2:], "sections")):
        claimed = values_bytes(source, sides, stored.dtype)
        check_claim(claimed, source, f"{piece} of {' x '.join(f'{side:,}' for side in sides)} values,")


def split_location(location: str) -> tuple[Path, str]:
    """Split ``cells.h5:/raw`` into the file and what is meant within it, which may be empty."""
    match = re.fullmatch(r"(.+\.(?:h5|hdf5|hdf|he5|zarr))/?:/?(.*)", location, re.IGNORECASE)
    path, inside = (match[1], f"/{match[2].strip('/')}") if match else (location, "")
    return Path(path).expanduser(), "" if inside == "/" else inside


def levels_of(location: str | Path) -> int:
    """Return how many levels an OME-Zarr image has; 0: it is none.

    Raises:
        DataError: It cannot be read.
    """
    path, inside = split_location(str(location))
    if not is_zarr(path):
        return 0
    from . import zarrs

    return zarrs.levels_of(path, inside)


def is_zarr(path: Path) -> bool:
    """Tell a zarr folder from any other."""
    return path.is_dir() and any((path / mark).exists() for mark in _ZARR_MARKS)


def is_volume_file(path: Path) -> bool:
    """Tell by its name, or as zarr's folder, whether something is read as a volume."""
    return is_zarr(path) if path.is_dir() else path.name.lower().endswith(SUFFIXES)


def find(path: Path, inside: str, level: int | None, cache: Path, *, as_labels: bool = False) -> Found:
    """Have the format's reader look at the file.

    Args:
        path: The file, or zarr folder.
        inside: What is meant within HDF5 and zarr; empty: the only one.
        level: Of an OME-Zarr image.
        cache: The cache folder, for unpacked copies.
        as_labels: Whether values are labels, and not grey.

    Raises:
        DataError: There is no such file, or it cannot be read.
        UsageError: A level is wanted that the format does not have.
    """
    if not path.exists():
        raise DataError(f"{path} is not there; check the path.")
    if not path.is_dir():
        check_regular(path)
    with reading(path):
        return _find(path, inside, level, cache, as_labels=as_labels)


def _find(path: Path, inside: str, level: int | None, cache: Path, *, as_labels: bool) -> Found:
    name = path.name.lower()
    if is_zarr(path):
        from . import zarrs

        return zarrs.find(path, inside, level)
    if level is not None:
        raise UsageError(f"the option level is for OME-Zarr images, and {path} is none. Leave it out.")
    if path.is_file() and name.endswith(HDF5):
        from . import hdf5

        return hdf5.find(path, inside)
    return _find_plain(path, cache, as_labels=as_labels)


def _find_plain(path: Path, cache: Path, *, as_labels: bool) -> Found:
    """Look at a file that holds one array."""
    from . import mrc, nifti, npy, nrrd, tiff

    name = path.name.lower()
    if path.is_file() and name.endswith(TIFF):
        return tiff.find(path, as_labels=as_labels)
    if path.is_file() and name.endswith(NIFTI):
        return nifti.find(path, cache)
    if path.is_file() and name.endswith(NRRD):
        return nrrd.find(path, cache)
    if path.is_file() and name.endswith(MRC):
        return mrc.find(path)
    if path.is_file() and name.endswith(".npy"):
        return npy.find(path)
    if path.is_dir() and (name.endswith(".n5") or (path / "attributes.json").exists()):
        raise DataError(f"{path} is N5, which is not read; save it as zarr or HDF5.")
    kind = "a folder, but no zarr" if path.is_dir() else "of a format that is not read"
    raise DataError(
        f"{path} is {kind}; volumes are TIFF, OME-TIFF, HDF5, NRRD, NIFTI, MRC, NumPy files and zarr "
        f"({', '.join(SUFFIXES)})."
    )


def settle_axes(source: str, said: str | None, shape: Sequence[int], wanted: str | None) -> str:
    """Return a letter per stored axis; those of length 1 that are no side of the volume are called ``1``.

    Args:
        source: For messages.
        said: What the file says; None: nothing, and the order z, y, x is assumed.
        shape: Of the stored array.
        wanted: What goes before it.

    Raises:
        DataError: That is not one grey volume.
    """
    long = sum(length > 1 for length in shape)
    axes = (wanted or "").lower() or said or "zyx"[-(len(shape) if len(shape) <= 3 else long) :]
    if len(axes) == long < len(shape):
        letters = iter(axes)
        axes = "".join(next(letters) if length > 1 else "1" for length in shape)
    lengths = f"{source} is an array {tuple(shape)}"
    if len(axes) != len(shape):
        raise DataError(
            f"{lengths}, which the axes {axes!r} do not fit; expected a letter per axis, as in axes=zyx."
        )
    for axis, length in zip(axes, shape, strict=True):
        if axis not in "zyx" and length > 1:
            what = _OTHERS.get(axis, f"an axis {axis!r}")
            raise DataError(
                f"{lengths} with {length} {what}; expected a grey volume. Save one of them, or say what "
                f"the axes are, for example axes={_as_sections(axes, axis)}."
            )
    if any(axes.count(axis) > 1 for axis in "zyx") or not {"y", "x"} <= set(axes):
        raise DataError(f"{lengths} and its axes are {axes!r}; expected z, y and x, each once.")
    return "".join(axis if axis in "zyx" else "1" for axis in axes)


def sections_in(said: str | None, shape: Sequence[int], *, as_labels: bool) -> str | None:
    """Return the axes of a file, its only long axis beside y and x called z, whatever it calls it.

    Programs write sections as channels or frames where nobody told them; of grey data a few may be channels,
    so that fewer than `MANY` are left as they are.  Labels have no channels.
    """
    if said is None:
        return None
    long = [place for place, side in enumerate(shape) if side > 1 and said[place] not in "yx"]
    if len(long) != 1 or said[long[0]] == "z" or (shape[long[0]] < MANY and not as_labels):
        return said
    return "".join(
        "z" if place == long[0] else "1" if axis == "z" else axis for place, axis in enumerate(said)
    )


def sections_note(said: str | None, taken: str | None, shape: Sequence[int]) -> Iterator[str]:
    """Say that sections were called something else."""
    if said and taken and said != taken:
        place = next(place for place, axis in enumerate(taken) if axis == "z")
        what = _OTHERS.get(said[place], f"an axis {said[place]!r}")
        yield (
            f"calls its {shape[place]} sections {what}: they are taken for sections, since there are no "
            "others; the option axes, or axes in dataset.yaml, says otherwise"
        )


def doubts_of(size: tuple[float, float, float] | None) -> Iterator[str]:
    """Question a voxel size that hardly any microscope has."""
    if size is None:
        return
    thin, thick = min(size), max(size)
    if thick > MOST_ANISOTROPY * thin or max(size[1:]) > MOST_UNEVEN * min(size[1:]):
        sides = " x ".join(f"{side:g}" for side in size)
        yield (
            f"says that a voxel is {sides} nm (z, y, x), one side {thick / thin:,.0f} times another: is a "
            "unit wrong? The option voxel_size, or voxel_size_nm in dataset.yaml, says what is right"
        )


def _as_sections(axes: str, axis: str) -> str:
    return axes.replace(axis, "z") if "z" not in axes else "zyx"


def _settle_voxel_size(found: Found, wanted: Wanted) -> tuple[float, float, float] | None:
    given = wanted.voxel_size_nm
    if given:
        z, y, x = given if len(given) == 3 else given * 3
        return z, y, x
    if {"z", "y", "x"} <= found.spacing.keys():
        return found.spacing["z"], found.spacing["y"], found.spacing["x"]
    return None
