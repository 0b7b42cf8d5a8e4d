"""Kasthuri++: mitochondria in mouse cortex, with the labels that Casser et al. corrected.

Sections are PNG files of equal names in ``Train_In``, ``Train_Out``, ``Test_In`` and ``Test_Out``.  What to
know of them:

- Masks have three equal channels: 255 is a mitochondrion, 0 is not, and 2 marks the padding around the
  volume's irregular outline, where images are 0.  Padding is ignored here, in training and in scoring;
  ``split=cem500k-2021`` takes it for background, as CEM500K did.
- Images are scored one by one, not as a volume.
- SNEMI3D shows a part of the same tissue: never train on one of them and test on the other.
- Sources differ on the voxel size: the tissue was imaged at 3 x 3 x 30 nm, and other lists give 12 x 12 x 30
  nm for these files.  The finer one stands on the card; only distances in nm depend on it.
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

ARCHIVE = "kasthuri_pp.zip"
PARTS: dict[Part, str] = {"train": "Train", "test": "Test"}
PADDING = 255
"""Label of what lies outside the volume."""


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the sections of either part as a volume.

    Raises:
        DataError: A file is not as it was published.
    """
    from .finding import find
    from .reading import image_stack, pair_up, relabel

    root = find(source.path(ARCHIVE), "Kasthuri++")
    for part, folder in PARTS.items():
        pairs = pair_up(root / f"{folder}_In", root / f"{folder}_Out", lambda path: path.name)
        images, masks = zip(*pairs.values(), strict=True)
        writer.add(part, part, image_stack(images), relabel(image_stack(masks), to_labels))


def to_labels(mask: Array) -> Array:
    """Make labels of the first channel of a mask, (H, W): 255 to 1, 2 to `PADDING`, all else to 0."""
    import numpy as np

    return np.select([mask == 255, mask == 2], [np.uint8(1), np.uint8(PADDING)], np.uint8(0))


RULES = Rules(
    class_names=("background", "mitochondria"),
    voxel_size_nm=(30.0, 3.0, 3.0),
    ignore_value=PADDING,
    ignore_rule="the padding around the tissue is neither trained on nor scored",
    notes=("Other sources give the voxel size as 12 x 12 x 30 nm.",),
)

KASTHURI_PP = published_card(
    "kasthuri-pp",
    RULES,
    OfficialSplits({SPLIT: Cem500kSplit(relabel=((PADDING, 0),))}),
    description="mitochondria in mouse cortex, ATUM-SEM, corrected labels",
    page="https://casser.io/connectomics/",
    files=(
        RemoteFile(
            name=ARCHIVE,
            url="http://www.casser.io/files/kasthuri_pp.zip",
            sha256="bbb78fd205ec9b57feb8f93ebbdf1666261cbc3e0305e7f11583ab5157a3d792",
        ),
    ),
    convert=convert,
    used_in=(
        "Casser et al. 2020: train and test as published; IoU 0.845.",
        "CEM500K (Conrad & Narayan 2021): the same, padding as background: split=cem500k-2021. IoU 0.915 "
        "(ImageNet, MoCo v2: 0.911).",
        "RETINA (Xing, Xie & Bader 2025): CEM500K's division, 10000 iterations (recipe "
        "retina-2025-kasthuri-pp).",
    ),
    citation="V. Casser et al., Fast Mitochondria Detection for Connectomics, MIDL 2020, arXiv 1812.06024; "
    "N. Kasthuri et al., Saturated Reconstruction of a Volume of Neocortex, Cell 162:648, 2015",
    licence="not stated",
)

CARDS = (KASTHURI_PP,)
