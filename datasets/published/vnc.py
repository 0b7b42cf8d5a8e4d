"""VNC: mitochondria, synapses and membranes in the nerve cord of a fly's larva (Gerhard et al.).

Two stacks of 20 sections of 1024 x 1024 px, of which the first is labelled.  What to know of the files:

- Sections are TIFF files, and every structure has a folder of PNG files, whose names differ from folder to
  folder: the number in a name is the section.
- White is the structure.  Some of the PNG files have one bit per pixel and others eight, and a few of these
  are anti-aliased: above 127 is the structure.
- Structures overlap; about half of the synapses' pixels are membrane too.  A synapse goes before a
  mitochondrion, and that before a membrane.
- The membranes include glia and extracellular space.  What is none of the three is background: the inside of
  cells.
- There is no official split; the authors suggest 80 % and 20 % of the sections.  Neighbours look alike, so
  splits are blocks, with sections left out between them.
- A folder in which they are merged already (``images/``, ``masks/`` of 0 background, 1 mitochondria, 2
  synapse and 3 membrane, ``unlabelled/``) is read too, where it is imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.contracts.published import ConversionWriter, RemoteFile, Slices, SourceFiles
from .adapter import published_card
from .rules import Rules
from .splitting import SingleSplits

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array

ARCHIVE = "groundtruth-drosophila-vnc-master.zip"
SERIES = ("membranes", "mitochondria", "synapses")


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the labelled stack with its structures merged, and the other one.

    Raises:
        DataError: A file is not as it was published.
    """
    from .finding import find, numbered, sections
    from .reading import image_stack

    folder = source.path(ARCHIVE)
    if (folder / "images").is_dir():
        writer.add("train", "stack1", *packed_stack(folder))
        rest = numbered(folder / "unlabelled", "*.png")
    else:
        writer.add("train", "stack1", *published_stack(find(folder, "stack1")))
        rest = numbered(find(folder, "stack2") / "raw", "*.tif")
    writer.add("unlabelled", "stack2", image_stack(sections({"stack2": rest})["stack2"]))


def published_stack(folder: Path) -> tuple[Slices, Slices]:
    """Open the image and merge the structures of a stack as it was published.

    Raises:
        DataError: A folder is missing, or a section in one of them.
    """
    from ..fetching.slices import LazySlices
    from .finding import numbered, sections
    from .reading import image_stack

    series = {"raw": numbered(folder / "raw", "*.tif")}
    files = sections(series | {name: numbered(folder / name, "*.png") for name in SERIES})
    stacks = [image_stack(files[name]) for name in SERIES]
    labels = LazySlices(stacks[0].shape, lambda z: merge(*(stack[z] for stack in stacks)))
    return image_stack(files["raw"]), labels


def packed_stack(folder: Path) -> tuple[Slices, Slices]:
    """Open the image and the labels of a folder in which they are merged already.

    Raises:
        DataError: A section is missing.
    """
    from .finding import numbered, sections
    from .reading import image_stack, read_labels

    files = sections({name: numbered(folder / name, "*.png") for name in ("images", "masks")})
    return image_stack(files["images"]), image_stack(files["masks"], read_labels)


def merge(membranes: Array, mitochondria: Array, synapses: Array) -> Array:
    """Turn grey masks (H, W) into labels: 0 background, 1 mitochondria, 2 synapse, 3 membrane."""
    import numpy as np

    conditions = [mask > 127 for mask in (synapses, mitochondria, membranes)]
    return np.select(conditions, [np.uint8(2), np.uint8(1), np.uint8(3)], np.uint8(0))


RULES = Rules(
    class_names=("background", "mitochondria", "synapse", "membrane"),
    voxel_size_nm=(50.0, 4.6, 4.6),
    notes=("VNC's sections are 45 to 50 nm thick; 50 is reckoned with.", "In VNC glia counts as membrane."),
)

VNC = published_card(
    "vnc",
    RULES,
    SingleSplits(),
    description="mitochondria, synapses and membranes in the nerve cord of a fly's larva, ssTEM",
    page="https://github.com/unidesigner/groundtruth-drosophila-vnc",
    files=(
        RemoteFile(
            name=ARCHIVE,
            url="https://github.com/unidesigner/groundtruth-drosophila-vnc/archive/refs/heads/master.zip",
            sha256="f7bd0db03c86b64440a16b60360ad60c0a4411f89e2c021c7ee2c8d6af3d7e86",
        ),
    ),
    convert=convert,
    used_in=("The authors suggest 80 % of the sections to train on and 20 % to test on.",),
    citation="S. Gerhard, J. Funke, J. Martel, A. Cardona, R. Fetter, Segmented anisotropic ssTEM dataset of "
    "neural tissue, figshare, 2013, doi 10.6084/m9.figshare.856713",
    licence="CC BY-NC-SA 3.0",
)

CARDS = (VNC,)
