"""What volumes say of their splits and groups, and what is said of how they are divided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...benchmark.contracts.data import SPLITS
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.wording import listed
from ..collection.dividing import Item, Way, divide
from ..collection.division import Blocks, Division, division_of
from .collection import Opened, are_images
from .entries import Entry
from .options import VolumeOptions


def divided(volumes: Sequence[Opened], options: VolumeOptions, gap: int) -> Division[Opened]:
    """Divide volumes as they say themselves, by groups, or by blocks along z.

    Raises:
        DataError: There is too little of something, or some volumes say their split and others do not.
        UsageError: An option was given that does nothing here.
    """
    entries = [volume.entry for volume in volumes]
    check_splits(entries)
    way = way_of(entries, options, gap, images=are_images(volumes))
    blocks, notes = divide(items_of(volumes), way)
    return division_of(
        blocks,
        lambda split, block: block.cases("slices" if split == "train" else options.scored),
        rule_of(entries, blocks, way),
        (*notes, *torn_groups(entries)),
    )


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


def check_splits(entries: Sequence[Entry]) -> None:
    """Refuse splits of some volumes alone, and splits among which train or all others are missing.

    Raises:
        DataError: They are so.
    """
    said = [entry.name for entry in entries if entry.split]
    silent = [entry.name for entry in entries if not entry.split]
    splits = {entry.split for entry in entries if entry.split}
    if said and silent:
        raise DataError(f"{listed(silent)} have no split and {listed(said)} do; say all or none.")
    if splits and "train" not in splits:
        raise DataError(
            f"no volume has the split train, only {_splits(entries)}: there is nothing to train on."
        )
    if splits == {"train"}:
        raise DataError(
            f"all volumes have the split train: {_splits(entries)}. Give val and test some, or leave splits "
            "out."
        )


def way_of(entries: Sequence[Entry], options: VolumeOptions, gap: int, *, images: bool) -> Way:
    """Return how volumes are cut that are not divided: each along z; images as a row, in their order."""
    return Way(
        options=options,
        gap=gap,
        seed="order",
        row=images,
        noun="image" if images else "section",
        trained="training volumes",
        idle={
            "said": f"the owner names the splits: {_splits(entries)}",
            "groups": "groups are divided whole",
            "folds": "sections are cut into folds",
            "once": "sections are cut into blocks",
        },
    )


def rule_of(entries: Sequence[Entry], blocks: Blocks[Opened], way: Way) -> str:
    """Say how volumes were divided."""
    splits = {entry.split for entry in entries}
    fold = way.fold or f"order {way.order}"
    if splits != {None}:
        rule = f"volumes as their owner divides them: {_splits(entries)}"
        val = f"; val a block of every training volume, {way.gap} sections left out; {fold}"
        return rule if "val" in splits else rule + val
    if any(entry.group for entry in entries):
        own = {
            split: sorted({block.volume.group for one, block in blocks if one == split}) for split in SPLITS
        }
        words = ", ".join(f"{split} {listed(names, 10)}" for split, names in own.items())
        number = len({name for names in own.values() for name in names})
        return f"{number} groups, divided whole: {words}; {fold}"
    if way.row:
        return f"{len(entries)} images in their order, cut into contiguous blocks: {_row(blocks)}; {fold}"
    words = "; ".join(_describe(entry, blocks) for entry in entries)
    return f"contiguous blocks along z, {way.gap} sections left out between them: {words}; {fold}"


def _splits(entries: Sequence[Entry]) -> str:
    names = {split: [entry.name for entry in entries if entry.split == split] for split in SPLITS}
    return ", ".join(f"{split} {listed(own)}" for split, own in names.items() if own)


def _row(blocks: Blocks[Opened]) -> str:
    """Return ``train 4 (a to d), val 1 (e to e)``."""
    names = {split: [block.volume.entry.name for own, block in blocks if own == split] for split in SPLITS}
    return ", ".join(f"{split} {len(own)} ({own[0]} to {own[-1]})" for split, own in names.items() if own)


def _describe(entry: Entry, blocks: Blocks[Opened]) -> str:
    """Return ``cells: train 0-3 and 9-11, val 4-5, test 7-8``; training lies on both sides of a fold."""
    own = {
        split: [block.sections for one, block in blocks if one == split and block.volume.entry is entry]
        for split in SPLITS
    }
    words = [f"{split} {' and '.join(f'{run[0]}-{run[-1]}' for run in runs)}" for split, runs in own.items()]
    return f"{entry.name}: {', '.join(words)}"
