"""MitoEM: every mitochondrion in 30 µm cubes of rat (R) and human (H) cortex; two datasets.

1000 sections of 4096 x 4096 px each, 16 GB a cube, written a section at a time.  What to know of the files:

- Sections are ``im/im0000.png`` and so on in one archive; objects are ``mito-train-v2/seg0000.tif`` (sections
  0 to 399) and ``mito-val-v2/seg0400.tif`` (400 to 499) in another.
- Labels are numbers of objects, beyond 255, and 0 is background.  The task here is to tell mitochondria from
  the rest; metrics of objects compare with the numbered ones.
- The labels of the challenge's test, sections 500 to 999, are not public: they are kept without labels.  So
  what was published to validate on is tested on, and a block of the training part validates.
- The training part ends where the tested one begins, without a gap.
- The arrays of a cube take some 60 GB of the disk, beside the archives and, while it is converted, what they
  are unpacked to.
- The challenge scores objects by their average precision at an IoU of 0.75, with confidences; what is scored
  here is overlap, and objects of label maps where metrics of objects are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.published import ConversionWriter, Part, RemoteFile, SourceFiles
from .adapter import published_card
from .rules import Rules
from .splitting import OfficialSplits

FOLDERS: dict[Part, str] = {"train": "mito-train-v2", "test": "mito-val-v2"}


def convert(letter: str, source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the two labelled parts, mitochondria as 1 and as instances, and the unlabelled one.

    Args:
        letter: R or H.
        source: Where the files are.
        writer: Takes the volumes.

    Raises:
        DataError: A file is not as it was published.
    """
    from .finding import find, numbered, sections
    from .reading import image_stack, read_labels, relabel

    images = numbered(find(source.path(image_archive(letter)), "im"), "*.png")
    masks = source.path(label_archive(letter))
    for part, name in FOLDERS.items():
        seen = numbered(find(masks, name), "*.tif")
        shown = {z: images.pop(z) for z in range(min(seen), max(seen) + 1) if z in images}
        files = sections({"images": shown, name: seen})
        objects = image_stack(files[name], read_labels)
        labels = relabel(objects, lambda section: section > 0)
        writer.add(part, name, image_stack(files["images"]), labels, instances=objects)
    if images:
        writer.add("unlabelled", "rest", image_stack(sections({"images": images})["images"]))


def image_archive(letter: str) -> str:
    """Name the archive of a cube's sections."""
    return f"EM30-{letter}-im.zip"


def label_archive(letter: str) -> str:
    """Name the archive of a cube's objects."""
    return f"EM30-{letter}-mito-train-val-v2.zip"


RULES = Rules(
    class_names=("background", "mitochondria"),
    voxel_size_nm=(30.0, 8.0, 8.0),
    notes=(
        "MitoEM's test labels are not public: the part published to validate on tests here, and "
        "the end of the training part validates.",
        "MitoEM's training part ends where the tested one begins.",
    ),
)


@dataclass(frozen=True, slots=True)
class _Cube:
    """What differs between the two."""

    letter: str
    tissue: str
    image_url: str
    image_sha256: str
    label_url: str
    label_sha256: str
    used_in: str


def _card(cube: _Cube) -> DatasetCard:
    name = f"mitoem-{cube.letter.lower()}"
    image = RemoteFile(
        name=image_archive(cube.letter), url=cube.image_url, sha256=cube.image_sha256, megabytes=16_000
    )
    labels = RemoteFile(name=label_archive(cube.letter), url=cube.label_url, sha256=cube.label_sha256)
    return published_card(
        name,
        RULES,
        OfficialSplits(),
        description=f"mitochondria in a 30 µm cube of {cube.tissue} cortex; MitoEM",
        page="https://mitoem.grand-challenge.org/",
        files=(image, labels),
        convert=partial(convert, cube.letter),
        used_in=(
            "MitoEM challenge: average precision of objects at an IoU of 0.75 on sections 500 to 999; not "
            "comparable with overlap on sections 400 to 499.",
            cube.used_in,
        ),
        citation="D. Wei et al., MitoEM dataset: large-scale 3D mitochondria instance segmentation from EM "
        "images, MICCAI 2020",
        licence="not stated",
    )


RAT = _Cube(
    letter="R",
    tissue="rat",
    image_url="https://huggingface.co/datasets/pytc/EM30/resolve/main/EM30-R-im.zip",
    image_sha256="6a2cac68adde5d01984542d3ee1d7753d1fa3e6eb2a042ce15ce297c95885bbe",
    label_url="https://huggingface.co/datasets/pytc/MitoEM/resolve/main/EM30-R-mito-train-val-v2.zip",
    label_sha256="c56380ac575428a818bd293ca3509d1249999846c3702ccbf11d308acdd2ae86",
    used_in="PyTorch Connectomics, U3D-BC: AP-75 of 0.816 on the challenge's test.",
)
HUMAN = _Cube(
    letter="H",
    tissue="human",
    image_url="https://www.dropbox.com/s/z41qtu4y735j95e/EM30-H-im.zip?dl=1",
    image_sha256="98fe259f36a7d8d43f99981b7a0ef8cdeba2ce2615ff91595f428ae57207a041",
    label_url="https://www.dropbox.com/s/dhf89bc14kemw4e/EM30-H-mito-train-val-v2.zip?dl=1",
    label_sha256="0e8ed292cfcd0c58701d9f4299244a1b66d6aeb506c85754c34f98a4eda0ef1b",
    used_in="PyTorch Connectomics, U3D-BC: AP-75 of 0.804 on the challenge's test.",
)

CARDS = (_card(RAT), _card(HUMAN))
