"""Published datasets as plugins offer them: what an adapter says, and the factory made of that.

An adapter is a card, a conversion, and::

    RULES = Rules(class_names=("background", "mitochondria"), voxel_size_nm=(50, 4.6, 4.6))
    Published("vnc", RULES, SingleSplits())
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...benchmark.contracts import Axes, OptionValue
from ...benchmark.errors import DataError

if TYPE_CHECKING:
    from ...benchmark.data_contracts import ConvertedVolume
    from .dataset import PublishedDataset
    from .division import Division


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a dataset is trained on and scored; most of it goes into the manifest as it is."""

    class_names: tuple[str, ...]
    """By label value, background first."""
    voxel_size_nm: tuple[float, ...] | None
    """(z, y, x), or (y, x) of images, in nm; None: not known."""
    ignore_value: int | None = None
    axes: Axes = "stack"
    """How volumes are segmented."""
    train_axes: tuple[int, ...] = (0,)
    """Along which axes training slices are cut: 0 z, 1 y, 2 x."""
    scored: Literal["slices", "volumes"] = "slices"
    """What a test case is; val is always scored in slices."""
    scored_classes: tuple[int, ...] | None = None
    mask_by_truth: bool = False
    notes: tuple[str, ...] = ()
    """What a reader of scores must know, whatever the split."""


@dataclass(frozen=True, slots=True)
class Published:
    """A factory for `DatasetCard.factory`: opens the arrays that the card's conversion made."""

    name: str
    """The card's."""
    rules: Rules
    splits: Callable[[Sequence[ConvertedVolume], Mapping[str, OptionValue], Rules], Division]
    """`OfficialSplits` or `SingleSplits`."""
    version: int = 1
    """The card's."""

    def __call__(self, location: str | None, cache: Path, **options: OptionValue) -> PublishedDataset:
        """Open the dataset.

        Args:
            location: None.
            cache: The cache folder.
            **options: The card's, complete.

        Raises:
            DataUnavailableError: It is not on this machine.
            UsageError: An option does nothing, or names a split that there is not.
            DataError: The arrays are damaged, or cannot be divided so.
        """
        from ...benchmark.data.store import DataStore
        from .dataset import PublishedDataset
        from .manifest import make_manifest

        volumes = DataStore(cache).open_arrays(self.name, self.version).volumes
        division = self.splits(volumes, options, self.rules)
        return PublishedDataset(*make_manifest(self.name, self.rules, division))


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """A factory for the card of images without labels: they pre-train, and nothing can be run on them."""

    name: str
    """The card's."""

    def __call__(self, location: str | None, cache: Path, **options: OptionValue) -> PublishedDataset:
        """Say what the images are for.

        Raises:
            DataError: Always.
        """
        raise DataError(
            f"{self.name} has no labels, so nothing can be trained or scored on it; pre-train on it with "
            f"'emseg-bench pretrain --images {self.name}'."
        )
