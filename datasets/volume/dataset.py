"""The dataset ``volume:PATH``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...benchmark.contracts.data import Case, GreyRange, Manifest, Sample
from ...benchmark.contracts.errors import DataError
from ...benchmark.images.intensity import EIGHT_BIT, to_pixels
from ...benchmark.images.volumes.volume import Volume
from ..collection.instances import numbered_from_one, to_semantic
from ..collection.labels import LabelMap
from ..description import Instances
from .contents import Contents, Looked, Place
from .measure import whole_numbers
from .prepared import SLAB_BYTES, mappable, prepared
from .stamps import glance

if TYPE_CHECKING:
    from ...benchmark.images.volumes.found import Array


class VolumeDataset:
    """Sections and blocks of volumes.

    Args:
        volumes: The volumes.
        contents: Their cases.
        scale: How values become pixels.
        labels: How values become labels.
        instances: What is made of numbers of objects.
        ignored: The number of pixels that nothing is known of.
        background: The number that is no object.
        cache: The cache folder.
    """

    def __init__(
        self,
        volumes: Sequence[Looked],
        contents: Contents,
        *,
        scale: GreyRange,
        labels: LabelMap,
        instances: Instances,
        ignored: int | None,
        background: int,
        cache: Path,
    ) -> None:
        self._volumes, self._contents, self._cache = volumes, contents, cache
        self._background = background
        self._scale, self._labels, self._instances, self._ignored = scale, labels, instances, ignored
        paths = {one.path for looked in volumes for one in (looked.image, looked.labels)}
        self._states = {path: glance(path) for path in paths}
        self._mappable: dict[tuple[str, tuple[int, int, int]], Volume] = {}

    @property
    def manifest(self) -> Manifest:
        """What it holds."""
        return self._contents.manifest

    def read(self, case: Case) -> Sample:
        """Read one case.

        The image is (1, H, W), or (1, Z, Y, X) of a volume: uint8 as stored, where possible as a view of a
        memory map; others scaled as the manifest says (`Manifest.grey_range`).  The labels are uint8; where
        they are made of numbers of objects, the numbers are there too.  A volume that cannot be mapped is
        first written into the cache, and so is one whose chunks hold several sections.

        Raises:
            DataError: A file has gone, changed or cannot be read.
        """
        place = self._contents.places[case.id]
        looked = self._volumes[place.volume]
        self._check_unchanged(looked)
        if case.depth is None:
            image = self._image(looked, place.start, place.stop)[0]
            numbers = self._numbers(looked, place.start, place.stop)
            objects = numbered_from_one(numbers[0], self._background) if self.manifest.has_instances else None
            return Sample(image=image[None], labels=self._to_labels(looked, numbers)[0], instances=objects)
        return Sample(
            image=self._whole_image(case, looked, place)[None],
            labels=self._whole_labels(case, looked, place),
            instances=self._whole_objects(case, looked, place) if self.manifest.has_instances else None,
        )

    def _check_unchanged(self, looked: Looked) -> None:
        for path in (looked.image.path, looked.labels.path):
            if glance(path) != self._states[path]:
                raise DataError(
                    f"{path} has changed since the dataset was opened. Run again: changed data make new "
                    "trials, and those that are done stay as they are."
                )

    def _volume(self, volume: Volume) -> Volume:
        """Return a volume, or its copy of which sections can be read one by one."""
        key = volume.source, volume.shape
        if key not in self._mappable:
            self._mappable[key] = mappable(volume, self._cache)
        return self._mappable[key]

    def _image(self, looked: Looked, start: int, stop: int) -> Array:
        """Return sections as pixels, (Z, Y, X)."""
        return to_pixels(self._volume(looked.image).read(slice(start, stop)), self._scale)

    def _numbers(self, looked: Looked, start: int, stop: int) -> Array:
        """Return sections as stored whole numbers, (Z, Y, X)."""
        return whole_numbers(
            self._volume(looked.labels).read(slice(start, stop)), looked.labels.source, start
        )

    def _objects(self, looked: Looked, start: int, stop: int) -> Array:
        """Return sections as numbers of objects in which 0 is none, (Z, Y, X)."""
        return numbered_from_one(self._numbers(looked, start, stop), self._background)

    def _to_labels(self, looked: Looked, numbers: Array) -> Array:
        if self._instances != "none":
            return to_semantic(numbers, self._instances, self._ignored, self._background)
        return numbers if self._labels_as_stored(looked) else self._labels.apply(numbers)

    def _labels_as_stored(self, looked: Looked) -> bool:
        """Tell whether label values are the labels already, so that nothing needs to be copied."""
        same = all(value == label for value, label in self._labels.table)
        return same and self._instances == "none" and looked.labels.dtype == np.uint8

    def _whole_image(self, case: Case, looked: Looked, place: Place) -> Array:
        mapped = self._volume(looked.image).mapped()
        if mapped is not None and mapped.dtype == np.uint8 and self._scale == EIGHT_BIT:
            return mapped[place.start : place.stop]
        kind = np.uint8 if self._scale.eight_bit else np.float32
        return prepared(
            self._cache,
            f"{case.sha256[:24]}-image",
            (place.stop - place.start, case.height, case.width),
            kind,
            lambda slab: self._image(looked, place.start + slab.start, place.start + slab.stop),
            looked.image.slab(SLAB_BYTES),
        )

    def _whole_labels(self, case: Case, looked: Looked, place: Place) -> Array:
        mapped = self._volume(looked.labels).mapped()
        if mapped is not None and self._labels_as_stored(looked):
            return mapped[place.start : place.stop]
        return prepared(
            self._cache,
            f"{case.sha256[:24]}-labels",
            (place.stop - place.start, case.height, case.width),
            np.uint8,
            lambda slab: self._to_labels(
                looked, self._numbers(looked, place.start + slab.start, place.start + slab.stop)
            ),
            looked.labels.slab(SLAB_BYTES),
        )

    def _whole_objects(self, case: Case, looked: Looked, place: Place) -> Array:
        mapped, kind = self._volume(looked.labels).mapped(), looked.labels.dtype
        if mapped is not None and kind.kind == "u" and self._background == 0:
            return mapped[place.start : place.stop]
        return prepared(
            self._cache,
            f"{case.sha256[:24]}-objects",
            (place.stop - place.start, case.height, case.width),
            np.uint32 if kind.kind in "uib" and kind.itemsize <= 4 else np.uint64,
            lambda slab: self._objects(looked, place.start + slab.start, place.start + slab.stop),
            looked.labels.slab(SLAB_BYTES),
        )
