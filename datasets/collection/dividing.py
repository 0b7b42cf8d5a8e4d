"""Divides what a lab has: as its owner says, by groups, or into blocks with gaps between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias

from ...benchmark.contracts.data import SPLITS, Split
from ..idle_options import refuse_idle
from ..wording import counted
from .division import Block, Division, V, cut_along_z
from .splits import choose_groups, cut_sequence

if TYPE_CHECKING:
    from ..folder.options import FolderOptions
    from ..volume.options import VolumeOptions

Blocks: TypeAlias = Sequence[tuple[Split, Block[V]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Generic[V]):
    """A volume, or an image as a volume of depth 1, and what its owner says of it."""

    volume: V
    depth: int = 1
    """Sections."""
    group: str | None
    """What is divided whole; all items have one, or none is asked for it."""
    split: Split | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How that is cut which its owner has not divided."""

    options: FolderOptions | VolumeOptions
    gap: int
    """Sections, or images, between blocks that belong to no split."""
    seed: Literal["split_seed", "order"]
    """What the option is called that says in which order blocks stand."""

    @property
    def order(self) -> int:
        """In which order blocks stand, or which groups are chosen."""
        return int(getattr(self.options, self.seed))

    @property
    def fold(self) -> str:
        """The fold in words; empty without folds."""
        return f"fold {self.options.fold} of {self.options.folds}" if self.options.folds else ""

    def refuse_idle(self, used: Iterable[str], reason: str) -> None:
        """Refuse options that were changed and would do nothing.

        Raises:
            UsageError: There are such options.
        """
        dividing = {"val_share", "test_share", "gap", self.seed, "folds", "fold"}
        refuse_idle(self.options, dividing - {*used}, reason)

    def cut(self, items: Sequence[Item[V]], splits: Sequence[Split], *, groups: bool, row: bool) -> Blocks[V]:
        """Divide items into train and other splits.

        Args:
            items: All of them.
            splits: All but train.
            groups: Whether groups stay whole.
            row: Whether items are cut as a row of neighbours, and not each along z.
        """
        options = self.options
        share: Mapping[Split, float] = {"val": options.val_share, "test": options.test_share}
        shares = {split: share[split] for split in splits}
        if groups:
            names = [item.group or "" for item in items]
            chosen = choose_groups(
                names,
                shares,
                seed=self.order,
                folds=options.folds,
                fold=options.fold,
                sizes=[item.depth for item in items],
            )
            return [
                (split, _whole(item))
                for split, own in chosen.items()
                for item, name in zip(items, names, strict=True)
                if name in own
            ]
        cut = partial(
            cut_sequence,
            shares=shares,
            gap=self.gap,
            order=self.order,
            folds=options.folds,
            fold=options.fold,
        )
        if row:
            return [(split, _whole(items[z])) for split, own in cut(len(items)).items() for z in own]
        return [block for item in items for block in cut_along_z(item.volume, item.depth, cut)]


class Words(ABC, Generic[V]):
    """What is said of a division, by the kind of data."""

    noun: str
    """What is trained on: image or section."""
    row: bool
    """Whether items without groups are cut as a row of neighbours, and not each along z."""
    val_of: str
    """What a val split is taken from that there is not."""

    @abstractmethod
    def idle(self, *, groups: bool, folds: bool) -> str:
        """Say how data are divided by options, after the names of those that do nothing."""

    @abstractmethod
    def idle_as_said(self) -> str:
        """Say that data are divided already, likewise."""

    @abstractmethod
    def rule_as_said(self) -> str:
        """Say how the owner divided them."""

    @abstractmethod
    def rule_with_val(self, blocks: Blocks[V], way: Way, *, groups: bool) -> str:
        """Say how val was taken from what the owner lets train."""

    @abstractmethod
    def rule(self, blocks: Blocks[V], way: Way, *, groups: bool) -> str:
        """Say how undivided data were divided."""

    @abstractmethod
    def check(self, numbers: Mapping[Split | None, int]) -> None:
        """Refuse numbers of items by their splits that cannot be divided.

        Raises:
            DataError: There are too few of something.
        """


def divide(
    items: Sequence[Item[V]], way: Way, words: Words[V], scored: Literal["slices", "volumes"] = "slices"
) -> Division[V]:
    """Divide items into train, val and test.

    Args:
        items: All of them; their owner gives each a split, or none.
        way: How they are cut where their owner does not say.
        words: What is said of it.
        scored: Whether blocks validate and test as volumes.

    Raises:
        DataError: There is too little of something.
        UsageError: An option was given that does nothing here.
    """
    words.check({split: sum(item.split == split for item in items) for split in (*SPLITS, None)})
    if any(item.split for item in items):
        blocks, rule, notes = _as_said(items, way, words)
    else:
        blocks, rule, notes = _undivided(items, way, words)
    return Division(
        placed=tuple(
            (split, piece)
            for split, block in blocks
            for piece in block.cases("slices" if split == "train" else scored)
        ),
        rule=rule,
        notes=notes,
    )


def _undivided(items: Sequence[Item[V]], way: Way, words: Words[V]) -> tuple[Blocks[V], str, tuple[str, ...]]:
    groups, folds = any(item.group for item in items), way.options.folds > 0
    used = ["val_share", *(["folds", "fold"] if folds else ["test_share"])]
    used += [way.seed] * (groups or not folds) + ["gap"] * (not groups)
    way.refuse_idle(used, words.idle(groups=groups, folds=folds))
    cut = way.cut(items, ("val", "test"), groups=groups, row=words.row)
    blocks = sorted(cut, key=lambda one: SPLITS.index(one[0]))
    return blocks, words.rule(blocks, way, groups=groups), ()


def _as_said(items: Sequence[Item[V]], way: Way, words: Words[V]) -> tuple[Blocks[V], str, tuple[str, ...]]:
    there = {item.split for item in items}
    if "val" not in there:
        return _without_val(items, way, words)
    way.refuse_idle((), words.idle_as_said())
    blocks = _as_they_are(items)
    if "test" in there:
        return blocks, words.rule_as_said(), ()
    tests: Blocks[V] = [("test", block) for split, block in blocks if split == "val"]
    note = (
        "There is no test split: the val split serves as test split too. The training state was chosen on "
        f"the very {words.noun}s that are scored, so scores are optimistic."
    )
    return [*blocks, *tests], words.rule_as_said(), (note,)


def _without_val(
    items: Sequence[Item[V]], way: Way, words: Words[V]
) -> tuple[Blocks[V], str, tuple[str, ...]]:
    """Take some of what trains for validation: of a row together, else of every volume that trains."""
    groups = words.row and any(item.group for item in items)
    way.refuse_idle(["val_share", way.seed, *["gap"] * (not groups)], words.idle_as_said())
    train = [item for item in items if item.split == "train"]
    others = [item for item in items if item.split != "train"]
    blocks: list[tuple[Split, Block[V]]] = []
    for own in [train, *([item] for item in others)] if words.row else ([item] for item in items):
        trains = own[0].split == "train"
        blocks += way.cut(own, ("val",), groups=groups, row=words.row) if trains else _as_they_are(own)
    number = sum(len(block.sections) for split, block in blocks if split == "val")
    note = (
        f"There is no val split: {counted(number, words.noun)} of {words.val_of} validate and do not train."
    )
    return blocks, words.rule_with_val(blocks, way, groups=groups), (note,)


def _as_they_are(items: Sequence[Item[V]]) -> list[tuple[Split, Block[V]]]:
    return [(item.split, _whole(item)) for item in items if item.split]


def _whole(item: Item[V]) -> Block[V]:
    return Block(item.volume, range(item.depth))
