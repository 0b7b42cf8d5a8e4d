"""Writes a dataset's arrays while it is converted: checked, hashed and summed up slice by slice."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...benchmark.contracts.errors import DataError
from ...benchmark.contracts.published import ConvertedVolume, Part, SliceFacts, Slices
from ...benchmark.files.hashing import sha256_of
from .arrays import ArrayFile
from .facts import slice_facts
from .space import writing

if TYPE_CHECKING:
    from ...benchmark.files.download import Meter

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

IMAGE_TYPES: Final = (np.uint8, np.uint16)
STORED: Final[dict[str, type[np.unsignedinteger[Any]]]] = {"labels": np.uint8, "instances": np.uint32}
"""What label maps and objects are stored as."""


@dataclass(slots=True)
class StoreWriter:
    """A `ConversionWriter` that writes ``<part>/<name>.<kind>.npy`` files into a folder."""

    folder: Path
    meter: Meter | None = None
    """Hears of the bytes that are written."""
    volumes: list[ConvertedVolume] = field(default_factory=list)
    """Those that were written, in order."""
    sha256: dict[str, str] = field(default_factory=dict)
    """Hash of each file, by its path below the folder."""

    def add(
        self,
        part: Part,
        name: str,
        image: Slices,
        labels: Slices | None = None,
        *,
        instances: Slices | None = None,
        group: str | None = None,
    ) -> None:
        """Write one volume, or one image as a volume of depth 1, slice by slice.

        Raises:
            DataError: The name is taken or none, shapes or types are not what they must be, or a value is
                outside its range; names the volume and the slice.
        """
        where = f"{part}/{name}"
        self._check_name(part, name)
        given = {"image": image, "labels": labels, "instances": instances}
        arrays = {kind: slices for kind, slices in given.items() if slices is not None}
        shape = _check_shapes(where, arrays)
        paths = {kind: self.folder / part / f"{name}.{kind}.npy" for kind in arrays}
        with writing(self.folder):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        files, facts = _write(where, shape, arrays, paths, self.meter)
        hashes = {kind: file.sha256 for kind, file in files.items()}
        self.sha256 |= {paths[kind].relative_to(self.folder).as_posix(): hashes[kind] for kind in arrays}
        self.volumes.append(
            ConvertedVolume(
                part=part,
                name=name,
                shape=shape,
                group=group,
                image=paths["image"],
                labels=paths.get("labels"),
                instances=paths.get("instances"),
                bits=8 * files["image"].dtype.itemsize,
                sha256=sha256_of(hashes),
                slices=facts,
            )
        )

    def _check_name(self, part: Part, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise DataError(
                f"{part}: got {name!r} as the name of a volume; expected letters, digits, '-', '_' and '.', "
                "at most 100, beginning with a letter or digit."
            )
        taken = [volume.name for volume in self.volumes if volume.part == part]
        if name.lower() in map(str.lower, taken):  # some disks do not tell cases apart
            raise DataError(f"{part}/{name}: there is a volume of that name already; names must differ.")


def _check_shapes(where: str, arrays: dict[str, Slices]) -> tuple[int, int, int]:
    shapes = {kind: tuple(map(int, slices.shape)) for kind, slices in arrays.items()}
    shape = shapes["image"]
    if len(shape) != 3 or 0 in shape:
        raise DataError(f"{where}: the image's shape is {shape}, expected (Z, Y, X) without a 0.")
    for kind, other in shapes.items():
        if other != shape:
            raise DataError(
                f"{where}: the {kind} are {other} and the image is {shape}, expected the same (Z, Y, X); are "
                "these files of one volume?"
            )
    return shape[0], shape[1], shape[2]


def _write(
    where: str,
    shape: tuple[int, int, int],
    arrays: dict[str, Slices],
    paths: dict[str, Path],
    meter: Meter | None,
) -> tuple[dict[str, ArrayFile], tuple[SliceFacts, ...]]:
    """Write the files of one volume side by side; return them, and what was found."""
    found: list[SliceFacts] = []
    files: dict[str, ArrayFile] = {}
    with ExitStack() as opened:
        for z in range(shape[0]):
            slices = {
                kind: _checked(f"{where}, slice {z}", kind, np.asarray(source[z]), shape[1:])
                for kind, source in arrays.items()
            }
            if not files:
                files = {
                    k: opened.enter_context(ArrayFile(paths[k], s.dtype, shape)) for k, s in slices.items()
                }
            for kind, slice_ in slices.items():
                try:
                    files[kind].write(slice_)
                except ValueError as error:
                    raise DataError(f"{where}, slice {z}: the {kind} {error}.") from None
                if meter:
                    meter.update(slice_.nbytes)
            found.append(slice_facts(slices["image"], slices.get("labels")))
    return files, tuple(found)


def _checked(
    where: str, kind: str, slice_: np.ndarray[Any, Any], shape: tuple[int, ...]
) -> np.ndarray[Any, Any]:
    """Give a slice as it is stored.

    Raises:
        DataError: It has another shape, a type that is not stored, or a value that would not fit.
    """
    if slice_.shape != shape:
        raise DataError(f"{where}: the {kind} slice is {slice_.shape}, expected (Y, X) = {shape}.")
    if kind == "image":
        slice_ = slice_.astype(slice_.dtype.newbyteorder("="), copy=False)
        if slice_.dtype not in IMAGE_TYPES:
            raise DataError(
                f"{where}: the image holds {slice_.dtype} values, expected uint8 or uint16; the conversion "
                "has to say how others are scaled."
            )
        return slice_
    stored = STORED[kind]
    if slice_.dtype == np.bool_:
        return slice_.astype(stored)
    top = np.iinfo(stored).max
    if not np.issubdtype(slice_.dtype, np.integer):
        raise DataError(
            f"{where}: the {kind} hold {slice_.dtype} values, expected whole numbers, 0 to {top}."
        )
    low, high = int(slice_.min()), int(slice_.max())
    if low < 0 or high > top:
        raise DataError(f"{where}: the {kind} hold values from {low} to {high}, expected 0 to {top}.")
    return slice_.astype(stored)
