"""ISBI 2012: membranes of neurons in the nerve cord of a fly's larva.

An archive of TIFF stacks, 30 sections of 512 x 512 px each.  What to know of the files:

- In the published labels 0 is membrane and 255 the inside of cells; many copies have it the other way round.
  Membranes are the rarer of the two and the darker, and that is how they are told: a copy in which rarity and
  darkness disagree is refused.
- The labels of the test stack were not published with it.  It is kept without labels, and a
  ``test-labels.tif`` that some copies hold is left alone, for nobody says where it comes from.  So splits are
  blocks of the training stack.
- EMBL's HDF5 copy (keys ``raw`` and ``labels/membranes``) is read too, from a folder that is imported; it has
  no test stack.
- The challenge scores thinned membranes by Rand and information scores; what is scored here is overlap.
"""

from __future__ import annotations

from pathlib import Path

from ...benchmark.contracts.errors import DataError
from ...benchmark.contracts.published import ConversionWriter, RemoteFile, Slices, SourceFiles
from .adapter import published_card
from .rules import Rules
from .splitting import SingleSplits

ARCHIVE = "ISBI-2012-challenge.zip"


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the training stack with membranes as 1, and the test stack without labels.

    Raises:
        DataError: A file is not as it was published.
    """
    from .finding import find
    from .reading import relabel, tiff_stack

    folder = source.path(ARCHIVE)
    image, labels = training_stack(folder)
    value = membrane_value(image, labels)
    writer.add("train", "train", image, relabel(labels, lambda section: section == value))
    if not hdf5_copy(folder):
        writer.add("unlabelled", "test", tiff_stack(find(folder, "test-volume.tif")))


def training_stack(folder: Path) -> tuple[Slices, Slices]:
    """Open the training image and its labels, of either form.

    Raises:
        DataError: They are not there, or damaged.
    """
    from .finding import find
    from .reading import hdf5_stack, tiff_stack

    if copy := hdf5_copy(folder):
        return hdf5_stack(copy, "raw"), hdf5_stack(copy, "labels/membranes")
    return tiff_stack(find(folder, "train-volume.tif")), tiff_stack(find(folder, "train-labels.tif"))


def hdf5_copy(folder: Path) -> Path | None:
    """Return EMBL's copy, if that is what was imported."""
    return next(iter(sorted(folder.glob("*.h5"))), None)


def membrane_value(image: Slices, labels: Slices) -> int:
    """Tell which of the two values in `labels` means membrane: the rarer one, which is also the darker one.

    Raises:
        DataError: There are not two values, or the rarer one is not the darker one.
    """
    pixels, greys = _tally(image, labels)
    if len(pixels) != 2:
        raise DataError(
            f"the labels of ISBI 2012 hold the values {sorted(pixels)[:5]}, expected two, membrane and "
            "inside. Take the files as they were published."
        )
    rarer = min(pixels, key=pixels.__getitem__)
    darker = min(pixels, key=lambda value: greys[value] / pixels[value])
    if rarer != darker:
        raise DataError(
            f"label {rarer} of ISBI 2012 is the rarer one and label {darker} the darker one, so it cannot be "
            "told which is membrane. Do image and labels belong together?"
        )
    return rarer


def _tally(image: Slices, labels: Slices) -> tuple[dict[int, int], dict[int, int]]:
    """Count the pixels of each label value, and add up their grey values."""
    import numpy as np

    pixels: dict[int, int] = {}
    greys: dict[int, int] = {}
    for z in range(labels.shape[0]):
        grey, section = np.asarray(image[z]), np.asarray(labels[z])
        for value in map(int, np.unique(section)):
            chosen = section == value
            pixels[value] = pixels.get(value, 0) + int(chosen.sum())
            greys[value] = greys.get(value, 0) + int(grey[chosen].sum())
    return pixels, greys


RULES = Rules(
    class_names=("inside", "membrane"),
    voxel_size_nm=(50.0, 4.0, 4.0),
    notes=("The test labels of ISBI 2012 are not public: a block of its training stack tests here.",),
)

ISBI2012 = published_card(
    "isbi2012",
    RULES,
    SingleSplits(),
    description="membranes of neurons in the nerve cord of a fly's larva, ssTEM",
    page="https://imagej.net/events/isbi-2012-segmentation-challenge",
    files=(RemoteFile(name=ARCHIVE, url=f"https://downloads.imagej.net/{ARCHIVE}"),),
    convert=convert,
    used_in=(
        "ISBI 2012 challenge: Rand and information scores of thinned membranes on the test stack; not "
        "comparable with overlap on a block of the training stack.",
    ),
    citation="I. Arganda-Carreras et al., Crowdsourcing the creation of image segmentation algorithms for "
    "connectomics, Front. Neuroanat. 9:142, 2015",
    licence="not stated",
)

CARDS = (ISBI2012,)
