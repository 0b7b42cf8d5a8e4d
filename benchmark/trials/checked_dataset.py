"""What a dataset reads, held against its manifest: a wrong label must not be trained on in silence."""

from __future__ import annotations

import numpy as np

from ..contracts.data import Case, Dataset, Manifest, Sample, Split
from ..contracts.errors import DataError
from ..evaluation.slicewise import as_slices


class CheckedDataset:
    """Another dataset, whose cases are checked as they are read: label values once, all else every time.

    Args:
        dataset: Reads.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._checked: set[tuple[Split, str]] = set()

    @property
    def manifest(self) -> Manifest:
        """What it holds."""
        return self._dataset.manifest

    def read(self, case: Case) -> Sample:
        """Read one case.

        Raises:
            DataError: It cannot be read, or image or labels are not what the manifest says; names case and
                place.
        """
        sample = self._dataset.read(case)
        try:
            check_sides(case, sample, self.manifest)
            _check_types(sample)
            self._check_once(case, sample)
        except DataError as error:
            raise DataError(f"{case.split} case {case.id!r}: {error}") from error
        return sample

    def _check_once(self, case: Case, sample: Sample) -> None:
        if (case.split, case.id) not in self._checked:
            _check_labels(sample, self.manifest)
            self._checked.add((case.split, case.id))


def check_sides(case: Case, sample: Sample, manifest: Manifest) -> None:
    """Check that image, labels and numbers of objects are as large as the manifest says, and of its kind.

    Raises:
        DataError: They are not.
    """
    expected = (manifest.channels, *case.sides)
    if sample.image.shape != expected:
        raise DataError(f"the image is {sample.image.shape}, expected {expected} as the manifest says.")
    if sample.labels.shape != case.sides:
        raise DataError(
            f"true labels are {sample.labels.shape}, expected {case.sides}: "
            "labels must have the sides of their image."
        )
    check_instances(sample, manifest)


def check_instances(sample: Sample, manifest: Manifest) -> None:
    """Check that numbers of true objects are there if, and only if, the manifest says so.

    Raises:
        DataError: They are not, or do not fit the labels.
    """
    objects = sample.instances
    if objects is None or not manifest.has_instances:
        if manifest.has_instances or objects is not None:
            raise DataError(
                f"true objects are {'not ' if objects is None else ''}given one by one (Sample.instances), "
                f"while the manifest says has_instances={manifest.has_instances}: scores with and without "
                "them must not be mixed."
            )
        return
    if objects.shape != sample.labels.shape or objects.dtype.kind not in "ui":
        raise DataError(
            f"numbers of true objects are {objects.shape} {objects.dtype}, expected whole numbers, "
            f"{sample.labels.shape} as the labels."
        )


def _check_types(sample: Sample) -> None:
    if sample.image.dtype not in (np.uint8, np.float32):
        raise DataError(f"the image is {sample.image.dtype}, expected uint8, or float32 between 0 and 1.")
    if sample.labels.dtype != np.uint8:
        raise DataError(f"true labels are {sample.labels.dtype}, expected uint8.")


def _check_labels(sample: Sample, manifest: Manifest) -> None:
    """Check the label values, slice by slice."""
    classes = len(manifest.class_names)
    for z, labels in enumerate(as_slices(sample.labels)):
        strange = labels >= classes  # several times as fast as counting, for what is nearly never there
        if manifest.ignore_value is not None:
            strange &= labels != manifest.ignore_value
        if strange.any():
            row, column = np.argwhere(strange)[0]
            place = f"in slice {z} " if sample.labels.ndim == 3 else ""
            raise DataError(
                f"true label {labels[row, column]} {place}at row {row}, column {column}, expected 0 to "
                f"{classes - 1}."
            )
