"""What volumes say of their splits and groups, and what is said of how they are divided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...benchmark.contracts.data import SPLITS, Split
from ...benchmark.contracts.errors import DataError
from ..collection.dividing import Blocks, Item, Way, Words
from ..wording import listed
from .collection import Opened
from .entries import Entry


def items_of(volumes: Sequence[Opened]) -> list[Item[Opened]]:
    """Return volumes with their splits and, if any has one, their groups."""
    grouped = any(volume.entry.group for volume in volumes)
    return [
        Item(
            volume=volume,
            depth=volume.image.shape[0],
            group=volume.group if grouped else None,
            split=volume.entry.split,
        )
        for volume in volumes
    ]


def torn_groups(entries: Sequence[Entry]) -> Iterator[str]:
    """Find groups that their owner has put into several splits."""
    for group in dict.fromkeys(entry.group for entry in entries if entry.group):
        there = {entry.split for entry in entries if entry.group == group}
        splits = [split for split in SPLITS if split in there]
        if len(splits) > 1:
            yield f"The group {group} is in the splits {' and '.join(splits)}: scores may be optimistic."


@dataclass(frozen=True, slots=True)
class VolumeWords(Words[Opened]):
    """What is said of a division of volumes."""

    entries: Sequence[Entry]
    noun: str = "section"
    row: bool = False
    val_of: str = "training volumes"

    def idle(self, *, groups: bool, folds: bool) -> str:
        """Say how volumes are divided by options."""
        return (
            "groups are divided whole"
            if groups
            else f"sections are cut into {'folds' if folds else 'blocks'}"
        )

    def idle_as_said(self) -> str:
        """Say that there are splits already."""
        return f"the owner names the splits: {self._splits()}"

    def rule_as_said(self) -> str:
        """Say which volumes are in which split."""
        return f"volumes as their owner divides them: {self._splits()}"

    def rule_with_val(self, blocks: Blocks[Opened], way: Way, *, groups: bool) -> str:
        """Say that sections of volumes that train validate."""
        return (
            f"{self.rule_as_said()}; val a block of every training volume, {way.gap} sections left out; "
            f"order {way.order}"
        )

    def rule(self, blocks: Blocks[Opened], way: Way, *, groups: bool) -> str:
        """Say which groups, or sections, are in which split."""
        fold = way.fold or f"order {way.order}"
        if groups:
            own = {
                split: sorted({block.volume.group for one, block in blocks if one == split})
                for split in SPLITS
            }
            words = ", ".join(f"{split} {listed(names, 10)}" for split, names in own.items())
            number = len({name for names in own.values() for name in names})
            return f"{number} groups, divided whole: {words}; {fold}"
        words = "; ".join(_describe(entry, blocks) for entry in self.entries)
        return f"contiguous blocks along z, {way.gap} sections left out between them: {words}; {fold}"

    def check(self, numbers: Mapping[Split | None, int]) -> None:
        """Refuse splits of some volumes alone, and splits among which train or all others are missing."""
        said = [entry.name for entry in self.entries if entry.split]
        if said and numbers[None]:
            silent = [entry.name for entry in self.entries if not entry.split]
            raise DataError(f"{listed(silent)} have no split and {listed(said)} do; say all or none.")
        if said and not numbers["train"]:
            raise DataError(
                f"no volume has the split train, only {self._splits()}: there is nothing to train on."
            )
        if said and numbers["train"] == len(said):
            raise DataError(
                f"all volumes have the split train: {self._splits()}. Give val and test some, or leave "
                "splits out."
            )

    def _splits(self) -> str:
        names = {split: [entry.name for entry in self.entries if entry.split == split] for split in SPLITS}
        return ", ".join(f"{split} {listed(own)}" for split, own in names.items() if own)


def _describe(entry: Entry, blocks: Blocks[Opened]) -> str:
    """Return ``cells: train 0-3 and 9-11, val 4-5, test 7-8``; training lies on both sides of a fold."""
    own = {
        split: [block.sections for one, block in blocks if one == split and block.volume.entry is entry]
        for split in SPLITS
    }
    words = [f"{split} {' and '.join(f'{run[0]}-{run[-1]}' for run in runs)}" for split, runs in own.items()]
    return f"{entry.name}: {', '.join(words)}"
