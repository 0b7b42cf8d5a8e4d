"""Lucchi++: mitochondria in mouse hippocampus, with the labels that Casser et al. corrected.

Sections are PNG files in ``Train_In`` and ``Train_Out``, ``Test_In`` and ``Test_Out``.  What to know of them:

- The *images* are called ``mask0000.png`` to ``mask0164.png`` and their labels ``0.png`` to ``164.png``: they
  are paired and ordered by number, not by name.
- Some labels have colours and transparency; the first channel is taken.  255 is a mitochondrion, all else is
  not.
- Some tools take the test folders for the training set; here folders mean what they say.
- Images are scored one by one, not as a volume.
- EPFL's `lucchi` has the same images with the first labels: scores on the two do not compare.
"""

from __future__ import annotations

from ...benchmark.contracts.published import ConversionWriter, Part, RemoteFile, SourceFiles
from .adapter import published_card
from .cem500k_split import SPLIT, Cem500kSplit
from .rules import Rules
from .splitting import OfficialSplits

ARCHIVE = "lucchi_pp.zip"
PARTS: dict[Part, str] = {"train": "Train", "test": "Test"}


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the sections of either part as a volume.

    Raises:
        DataError: A file is not as it was published.
    """
    from .finding import find, numbered, sections
    from .reading import image_stack, relabel

    root = find(source.path(ARCHIVE), "Lucchi++")
    for part, prefix in PARTS.items():
        files = sections({kind: numbered(root / f"{prefix}_{kind}", "*.png") for kind in ("In", "Out")})
        labels = relabel(image_stack(files["Out"]), lambda mask: mask == 255)
        writer.add(part, part, image_stack(files["In"]), labels)


RULES = Rules(
    class_names=("background", "mitochondria"),
    voxel_size_nm=(5.0, 5.0, 5.0),
)

LUCCHI_PP = published_card(
    "lucchi-pp",
    RULES,
    OfficialSplits({SPLIT: Cem500kSplit()}),
    description="mitochondria in mouse hippocampus CA1, FIB-SEM, corrected labels",
    page="https://casser.io/connectomics/",
    files=(
        RemoteFile(
            name=ARCHIVE,
            url="http://www.casser.io/files/lucchi_pp.zip",
            sha256="770ce9e98fc6f29c1b1a250c637e6c5125f2b5f1260e5a7687b55a79e2e8844d",
        ),
    ),
    convert=convert,
    used_in=(
        "Casser et al. 2020: train and test as published; IoU 0.888.",
        "CEM500K (Conrad & Narayan 2021): the same: split=cem500k-2021. IoU 0.895 (ImageNet, "
        "MoCo v2: 0.892).",
    ),
    citation="V. Casser et al., Fast Mitochondria Detection for Connectomics, MIDL 2020, arXiv 1812.06024; "
    "A. Lucchi et al., EPFL, the images",
    licence="not stated",
)

CARDS = (LUCCHI_PP,)
