"""Perez: lysosomes, mitochondria, nuclei and nucleoli in mouse brain; four datasets from one archive.

What to know of the files:

- Images and labels of a pair have different prefixes before the number: ``..._orig.012.png`` beside another
  prefix and the same ``.012.png``.  What follows the first dot is the pair's name.
- Labels are 0 and 1, or 0 and 255: sources do not say which, and both are read.
- The grey range is narrow, about 68 to 105 of 255: that is normal.
- Labels are partial: not every object is labelled, so plain overlap punishes correct predictions.  Score with
  ``--protocol retina-2025-perez`` or ``cem500k-2021-perez``, which match objects first.
- What is published as the score of "Perez" is the mean of the four.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.published import ConversionWriter, Part, RemoteFile, SourceFiles
from .adapter import published_card
from .cem500k_split import SPLIT, Cem500kSplit
from .rules import Rules
from .splitting import OfficialSplits

if TYPE_CHECKING:
    from pathlib import Path

    from ...benchmark.images.pixels import Array

ARCHIVE = "chm-supplemental_data.zip"
PARTS: dict[Part, tuple[str, str]] = {
    "train": ("training_images", "training_labels"),
    "test": ("test_images", "ground_truth"),
}


def convert(organelle: str, source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the images of one organelle, each as a volume of depth 1.

    Args:
        organelle: The name of its folders in the archive.
        source: Where the archive lies.
        writer: Takes the images.

    Raises:
        DataError: A file is not as it was published.
    """
    from .finding import find
    from .reading import image_stack, pair_up, relabel

    root = find(source.path(ARCHIVE), "supplemental_data")
    for part, (images, labels) in PARTS.items():
        pairs = pair_up(root / images / organelle, root / labels / organelle, pair_name)
        for name, (image, mask) in pairs.items():
            writer.add(part, name, image_stack([image]), relabel(image_stack([mask]), is_labelled))


def pair_name(path: Path) -> str:
    """Return ``012`` for ``scn_orig.012.png``."""
    return path.name.partition(".")[2].removesuffix(".png")


def is_labelled(mask: Array) -> Array:
    """Return True where a mask of 0 and 1, or of 0 and 255, is not 0.

    Raises:
        DataError: It holds other values, which nobody has described.
    """
    import numpy as np

    from ...benchmark.contracts.errors import DataError

    if other := sorted(set(np.unique(mask).tolist()) - {0, 1, 255}):
        raise DataError(f"a mask of Perez holds the values {other[:5]}, expected 0 and 1, or 0 and 255.")
    labelled: Array = mask != 0
    return labelled


ORGANELLES = {
    "lyso": ("lysosomes", "lysosome", ("0.849", "0.816"), 10_000),
    "mito": ("mitochondria", "mitochondria", ("0.884", "0.866"), 3000),
    "nuclei": ("nuclei", "nucleus", ("0.988", "0.986"), 3000),
    "nucleoli": ("nucleoli", "nucleolus", ("0.885", "0.865"), 3000),
}
"""By the end of the dataset's name: folder, class, CEM500K's IoU with its own and with ImageNet's weights,
and RETINA's iterations."""


def _card(short: str) -> DatasetCard:
    folder, class_name, score, iterations = ORGANELLES[short]
    name = f"perez-{short}"
    rules = Rules(
        class_names=("background", class_name),
        voxel_size_nm=(30.0, 7.8, 7.8),
        notes=(
            f"Not all {folder} are labelled: score with --protocol retina-2025-perez or cem500k-2021-perez, "
            "which match objects first.",
            "All images show tissue of one mouse; how far apart they lie is not stated, and they count as "
            "independent.",
        ),
    )
    return published_card(
        name,
        rules,
        OfficialSplits({SPLIT: Cem500kSplit()}),
        description=f"{folder} in the suprachiasmatic nucleus of a mouse, SBF-SEM, labelled in part",
        page="https://doi.org/10.3389/fnana.2014.00126",
        files=(
            RemoteFile(
                name=ARCHIVE,
                url="https://www.sci.utah.edu/releases/chm_v2.1.367/chm-supplemental_data.zip",
            ),
        ),
        convert=partial(convert, folder),
        used_in=(
            "CEM500K (Conrad & Narayan 2021): train and test as published, objects matched: "
            f"split=cem500k-2021, protocol cem500k-2021-perez. IoU {score[0]} (ImageNet, MoCo v2: "
            f"{score[1]}).",
            f"RETINA (Xing, Xie & Bader 2025): CEM500K's division, {iterations} iterations (recipe "
            f"retina-2025-{name}).",
        ),
        citation="A. J. Perez et al., A workflow for the automatic segmentation of organelles in electron "
        "microscopy image stacks, Front. Neuroanat. 8:126, 2014, doi 10.3389/fnana.2014.00126",
        licence="not stated",
    )


CARDS = tuple(map(_card, ORGANELLES))
