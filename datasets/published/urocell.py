"""UroCell: lysosomes and mitochondria in umbrella cells of mouse bladder.

Eight blocks of 256 x 256 x 256 voxels as NIfTI files, five of them with labels of both.  What to know:

- The repository's archive unpacks into one folder, whose name says which state was archived.
- Arrays are (x, y, z) in the file and (z, y, x) as SimpleITK hands them out, and here.
- Grey values are floating-point numbers between 0 and 255; fractions are cut off, as in published work.
- The labels are two files of 0.0 and 1.0: label = lysosomes + 2 x mitochondria, for they never overlap.
- The voxel size in the header is nonsense (some 10^7); the authors' is 16 x 16 x 15 nm.
- In two blocks the first rows along y hold no data and are cropped, in images and labels: `MISSING_ROWS`.
- Voxels are nearly cubes, so training slices are cut along all three axes, and volumes segmented along them.
- The authors test by 5-fold cross-validation and leave out pixels at boundaries: their numbers compare with
  none of those here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...benchmark.contracts.published import ConversionWriter, Part, RemoteFile, SourceFiles
from .adapter import published_card
from .cem500k_split import SPLIT, Cem500kSplit
from .rules import Rules
from .splitting import OfficialSplits

if TYPE_CHECKING:
    from pathlib import Path

    from ...benchmark.images.pixels import Array

ARCHIVE = "UroCell-master.zip"
PARTS: dict[str, Part] = {
    "fib1-1-0-3": "train",
    "fib1-3-2-1": "train",
    "fib1-3-3-0": "train",
    "fib1-4-3-0": "train",
    "fib1-0-0-0": "test",
    "fib1-2-2-3": "unlabelled",
    "fib1-2-3-0": "unlabelled",
    "fib1-2-3-2": "unlabelled",
}
MISSING_ROWS = {"fib1-0-0-0": 12, "fib1-1-0-3": 54}
"""How many rows along y hold no data."""


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the blocks.

    Raises:
        DataError: A file is not as it was published.
    """
    from .finding import find

    root = find(source.path(ARCHIVE), "data").parent
    for block, part in PARTS.items():
        rows = slice(MISSING_ROWS.get(block, 0), None)
        image = read_bytes_of(root / "data" / f"{block}.nii.gz")[:, rows]
        labels = None if part == "unlabelled" else read_labels(root, block)[:, rows]
        writer.add(part, block, image, labels)


def read_labels(root: Path, block: str) -> Array:
    """Read the labels of a block, (z, y, x) uint8: 1 lysosome, 2 mitochondrion.

    Raises:
        DataError: A file is missing, or labels overlap.
    """
    from ...benchmark.contracts.errors import DataError

    lysosomes, mitochondria = (
        read_bytes_of(root / kind / "binary" / f"{block}.nii.gz") for kind in ("lyso", "mito")
    )
    labels: Array = lysosomes + 2 * mitochondria
    if labels.max() > 2:
        raise DataError(f"in {block} of UroCell labels overlap, or hold values other than 0 and 1.")
    return labels


def read_bytes_of(path: Path) -> Array:
    """Read a NIfTI file, (z, y, x), and cut its values down to uint8.

    Raises:
        DataError: It cannot be read, or values do not fit.
    """
    import numpy as np
    import SimpleITK as sitk  # noqa: N813 - as its users call it

    from ...benchmark.contracts.errors import DataError
    from ...benchmark.images.volumes.nifti_guard import check_nifti

    check_nifti(path)
    try:
        volume: Array = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    except RuntimeError as error:
        reason = str(error).strip().rpartition("\n")[2]
        raise DataError(f"{path} cannot be read ({reason}); fetch or unpack it again.") from error
    if volume.min() < 0 or volume.max() >= 256:
        raise DataError(f"{path} holds values from {volume.min()} to {volume.max()}, expected 0 to 255.")
    return volume.astype(np.uint8)


RULES = Rules(
    class_names=("background", "lysosome", "mitochondria"),
    voxel_size_nm=(15.0, 16.0, 16.0),
    axes="orthoplane",
    train_axes=(0, 1, 2),
    scored="volumes",
)

UROCELL = published_card(
    "urocell",
    RULES,
    OfficialSplits({SPLIT: Cem500kSplit(sliced=True)}),
    description="lysosomes and mitochondria in mouse bladder, FIB-SEM",
    page="https://github.com/MancaZerovnikMekuc/UroCell",
    files=(
        RemoteFile(
            name=ARCHIVE,
            url="https://github.com/MancaZerovnikMekuc/UroCell/archive/refs/heads/master.zip",
            sha256="a48cf31b06114d7def642742b4fcbe76103483c069122abe10f377d71a1acabc",
            note="The archive is made anew whenever the repository changes. If its checksum is another one "
            "now, unpack it and import the folder.",
        ),
    ),
    convert=convert,
    used_in=(
        "CEM500K (Conrad & Narayan 2021): one block tests, four train in slices along all axes, but the last "
        "of each: split=cem500k-2021. Mean IoU 0.734 (ImageNet, MoCo v2: 0.618).",
        "RETINA (Xing, Xie & Bader 2025): CEM500K's division, 3000 iterations (recipe retina-2025-urocell).",
    ),
    citation="M. Zerovnik Mekuc et al., Automatic segmentation of mitochondria and endolysosomes in "
    "volumetric electron microscopy data, Comput. Biol. Med. 119:103693, 2020; Comput. Methods Programs "
    "Biomed. 223:106959, 2022",
    licence="CC BY-NC-SA 4.0",
)

CARDS = (UROCELL,)
