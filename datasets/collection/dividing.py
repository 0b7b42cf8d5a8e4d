"""Divides what a lab has: as its owner says, by groups, or into blocks with gaps between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, Literal

from ...benchmark.contracts.data import Split
from ...benchmark.files.wording import counted
from ..idle_options import refuse_idle
from .division import Blocks, Piece, V, cut_along_z, in_order
from .splits import choose_groups, cut_sequence

if TYPE_CHECKING:
    from ..folder.options import FolderOptions
    from ..volume.options import VolumeOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Generic[V]):
    """A volume, or an image as a volume of depth 1, and what its owner says of it."""

    volume: V
    depth: int = 1
    """Sections."""
    group: str | None
    """What is divided whole; either all items have one or none has."""
    split: Split | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How that is cut which its owner has not divided, and the words for it."""

    options: FolderOptions | VolumeOptions
    gap: int
    """Sections, or images, between blocks that belong to no split."""
    seed: Literal["split_seed", "order"]
    """What the option is called that says in which order blocks stand, or which groups are chosen."""
    row: bool
    """Whether items without groups are cut as a row of neighbours, and not each along z."""
    noun: str
    """What is trained on: image or section."""
    trained: str
    """What the owner lets train, of which some validates where there is no val split."""
    idle: Mapping[Literal["said", "groups", "folds", "once"], str]
    """Why options do nothing: the owner divides, groups stay whole, there are folds or none."""

    @property
    def order(self) -> int:
        """In which order blocks stand, or which groups are chosen."""
        return int(getattr(self.options, self.seed))

    @property
    def fold(self) -> str:
        """The fold in words; empty without folds."""
        return f"fold {self.options.fold} of {self.options.folds}" if self.options.folds else ""

    def refuse_idle(self, used: Iterable[str], reason: Literal["said", "groups", "folds", "once"]) -> None:
        """Refuse options that were changed and would do nothing.

        Raises:
            UsageError: There are such options.
        """
        dividing = {"val_share", "test_share", "gap", self.seed, "folds", "fold"}
        refuse_idle(self.options, dividing - {*used}, self.idle[reason])

    def cut(self, items: Sequence[Item[V]], *splits: Split, groups: bool) -> Blocks[V]:
        """Divide items into train and other splits, groups of them whole or not."""
        options, whole = self.options, [_whole(item) for item in items]
        share: Mapping[Split, float] = {"val": options.val_share, "test": options.test_share}
        shares = {split: share[split] for split in splits}
        folds, fold = options.folds, options.fold
        if groups:
            names, sizes = [item.group or "" for item in items], [item.depth for item in items]
            chosen = choose_groups(names, shares, seed=self.order, folds=folds, fold=fold, sizes=sizes)
            return [
                (split, block)
                for split, own in chosen.items()
                for block, name in zip(whole, names, strict=True)
                if name in own
            ]
        cut = partial(cut_sequence, shares=shares, gap=self.gap, order=self.order, folds=folds, fold=fold)
        if self.row:
            return [(split, whole[place]) for split, own in cut(len(items)).items() for place in own]
        return [block for item in items for block in cut_along_z(item.volume, item.depth, cut)]


def divide(items: Sequence[Item[V]], way: Way) -> tuple[Blocks[V], tuple[str, ...]]:
    """Divide items into train, val and test.

    Args:
        items: All of them; their owner gives each a split, one of them train, or none.
        way: How they are cut where their owner does not say.

    Returns:
        Blocks in the order of their cases, and what a reader of scores must know.

    Raises:
        DataError: There is too little of something.
        UsageError: An option was given that does nothing here.
    """
    blocks = _as_they_are(items)
    there = {split for split, _ in blocks}
    if not there:
        return _undivided(items, way), ()
    if "val" not in there:
        return _without_val(items, way)
    way.refuse_idle((), "said")
    if "test" in there:
        return blocks, ()
    note = (
        "There is no test split: the val split serves as test split too. The training state was chosen on "
        f"the very {way.noun}s that are scored, so scores are optimistic."
    )
    return [*blocks, *(("test", block) for split, block in blocks if split == "val")], (note,)


def _undivided(items: Sequence[Item[V]], way: Way) -> Blocks[V]:
    groups, folds = any(item.group for item in items), way.options.folds > 0
    used = ["val_share", *(["folds", "fold"] if folds else ["test_share"])]
    used += [way.seed] * (groups or not folds) + ["gap"] * (not groups)
    way.refuse_idle(used, "groups" if groups else "folds" if folds else "once")
    return in_order(way.cut(items, "val", "test", groups=groups))


def _without_val(items: Sequence[Item[V]], way: Way) -> tuple[Blocks[V], tuple[str, ...]]:
    """Take some of what trains for validation: of a row together, else of every volume that trains."""
    groups = way.row and any(item.group for item in items)
    way.refuse_idle(["val_share", way.seed, *["gap"] * (not groups)], "said")
    train = [item for item in items if item.split == "train"]
    others = [item for item in items if item.split != "train"]
    blocks: list[tuple[Split, Piece[V]]] = []
    for own in [train, others] if way.row else ([item] for item in items):
        trains = own[0].split == "train"
        blocks += way.cut(own, "val", groups=groups) if trains else _as_they_are(own)
    number = sum(len(block.sections) for split, block in blocks if split == "val")
    kept = f"{counted(number, way.noun)} of {way.trained} validate and do not train."
    return blocks, (f"There is no val split: {kept}",)


def _as_they_are(items: Sequence[Item[V]]) -> list[tuple[Split, Piece[V]]]:
    return [(item.split, _whole(item)) for item in items if item.split]


def _whole(item: Item[V]) -> Piece[V]:
    return Piece(item.volume, range(item.depth))
