"""SNEMI3D: boundaries between neurons in mouse cortex (AC4 to train on, AC3 for the challenge's test).

Volumes of 100 sections of 1024 x 1024 px with a number for every neuron.  What to know of the files:

- 0 is the boundary between neurons, and every other value a neuron.  The task here is to tell boundary from
  inside; metrics of objects compare the inside with the numbered neurons.
- The labels of the test volume are not public: it is kept without labels, and splits are blocks of the
  training volume.
- What is fetched are EMBL's HDF5 copies (keys ``volumes/raw`` and ``volumes/labels/neuron_ids``), whose
  checksums are known.  The challenge's own ``train-input.tif``, ``train-labels.tif`` and ``test-input.tif``
  are read too, from a folder that is imported.
- It is a part of the tissue of Kasthuri et al. (2015), as Kasthuri++ is: never train on one and test on the
  other.
- The challenge scores neurons by adapted Rand error; what is scored here is overlap of boundaries.  Metrics
  of objects have a row for the inside in the table of cases, but means are over boundaries.
"""

from __future__ import annotations

from ...benchmark.contracts.published import ConversionWriter, RemoteFile, Slices, SourceFiles
from .adapter import published_card
from .rules import Rules
from .splitting import SingleSplits

TRAIN, TEST = "snemi_train.h5", "snemi_test.h5"
IMAGE, NEURONS = "volumes/raw", "volumes/labels/neuron_ids"
TIFFS = ("train-input.tif", "train-labels.tif", "test-input.tif")


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the training volume with boundaries as 1 and neurons as instances, and the unlabelled one.

    Raises:
        DataError: A file is not as it was published.
    """
    from .reading import relabel

    image, neurons, test = stacks(source)
    check_boundaries(neurons)
    boundaries = relabel(neurons, lambda section: section == 0)
    writer.add("train", "AC4", image, boundaries, instances=neurons)
    writer.add("unlabelled", "AC3", test)


def stacks(source: SourceFiles) -> tuple[Slices, Slices, Slices]:
    """Open the training image, its neurons and the test image, of either form.

    Raises:
        DataError: They are not there, or damaged.
    """
    from .finding import find
    from .reading import hdf5_stack, tiff_stack

    train, test = source.path(TRAIN), source.path(TEST)
    if train.exists():
        return hdf5_stack(train, IMAGE), hdf5_stack(train, NEURONS), hdf5_stack(test, IMAGE)
    image, neurons, other = (tiff_stack(find(train.parent, name)) for name in TIFFS)
    return image, neurons, other


def check_boundaries(neurons: Slices) -> None:
    """Make sure that there are boundaries between the neurons.

    Raises:
        DataError: The first section has none, as in copies whose neurons were grown until they touch.
    """
    import numpy as np

    from ...benchmark.contracts.errors import DataError

    if not np.any(np.asarray(neurons[0]) == 0):
        raise DataError(
            "the first section of SNEMI3D's labels has no 0, expected 0 between neurons. Take the files as "
            "they were published, in which neurons do not touch."
        )


COPIES = "https://oc.embl.de/index.php/s/"

RULES = Rules(
    class_names=("inside", "boundary"),
    voxel_size_nm=(30.0, 6.0, 6.0),
    notes=(
        "The test labels of SNEMI3D are not public: a block of its training volume tests here.",
        "SNEMI3D shares tissue with Kasthuri++.",
    ),
)

SNEMI3D = published_card(
    "snemi3d",
    RULES,
    SingleSplits(),
    description="boundaries between neurons in mouse cortex, ATUM-SEM",
    page="https://snemi3d.grand-challenge.org/",
    files=(
        RemoteFile(
            name=TRAIN,
            url=f"{COPIES}43iMotlXPyAB39z/download",
            sha256="5b130a24d9eb23d972fede0f1a403bc05f6808b361cfa22eff23b930b12f0615",
        ),
        RemoteFile(
            name=TEST,
            url=f"{COPIES}aRhphk35H23De2s/download",
            sha256="3df3920a0ddec6897105845f842b2665d37a47c2d1b96d4f4565682e315a59fa",
        ),
    ),
    convert=convert,
    used_in=(
        "SNEMI3D challenge: adapted Rand error of neurons on the test volume; not comparable with overlap of "
        "boundaries on a block of the training volume.",
    ),
    citation="N. Kasthuri et al., Saturated reconstruction of a volume of neocortex, Cell 162:648, 2015",
    licence="not stated",
)

CARDS = (SNEMI3D,)
