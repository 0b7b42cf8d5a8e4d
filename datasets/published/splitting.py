"""The two ways in which published datasets are divided, and the named ones of published work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.data import Split
from ...benchmark.contracts.errors import DataError, UnknownNameError
from ...benchmark.contracts.published import ConvertedVolume, Part
from ...benchmark.files.wording import counted
from ..collection.division import Cut, Division, Piece, division_of, in_order
from ..collection.splits import cut_blocks, cut_sequence, default_gap
from ..idle_options import refuse_idle
from .cutting import Blocks, as_published, by_group, cut_list, cut_volumes, slices_along
from .options import OfficialOptions, SingleOptions

if TYPE_CHECKING:
    from .rules import Rules

NamedSplit: TypeAlias = Callable[
    [Sequence[ConvertedVolume], OfficialOptions, "Rules"], Division[ConvertedVolume]
]
"""Divides all volumes of a dataset as some published work did."""


@dataclass(frozen=True, slots=True)
class OfficialSplits:
    """Of datasets with a train and a test part.

    Where no val part was published, the last block of each training volume validates; of training images
    (volumes of depth 1), the last groups of them, or the last images if they are all of one group.
    """

    options: ClassVar[type[Any]] = OfficialOptions

    others: Mapping[str, NamedSplit] = field(default_factory=dict)
    """What ``split=NAME`` may ask for instead; one called official takes the place of the above."""

    def __call__(
        self, volumes: Sequence[ConvertedVolume], given: Mapping[str, OptionValue], rules: Rules
    ) -> Division[ConvertedVolume]:
        """Divide.

        Raises:
            UnknownNameError: There is no such split.
            UsageError: An option does nothing.
            DataError: There is nothing to train on.
        """
        options = OfficialOptions(**given)  # type: ignore[arg-type]  # checked against the card
        named = {"official": _divide_official, **self.others}
        if options.split not in named:
            raise UnknownNameError("split", options.split, named)
        return named[options.split](volumes, options, rules)


@dataclass(frozen=True, slots=True)
class SingleSplits:
    """Of datasets in one piece.

    Three groups or more are divided whole.  Fewer are cut into blocks: volumes along z, each of them, and
    images in their order.
    """

    options: ClassVar[type[Any]] = SingleOptions

    def __call__(
        self, volumes: Sequence[ConvertedVolume], given: Mapping[str, OptionValue], rules: Rules
    ) -> Division[ConvertedVolume]:
        """Divide.

        Raises:
            UsageError: An option does nothing, or there is no such fold.
            DataError: There is nothing to train on.
        """
        options = SingleOptions(**given)  # type: ignore[arg-type]  # checked against the card
        labelled = [volume for volume in volumes if volume.part != "unlabelled"]
        units = by_group(labelled)
        words = _words(options)
        if len(units) >= 3:
            refuse_idle(options, ("gap",), f"{len(units)} groups are divided, each stays whole")
            blocks = cut_list(units, _cut(options, 0))
            return _division(blocks, rules, f"{len(units)} groups, each whole: {words}")
        gap = settle_gap(options.gap, rules)
        cut = _cut(options, gap)
        if all(volume.shape[0] == 1 for volume in labelled):
            blocks = cut_list([[volume] for volume in labelled], cut)
            return _division(blocks, rules, f"{counted(len(labelled), 'image')} in order: {words}, gap {gap}")
        blocks = cut_volumes(labelled, cut)
        return _division(blocks, rules, f"{counted(len(labelled), 'volume')} cut along z: {words}, gap {gap}")


def settle_gap(gap: int, rules: Rules) -> int:
    """Give the number of sections that an option ``gap`` stands for."""
    return default_gap(rules.voxel_size_nm) if gap == -1 else gap


def of_part(volumes: Sequence[ConvertedVolume], part: Part) -> list[ConvertedVolume]:
    """Return the volumes that were published as one part."""
    return [volume for volume in volumes if volume.part == part]


def _words(options: SingleOptions) -> str:
    if options.folds:
        refuse_idle(options, ("test_share", "order"), "the folds decide what tests")
        return f"fold {options.fold} of {options.folds}, val {options.val_share:g}"
    refuse_idle(options, ("fold",), "folds is 0, so there are none")
    return f"val {options.val_share:g}, test {options.test_share:g}, order {options.order}"


def _cut(options: SingleOptions, gap: int) -> Cut:
    shares: Mapping[Split, float] = {"val": options.val_share, "test": options.test_share}
    return partial(
        cut_sequence, shares=shares, gap=gap, order=options.order, folds=options.folds, fold=options.fold
    )


def _divide_official(
    volumes: Sequence[ConvertedVolume], options: OfficialOptions, rules: Rules
) -> Division[ConvertedVolume]:
    train, val, test = (of_part(volumes, part) for part in ("train", "val", "test"))
    if not train or not test:
        raise DataError("the arrays hold no train or no test part; remove and fetch the dataset again.")
    tested = as_published("test", test)
    if val:
        refuse_idle(options, ("val_share", "gap"), "a val part was published")
        blocks = as_published("train", train) + as_published("val", val)
        return _division(blocks + tested, rules, "train, val and test as published")
    blocks, words = _train_and_val(train, options, rules)
    return _division(blocks + tested, rules, f"train and test as published; val {words}")


def _train_and_val(
    train: Sequence[ConvertedVolume], options: OfficialOptions, rules: Rules
) -> tuple[Blocks, str]:
    """Take the end of the train part for validation."""
    gap, share = settle_gap(options.gap, rules), f"{options.val_share:g}"
    cut = partial(cut_blocks, shares={"val": options.val_share}, gap=gap)
    if any(volume.shape[0] > 1 for volume in train):
        return cut_volumes(train, cut), f"the last {share} of each training volume, gap {gap}"
    units = by_group(train)
    if len(units) > 1:
        refuse_idle(options, ("gap",), f"{len(units)} groups of images are divided, each stays whole")
        words = f"the last {share} of {len(units)} groups of training images"
        return cut_list(units, partial(cut, gap=0)), words
    words = f"the last {share} of the training images, gap {gap}"
    return cut_list([[volume] for volume in train], cut), words


def _division(blocks: Blocks, rules: Rules, rule: str) -> Division[ConvertedVolume]:
    """Cut blocks into the cases that the rules ask for."""

    def cases(split: Split, block: Piece[ConvertedVolume]) -> Iterable[Piece[ConvertedVolume]]:
        if split == "train":
            return slices_along(block, rules.train_axes)
        return block.cases(rules.scored if split == "test" else "slices")

    return division_of(in_order(blocks), cases, rule)
