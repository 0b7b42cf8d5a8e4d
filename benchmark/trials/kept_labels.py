"""Predicted label maps of the test split, kept with a trial to be scored anew without its model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from PIL import Image

from ..contracts.data import Case
from ..contracts.errors import DataError, StoreError
from ..files.decoding import decoding
from ..files.regular import check_regular, check_within, open_regular, shown
from ..files.spreadsheets import csv_of
from ..files.store import write_whole
from ..files.tiff_guard import check_page, open_tiff
from ..images.class_colours import colour_table
from ..images.label_pictures import label_picture
from ..images.tiff_stacks import stack_writer
from .case_names import file_names

Labels: TypeAlias = np.ndarray[Any, Any]


class KeptLabels:
    """A folder with a file per test case, named by it, and ``cases.csv``, which lists them.

    An image is a PNG file, a volume a TIFF file with a page per slice; palettes show the classes.  Older
    versions wrote grey files, and named them by the numbers of cases alone; they are read, too.

    Args:
        folder: Made when the first is written.
        cases: All test cases, in the manifest's order.
    """

    def __init__(self, folder: Path, cases: Sequence[Case]) -> None:
        self._folder, self._cases, self._names = folder, cases, file_names(cases)

    def write(self, number: int, labels: Labels) -> None:
        """Keep the (H, W) or (Z, Y, X) uint8 labels of a case; a memory map is read slice by slice."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._file(number, labels.ndim)
        path.unlink(missing_ok=True)  # a link would lead elsewhere
        if labels.ndim == 2:
            label_picture(labels).save(path, compress_level=1)
            return
        with stack_writer(path, labels.shape, colours=colour_table()) as pages:
            pages[0 : len(labels)] = labels

    def path(self, number: int) -> Path:
        """Say where the labels of a case are."""
        return self._file(number, len(self._cases[number].sides))

    def list_cases(self) -> None:
        """Write which file is of which case, when all are there."""
        files = [self.path(number).name for number in range(len(self._cases))]
        table = pd.DataFrame({"file": files, "case": [case.id for case in self._cases]})
        write_whole(self._folder / "cases.csv", csv_of(table))

    def read(self, number: int, shape: tuple[int, ...]) -> Labels:
        """Read the uint8 labels of a case; a volume as a memory map of a temporary file.

        Args:
            number: Of the case.
            shape: (H, W) or (Z, Y, X), as the case has it.

        Raises:
            StoreError: They are missing, damaged or of another shape.
        """
        path = self._file(number, len(shape))
        old = self._folder / f"{number:05}{path.suffix}"
        path = old if old.exists() and not path.exists() else path
        check_regular(check_within(self._folder, path.absolute(), shown(path), StoreError), StoreError)
        try:
            with decoding(path, "tifffile" if path.suffix == ".tif" else "Pillow", _DamagedError):
                return _read(path, shape)
        except (_DamagedError, DataError) as error:
            raise _unusable(path, f"is missing or damaged ({error})") from error

    def _file(self, number: int, axes: int) -> Path:
        return self._folder / f"{self._names[number]}.{'png' if axes == 2 else 'tif'}"


class _DamagedError(StoreError):
    """A library cannot read a label map."""


def _read(path: Path, shape: tuple[int, ...]) -> Labels:
    """Read labels, once their header says that they have the shape that is expected."""
    if path.suffix == ".tif":
        with open_tiff(path) as file:
            series = file.series[0]
            _check_shape(path, series.shape, shape)
            for page in series.pages:
                check_page(page, path)
            # tifffile drops axes of length 1
            labels: Labels = np.asanyarray(series.asarray(out="memmap")).reshape(shape)
            return labels
    with open_regular(path) as stream, Image.open(stream, formats=("PNG",)) as image:
        _check_shape(path, (image.height, image.width), shape)
        return np.asarray(image).reshape(shape)


def _check_shape(path: Path, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if math.prod(found) != math.prod(expected):
        raise _unusable(path, f"is {found}, expected {expected}")


def _unusable(path: Path, problem: str) -> StoreError:
    return StoreError(f"the kept label map {path} {problem}; run the trial again to have it.")
