"""Published datasets as plugins offer them: what an adapter says, and the card and factory made of that.

An adapter is a conversion and::

    RULES = Rules(class_names=("background", "mitochondria"), voxel_size_nm=(50, 4.6, 4.6))
    CARD = published_card("vnc", RULES, SingleSplits(), convert=convert, files=(...), ...)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ...benchmark.contracts.basics import LazyReference, OptionValue
from ...benchmark.contracts.cards import DatasetCard
from ...benchmark.contracts.data import Dataset
from ...benchmark.contracts.errors import DataError
from .rules import Rules

if TYPE_CHECKING:
    from ...benchmark.contracts.published import ConversionWriter, ConvertedVolume, RemoteFile, SourceFiles
    from ..collection.division import Division


class Splits(Protocol):
    """Divides a dataset's volumes into train, val and test: `OfficialSplits` or `SingleSplits`."""

    options: ClassVar[type[Any]]
    """A frozen dataclass of what people may choose."""

    def __call__(
        self, volumes: Sequence[ConvertedVolume], given: Mapping[str, OptionValue], rules: Rules
    ) -> Division[ConvertedVolume]:
        """Divide them, by complete options."""


@dataclass(frozen=True, slots=True)
class Published:
    """A factory for `DatasetCard.factory`: opens the arrays that the card's conversion made.

    See `published_card`, which makes both.
    """

    name: str
    """The card's."""
    rules: Rules
    splits: Splits
    version: int
    """The card's."""

    def __call__(self, location: str | None, cache: Path, **options: OptionValue) -> Dataset:
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
        from ..fetching.store import DataStore
        from .collection import open_published

        volumes = DataStore(cache).open_arrays(self.name, self.version).volumes
        division = self.splits(volumes, options, self.rules)
        return open_published(self.name, self.rules, division, cache)


def published_card(
    name: str,
    rules: Rules,
    splits: Splits,
    *,
    description: str,
    convert: LazyReference | Callable[[SourceFiles, ConversionWriter], None],
    page: str | None = None,
    files: tuple[RemoteFile, ...] = (),
    derived_from: tuple[str, ...] = (),
    version: int = 1,
    used_in: tuple[str, ...] = (),
    citation: str,
    licence: str,
) -> DatasetCard:
    """Make the card of a labelled dataset; what its rules and splits say is said nowhere else.

    Args:
        name: What people ask for.
        rules: How it is trained on and scored: classes, voxel size, what is ignored, 2D or 3D.
        splits: How it is divided, and by which options.
        description: See `DatasetCard`, like all that follow.
        convert: Turns the files into arrays.
        page: Where people read about it.
        files: What it is published as.
        derived_from: Datasets that it is made of.
        version: Raised whenever the conversion would give other pixels.
        used_in: What published work used it, a sentence each.
        citation: What to cite.
        licence: Of the data.
    """
    return DatasetCard(
        name=name,
        description=description,
        factory=Published(name, rules, splits, version),
        options=splits.options,
        dimension="3d" if rules.scored == "volumes" else "2d",
        classes=rules.class_names,
        voxel_size_nm=rules.voxel_size_nm,
        ignore_rule=rules.ignore_rule,
        page=page,
        files=files,
        derived_from=derived_from,
        convert=convert,
        version=version,
        used_in=used_in,
        citation=citation,
        licence=licence,
    )


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """A factory for the card of images without labels: they pre-train, and nothing can be run on them."""

    name: str
    """The card's."""

    def __call__(self, location: str | None, cache: Path, **options: OptionValue) -> Dataset:
        """Say what the images are for.

        Raises:
            DataError: Always.
        """
        raise DataError(
            f"{self.name} has no labels, so nothing can be trained or scored on it; pre-train on it with "
            f"'emseg-bench pretrain --images {self.name}'."
        )
