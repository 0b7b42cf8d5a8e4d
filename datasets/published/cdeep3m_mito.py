"""CDeep3M's example: mitochondria in mouse brain, SBF-SEM.

Sections of 1024 x 1024 px of one stack, in the folder ``mito_testsample`` of the program's repository.  What
to know of the files:

- Names end in the section's number.  10 to 29 are published to train on and 50 to 59 to validate on, two
  blocks with 20 sections between them; 81 to 85 have no labels.
- Masks are palette PNG files: the palette's index, 0 or 1, is the label.
- What was published to validate on is tested on, and a block of the training sections validates.
- The size of voxels is not stated with the files; 5.9 x 5.9 x 40 nm is in the name of the network that is
  shown on them.
- A folder of ``train/`` and ``val/``, each with ``images/`` and ``masks/``, and ``unlabelled/`` is read too,
  where it is imported.
"""

from __future__ import annotations

from ...benchmark.contracts.published import ConversionWriter, Part, RemoteFile, SourceFiles
from .adapter import published_card
from .rules import Rules
from .splitting import OfficialSplits

ARCHIVE = "cdeep3m-1.6.2.tar.gz"
PARTS: dict[Part, str] = {"train": "training", "test": "validation", "unlabelled": "testset"}
PUBLISHED: dict[str, tuple[str, ...]] = {
    "training": ("training/images", "training/labels"),
    "validation": ("validation/images", "validation/labels"),
    "testset": ("testset",),
}
PACKED: dict[str, tuple[str, ...]] = {
    "training": ("train/images", "train/masks"),
    "validation": ("val/images", "val/masks"),
    "testset": ("unlabelled",),
}


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the three blocks under their published names.

    Raises:
        DataError: A file is not as it was published.
    """
    from .finding import find, numbered, sections
    from .reading import image_stack, read_labels

    folder = source.path(ARCHIVE)
    packed = (folder / "train").is_dir()
    root = folder if packed else find(folder, "mito_testsample")
    for part, block in PARTS.items():
        folders = (PACKED if packed else PUBLISHED)[block]
        image, *masks = sections({name: numbered(root / name, "*.png") for name in folders}).values()
        writer.add(part, block, image_stack(image), *(image_stack(files, read_labels) for files in masks))


RULES = Rules(
    class_names=("background", "mitochondria"),
    voxel_size_nm=(40.0, 5.9, 5.9),
    notes=(
        "CDeep3M's sections to validate on test here, and the end of its training sections validates.",
        "CDeep3M does not state the voxel size; a likely one is reckoned with.",
    ),
)

CDEEP3M_MITO = published_card(
    "cdeep3m-mito",
    RULES,
    OfficialSplits(),
    description="mitochondria in mouse brain, SBF-SEM; the example of CDeep3M",
    page="https://github.com/CRBS/cdeep3m",
    files=(RemoteFile(name=ARCHIVE, url="https://github.com/CRBS/cdeep3m/archive/refs/tags/v1.6.2.tar.gz"),),
    convert=convert,
    used_in=("CDeep3M's demo segments the unlabelled sections with its network for SBF-SEM mitochondria.",),
    citation="M. G. Haberl et al., CDeep3M - Plug-and-Play cloud-based deep learning for image segmentation, "
    "Nat. Methods 15:677, 2018",
    licence="own: free for education, research and non-profit use (University of California)",
)

CARDS = (CDEEP3M_MITO,)
