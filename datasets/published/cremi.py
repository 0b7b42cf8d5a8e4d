"""CREMI: synaptic clefts in the brain of an adult fly.

Three blocks, an HDF5 file of (125, 1250, 1250) voxels each.  What to know of the files:

- The background of ``volumes/labels/clefts`` is 2**64 - 1, and every other value is a cleft's number, 0 not
  excluded.  They are compared as the unsigned 64-bit numbers that they are: as signed or floating-point
  numbers they would no longer be equal to it.
- Clefts fill well under 1 % of the voxels, so many sections show none.
- The challenge's own test blocks (A+, B+, C+) have no public labels and are not fetched.  As in published
  work, C tests.
- The challenge scores clefts by distances; what is scored here is overlap.
- The site's certificate has been seen expired, hence the `RemoteFile.note`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...benchmark.contracts.published import ConversionWriter, Part, RemoteFile, SourceFiles
from .adapter import published_card
from .cem500k_split import SPLIT, Cem500kSplit
from .rules import Rules
from .splitting import OfficialSplits

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array

BACKGROUND = 2**64 - 1
"""The value of ``volumes/labels/clefts`` where there is no cleft."""

PARTS: dict[str, Part] = {"A": "train", "B": "train", "C": "test"}


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the three blocks.

    Raises:
        DataError: A file is not as it was published.
    """
    from .reading import hdf5_stack, relabel

    for block, part in PARTS.items():
        path = source.path(file_name(block))
        clefts = hdf5_stack(path, "volumes/labels/clefts")
        writer.add(part, block, hdf5_stack(path, "volumes/raw"), relabel(clefts, is_cleft))


def file_name(block: str) -> str:
    """Name the file of a block, without the margins that other files have around it."""
    return f"sample_{block}_20160501.hdf"


def is_cleft(ids: Array) -> Array:
    """Return True where there is a cleft.

    Args:
        ids: (H, W) uint64 numbers of clefts.

    Raises:
        DataError: They are of another type, in which the background's value may have been lost.
    """
    import numpy as np

    from ...benchmark.contracts.errors import DataError

    if ids.dtype != np.uint64:
        raise DataError(f"the clefts of CREMI are {ids.dtype}, expected uint64: take the files as published.")
    clefts: Array = ids != BACKGROUND
    return clefts


RULES = Rules(
    class_names=("background", "synaptic cleft"),
    voxel_size_nm=(40.0, 4.0, 4.0),
    scored="volumes",
)

SHA256 = {
    "A": "4c563d1b78acb2bcfb3ea958b6fe1533422f7f4a19f3e05b600bfa11430b510d",
    "B": "887e85521e00deead18c94a21ad71f278d88a5214c7edeed943130a1f4bb48b8",
    "C": "2874496f224d222ebc29d0e4753e8c458093e1d37bc53acd1b69b19ed1ae7052",
}

CREMI = published_card(
    "cremi",
    RULES,
    OfficialSplits({SPLIT: Cem500kSplit(sliced=True)}),
    description="synaptic clefts in the brain of an adult fly, ssTEM",
    page="https://cremi.org/data/",
    files=tuple(
        RemoteFile(
            name=file_name(block),
            url=f"https://cremi.org/static/data/{file_name(block)}",
            sha256=sha256,
            megabytes=170,
            note="The site's certificate has been seen expired. If the download is refused, fetch the file "
            "with a browser and import it: its checksum is known.",
        )
        for block, sha256 in SHA256.items()
    ),
    convert=convert,
    used_in=(
        "CEM500K (Conrad & Narayan 2021): trained on the z slices of A and B but the last, tested on C as a "
        "stack: split=cem500k-2021. IoU 0.254 (ImageNet, MoCo v2: 0.226).",
        "RETINA (Xing, Xie & Bader 2025): CEM500K's division, 10000 iterations (recipe retina-2025-cremi).",
    ),
    citation="CREMI: MICCAI Challenge on Circuit Reconstruction from Electron Microscopy Images, 2016, "
    "https://cremi.org",
    licence="not stated",
)

CARDS = (CREMI,)
