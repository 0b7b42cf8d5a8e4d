"""Guay: human platelets, seven classes; also called DenseCell or 3D Platelet EM.

Three multi-page TIFF files of images and three of labels.  What to know of them:

- Images are signed 16-bit numbers.  As in published work each volume is stretched by itself: minimum to 0,
  maximum to 255, fractions cut off.
- The names of labels 3 and 4 are contradictory: the data's authors call them alpha granule and canalicular
  vessel, and CEM500K's configuration has them the other way round.  The authors know.  Means over classes do
  not depend on it; weights of classes go by label.
- Only a part of the field is annotated: label 0 is background, or nobody looked.  So predictions count only
  where the truth is not 0, and the classes 0 and 1 are not scored.
- ``train-error-weights.tif`` weights the pixels in the authors' own loss and is not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...benchmark.contracts.published import ConversionWriter, Part, RemoteFile, Slices, SourceFiles
from .adapter import published_card
from .cem500k_split import SPLIT, Cem500kSplit
from .rules import Rules
from .splitting import OfficialSplits

if TYPE_CHECKING:
    from ..fetching.slices import LazySlices

ARCHIVE = "platelet_data_1219.zip"
PARTS: dict[Part, str] = {"train": "train", "val": "eval", "test": "test"}


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the three volumes.

    Raises:
        DataError: A file is not as it was published.
    """
    from .finding import find
    from .reading import tiff_stack

    folder = find(source.path(ARCHIVE), "platelet_data")
    for part, published in PARTS.items():
        image = stretch(tiff_stack(folder / f"{published}-images.tif"))
        writer.add(part, published, image, tiff_stack(folder / f"{published}-labels.tif"))


def stretch(volume: Slices) -> LazySlices:
    """Bring a volume to 0-255: ``trunc(255 (x - min) / (max - min))``, in double precision as published.

    Its values are read twice, a section at a time: for their range, and when they are asked for.

    Raises:
        DataError: All values are equal.
    """
    import numpy as np

    from ...benchmark.contracts.errors import DataError
    from .reading import relabel

    sections = (volume[z] for z in range(volume.shape[0]))
    lows, highs = zip(*((float(section.min()), float(section.max())) for section in sections), strict=True)
    low, width = min(lows), max(highs) - min(lows)
    if width == 0:
        raise DataError("a volume has the same value everywhere: this is not the archive as published.")
    return relabel(volume, lambda pixels: ((pixels.astype(np.float64) - low) / width * 255).astype(np.uint8))


RULES = Rules(
    class_names=(
        "background",
        "cell",
        "mitochondria",
        "alpha granule",
        "canalicular vessel",
        "dense granule",
        "dense granule core",
    ),
    voxel_size_nm=(50.0, 10.0, 10.0),
    scored="volumes",
    scored_classes=(2, 3, 4, 5, 6),
    mask_by_truth=True,
    ignore_rule="predictions count only where the truth is not 0, and labels 2 to 6 are scored",
    notes=(
        "Label 0 is background, or not annotated: predictions count only where the truth is not 0.",
        "Labels 3 and 4 are named as the data's authors name them; CEM500K has them the other way round.",
    ),
)

GUAY = published_card(
    "guay",
    RULES,
    OfficialSplits({SPLIT: Cem500kSplit(sliced=True)}),
    description="organelles of human platelets, SBF-SEM, annotated in part",
    page="https://leapmanlab.github.io/dense-cell/",
    files=(
        RemoteFile(
            name=ARCHIVE,
            url="https://www.dropbox.com/s/68yclbraqq1diza/platelet_data_1219.zip?dl=1",
            md5="253310093ee2c00304fbabdb0c7e3a4a",
            megabytes=180,
        ),
    ),
    convert=convert,
    used_in=(
        "Guay et al. 2021: train, eval and test as published; mean IoU of the organelles 0.446.",
        "CEM500K (Conrad & Narayan 2021): the same, slices along z but the last of each volume: "
        "split=cem500k-2021. Mean IoU 0.429 (ImageNet, MoCo v2: 0.300).",
        "RETINA (Xing, Xie & Bader 2025): CEM500K's division, 3000 iterations (recipe retina-2025-guay).",
    ),
    citation="M. D. Guay et al., Dense cellular segmentation for EM using 2D-3D neural network ensembles, "
    "Sci. Rep. 11:2561, 2021, doi 10.1038/s41598-021-81590-0",
    licence="not stated",
)

CARDS = (GUAY,)
