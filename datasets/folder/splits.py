"""Which images of a folder belong together and are in which split, and what is said of their division."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ...benchmark.contracts.data import SPLITS, Split
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.printable import printable
from ...benchmark.files.wording import counted
from ..collection.dividing import Item, Way
from ..collection.division import Blocks
from ..collection.naming import name_groups, name_splits, named_subjects
from ..description import FILE_NAME, Description
from ..fetching.subjects import folders_of
from .layout import Layout, Pair, Part
from .options import FolderOptions

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
    """Group images by subjects in their names, or by folders, where that keeps what belongs together.

    Folders of slices are volumes, and of images that are divided already nobody knows what folders mean.
    """
    divided = is_divided(layout, description)
    groups = named_subjects(stems, divided=divided)
    if not groups and not divided and not description.volume:
        folders = folders_of(stems)
        groups = folders if len({*folders.values()}) > 2 else {}
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


def check_parts(layout: Layout) -> None:
    """Refuse too few images, and folders without a train or any other split.

    Raises:
        DataError: There are too few.
    """
    root, parts = layout.root, layout.parts
    if "" in parts:
        if len(parts[""]) < 3:
            raise DataError(
                f"{root} holds {counted(len(parts['']), 'image')} for three splits (train, val, test); "
                "at least 3 are needed. Cut large images into tiles, or label more; if files of several "
                "pages are volumes, emseg-bench data init FOLDER describes them."
            )
    elif "train" not in parts:
        raise DataError(f"{root} has no train/ folder beside {_folders(layout)}: nothing to train on.")
    elif "val" not in parts and ("test" not in parts or len(parts["train"]) < 2):
        raise DataError(
            f"{root} holds {_folders(layout)} alone: not enough for three splits. Add val/ or test/, or put "
            "all pairs into images/ and masks/ for emseg-bench to divide."
        )


def way_of(layout: Layout, options: FolderOptions, gap: int) -> Way:
    """Return how a folder is cut that is not divided: as a row of images in the order of their names."""
    return Way(
        options=options,
        gap=gap,
        seed="split_seed",
        row=True,
        noun="image",
        trained="train/",
        idle={
            "said": f"{layout.root} is already divided into {_folders(layout)}",
            "groups": f"{layout.root} has groups that are divided whole",
            "folds": f"{layout.root} is divided by folds",
            "once": f"{layout.root} is divided once, without folds",
        },
    )


def rule_of(layout: Layout, blocks: Blocks[Pair], groups: Mapping[str, str], way: Way, by: str) -> str:
    """Say how images were divided, by folders or by what else stands for them."""
    if "" in layout.parts:
        return _cut_rule(blocks, groups, way, len(layout.parts[""]), "")
    said = f"as divided in the {by} {_folders(layout)}"
    if "val" in layout.parts:
        return said
    cut = [(split, block) for split, block in blocks if split != "test"]
    return f"{said}, {_cut_rule(cut, groups, way, len(layout.parts['train']), ' of train/')}"


def _cut_rule(blocks: Blocks[Pair], groups: Mapping[str, str], way: Way, number: int, where: str) -> str:
    splits = {split: [block.volume.stem for own, block in blocks if own == split] for split, _ in blocks}
    seed, fold = f"; split_seed {way.order}", f"; {way.fold}" if way.fold else ""
    if groups:
        members = {split: sorted({groups[stem] for stem in stems}) for split, stems in splits.items()}
        words = [f"{split} {len(splits[split])} ({', '.join(own)})" for split, own in members.items()]
        all_ = {group for own in members.values() for group in own}
        return f"{number} images{where} in {len(all_)} groups, divided whole: {', '.join(words)}{seed}{fold}"
    words = [
        f"{split} {len(stems)} ({printable(stems[0])} to {printable(stems[-1])})"
        for split, stems in splits.items()
    ]
    gap = f"; {way.gap} left out between blocks" if way.gap else ""
    return (
        f"{number} images{where} in natural order of their names, cut into contiguous blocks: "
        f"{', '.join(words)}{gap}{fold or seed}"
    )


def _folders(layout: Layout) -> str:
    """Return ``train/ (20 images), val/ (10 images)``."""
    return ", ".join(f"{part}/ ({counted(len(pairs), 'image')})" for part, pairs in layout.parts.items())
