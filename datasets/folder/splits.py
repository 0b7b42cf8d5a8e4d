"""Which images of a folder belong together and are in which split, and what is said of their division."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ...benchmark.contracts.data import SPLITS, Split
from ...benchmark.contracts.errors import DataError
from ..collection.dividing import Blocks, Item, Way, Words
from ..collection.naming import name_groups, name_splits, named_subjects
from ..description import FILE_NAME, Description
from ..wording import counted
from .layout import Layout, Pair, Part

PARTS: Final[tuple[Part, ...]] = (*SPLITS, "")


def groups_of(layout: Layout, description: Description) -> dict[str, str]:
    """Return the groups of pairs by their stems, as their owner says, or else their names.

    Raises:
        DataError: A name has no group of those that the owner names, or several.
    """
    stems = [pair.stem for pair in layout.pairs()]
    if description.groups:
        return name_groups(layout.root / FILE_NAME, description.groups, stems)
    return _by_name(layout, description, stems)


def is_divided(layout: Layout, description: Description) -> bool:
    """Tell whether images are in splits already."""
    return "" not in layout.parts or description.splits is not None


def _by_name(layout: Layout, description: Description, stems: Sequence[str]) -> dict[str, str]:
    """Group images by subjects in their names, where that keeps images of one subject together."""
    divided = is_divided(layout, description)
    groups = named_subjects(stems, divided=divided)
    training = {groups.get(pair.stem) for pair in layout.parts.get("train", ())}
    alone = len(set(groups.values())) == len(stems)
    cut = "train" in layout.parts and "val" not in layout.parts and len(training) < 2
    return {} if alone or cut or (divided and description.volume) else groups


def items_of(layout: Layout, groups: Mapping[str, str]) -> list[Item[Pair]]:
    """Return the pairs with their groups and the splits that their folders are."""
    return [
        Item(volume=pair, group=groups.get(pair.stem), split=part or None)
        for part in PARTS
        for pair in layout.parts.get(part, ())
    ]


def as_named(layout: Layout, splits: Mapping[Split, Sequence[str]]) -> Layout:
    """Sort the pairs of an undivided folder into the splits that its owner names.

    Raises:
        DataError: It is divided, or a name has no split or several.
    """
    path = layout.root / FILE_NAME
    if "" not in layout.parts:
        raise DataError(f"{path}: splits: {layout.root} is divided into {_folders(layout)} already.")
    pairs = layout.parts[""]
    found = name_splits(path, splits, [pair.stem for pair in pairs])
    parts: dict[Part, tuple[Pair, ...]] = {
        split: tuple(pair for pair in pairs if found[pair.stem] == split) for split in splits
    }
    return replace(layout, parts=parts)


@dataclass(frozen=True, slots=True)
class FolderWords(Words[Pair]):
    """What is said of a folder's division."""

    layout: Layout
    groups: Mapping[str, str]
    by: str
    """What divides it already: folders, or the key splits."""
    noun: str = "image"
    row: bool = True
    val_of: str = "train/"

    def idle(self, *, groups: bool, folds: bool) -> str:
        """Say how images are divided by options."""
        if groups:
            return f"{self.layout.root} has groups that are divided whole"
        return f"{self.layout.root} is divided {'by folds' if folds else 'once, without folds'}"

    def idle_as_said(self) -> str:
        """Say that there are splits already."""
        return f"{self.layout.root} is already divided into {_folders(self.layout)}"

    def rule_as_said(self) -> str:
        """Say what divides the folder already."""
        return f"as divided in the {self.by} {_folders(self.layout)}"

    def rule_with_val(self, blocks: Blocks[Pair], way: Way, *, groups: bool) -> str:
        """Say which images of train/ validate."""
        cut = [(split, block) for split, block in blocks if split != "test"]
        return f"{self.rule_as_said()}, {self._rule(cut, way, groups, 'train', ' of train/')}"

    def rule(self, blocks: Blocks[Pair], way: Way, *, groups: bool) -> str:
        """Say how all images were divided."""
        return self._rule(blocks, way, groups, "")

    def check(self, numbers: Mapping[Split | None, int]) -> None:
        """Refuse too few images, and folders without a train or any other split."""
        root, parts = self.layout.root, self.layout.parts
        if "" in parts:
            if len(parts[""]) < 3:
                raise DataError(
                    f"{root} holds {counted(len(parts['']), 'image')} for three splits (train, val, test); "
                    "at least 3 are needed. Cut large images into tiles, or label more."
                )
        elif "train" not in parts:
            raise DataError(
                f"{root} has no train/ folder beside {_folders(self.layout)}: nothing to train on."
            )
        elif "val" not in parts and ("test" not in parts or len(parts["train"]) < 2):
            raise DataError(
                f"{root} holds {_folders(self.layout)} alone: not enough for three splits. Add val/ or "
                "test/, or put all pairs into images/ and masks/ for emseg-bench to divide."
            )

    def _rule(self, blocks: Blocks[Pair], way: Way, groups: bool, part: Part, of: str = "") -> str:
        splits = {split: [block.volume for own, block in blocks if own == split] for split, _ in blocks}
        number, seed = len(self.layout.parts[part]), f"; split_seed {way.order}"
        fold = f"; {way.fold}" if way.fold else ""
        if groups:
            words = [f"{split} {len(own)} ({', '.join(self._groups(own))})" for split, own in splits.items()]
            known = self._groups([pair for own in splits.values() for pair in own])
            return (
                f"{number} images{of} in {len(known)} groups, divided whole: {', '.join(words)}{seed}{fold}"
            )
        words = [f"{split} {len(own)} ({own[0].stem} to {own[-1].stem})" for split, own in splits.items()]
        gap = f"; {way.gap} left out between blocks" if way.gap else ""
        return (
            f"{number} images{of} in natural order of their names, cut into contiguous blocks: "
            f"{', '.join(words)}{gap}{fold or seed}"
        )

    def _groups(self, pairs: Sequence[Pair]) -> list[str]:
        return sorted({self.groups[pair.stem] for pair in pairs})


def _folders(layout: Layout) -> str:
    """Return ``train/ (20 images), val/ (10 images)``."""
    return ", ".join(f"{part}/ ({counted(len(pairs), 'image')})" for part, pairs in layout.parts.items())
