"""EPFL's hippocampus, known as Lucchi: mitochondria, as they were first labelled.

Four TIFF files of 165 sections of 768 x 1024 px, a training and a testing volume out of one larger block.
What to know of the files:

- Labels are 0 and 255.
- The files' address has an encoded space (``%20``) before a folder's name; without it they are not found.
- No checksums are published.
- Lucchi++ (`lucchi-pp`) has the same images with corrected labels.  Scores on the two are not comparable, and
  what has seen one of them in training has seen the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...benchmark.contracts.published import ConversionWriter, Part, RemoteFile, SourceFiles
from .adapter import published_card
from .rules import Rules
from .splitting import OfficialSplits

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array

PARTS: dict[Part, str] = {"train": "training", "test": "testing"}


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write both volumes.

    Raises:
        DataError: A file is not as it was published.
    """
    from .reading import relabel, tiff_stack

    for part, name in PARTS.items():
        image = tiff_stack(source.path(f"{name}.tif"))
        labels = tiff_stack(source.path(f"{name}_groundtruth.tif"))
        writer.add(part, name, image, relabel(labels, mitochondria))


def mitochondria(section: Array) -> Array:
    """Return 1 where the ground truth is white and 0 where it is black.

    Raises:
        DataError: It has other values.
    """
    import numpy as np

    from ...benchmark.contracts.errors import DataError

    if other := {*np.unique(section).tolist()} - {0, 255}:
        raise DataError(
            f"Lucchi's ground truth holds the value {min(other)}, expected 0 and 255 alone. Take the files "
            "as they were published."
        )
    return np.asarray(section == 255, np.uint8)


FOLDER = "https://documents.epfl.ch/groups/c/cv/cvlab-unit/www/data/%20ElectronMicroscopy_Hippocampus/"

RULES = Rules(
    class_names=("background", "mitochondria"),
    voxel_size_nm=(5.0, 5.0, 5.0),
    notes=("Lucchi's train and test parts are of one block of tissue.",),
)

LUCCHI = published_card(
    "lucchi",
    RULES,
    OfficialSplits(),
    description="EPFL's hippocampus: mitochondria in mouse CA1, FIB-SEM, as first labelled",
    page="https://www.epfl.ch/labs/cvlab/data/data-em/",
    files=tuple(
        RemoteFile(name=name, url=FOLDER + name, megabytes=130)
        for part in PARTS.values()
        for name in (f"{part}.tif", f"{part}_groundtruth.tif")
    ),
    convert=convert,
    used_in=(
        "PyTorch Connectomics, 3D U-Net: foreground IoU 0.872 on the test volume at a threshold of 0.5.",
    ),
    citation="A. Lucchi, Y. Li, P. Fua, Learning for structured prediction using approximate subgradient "
    "descent with working sets, CVPR 2013",
    licence="not stated",
)

CARDS = (LUCCHI,)
