"""Decides which images train, validate and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import permutations

from ...benchmark.contracts import Split
from ...benchmark.errors import DataError, UsageError
from .layout import Layout, Pair
from .options import FolderOptions
from .wording import counted


@dataclass(frozen=True, slots=True)
class Division:
    """The pairs of each split, and what to say about it."""

    splits: Mapping[Split, tuple[Pair, ...]]
    rule: str
    notes: tuple[str, ...] = ()


def divide(layout: Layout, options: FolderOptions) -> Division:
    """Divide a folder's pairs into train, val and test.

    Raises:
        DataError: There are too few pairs, or no train split.
        UsageError: An option was changed that does nothing with this layout.
    """
    if "" in layout.parts:
        return _divide_whole(layout, options)
    if "train" not in layout.parts:
        raise DataError(f"{layout.root} has no train/ folder beside {_folders(layout)}: nothing to train on.")
    if "val" in layout.parts:
        return _divide_with_val(layout, options)
    return _divide_without_val(layout, options)


def _divide_whole(layout: Layout, options: FolderOptions) -> Division:
    """Cut one undivided folder into three blocks."""
    pairs = layout.parts[""]
    if len(pairs) < 3:
        raise DataError(
            f"{layout.root} holds {counted(len(pairs), 'image')} for three splits (train, val, test); "
            "at least 3 are needed. Cut large images into tiles, or label more."
        )
    shares: dict[Split, float] = {"val": options.val_share, "test": options.test_share}
    splits = block_split(pairs, shares, options.split_seed)
    rule = f"{len(pairs)} images in natural order of their names, cut into contiguous blocks: "
    return Division(splits, rule + _describe_blocks(splits, options.split_seed))


def _divide_with_val(layout: Layout, options: FolderOptions) -> Division:
    """Take the splits as they are; without a test split, val serves as one."""
    _refuse_idle(layout, options, used=())
    splits: dict[Split, tuple[Pair, ...]] = {"train": layout.parts["train"], "val": layout.parts["val"]}
    rule = f"as divided in the folders {_folders(layout)}"
    if "test" in layout.parts:
        return Division(splits | {"test": layout.parts["test"]}, rule)
    note = (
        "There is no test split: the val split serves as test split too. The training state was chosen on "
        "the very images that are scored, so scores are optimistic."
    )
    return Division(splits | {"test": layout.parts["val"]}, rule, (note,))


def _divide_without_val(layout: Layout, options: FolderOptions) -> Division:
    """Take a block of the train split for validation."""
    train = layout.parts["train"]
    if "test" not in layout.parts or len(train) < 2:
        raise DataError(
            f"{layout.root} holds {_folders(layout)} alone: not enough for three splits. Add val/ or test/, "
            "or put all pairs into images/ and masks/ for emseg-bench to divide."
        )
    _refuse_idle(layout, options, used=("val_share", "split_seed"))
    splits = block_split(train, {"val": options.val_share}, options.split_seed)
    rule = (
        f"as divided in the folders {_folders(layout)}, the images of train/ in natural order of their names "
        f"cut into contiguous blocks: {_describe_blocks(splits, options.split_seed)}"
    )
    note = (
        f"There is no val split: {counted(len(splits['val']), 'image')} of train/ validate and do not train."
    )
    return Division(splits | {"test": layout.parts["test"]}, rule, (note,))


def block_split(
    items: Sequence[Pair], shares: Mapping[Split, float], seed: int
) -> dict[Split, tuple[Pair, ...]]:
    """Cut a sequence into contiguous blocks, one per split, so that neighbouring slices stay together.

    Every split of `shares` gets its share of the items, rounded, but at least one; train gets the
    rest.  The seed chooses the order of the blocks: it counts through the permutations of (train,
    val, test) in lexicographic order of position, 0 being that order itself, and begins again after
    the last.

    Args:
        items: What to divide, in order.
        shares: Share of each split other than train.
        seed: 0 or more.

    Raises:
        DataError: Nothing is left to train on.
    """
    sizes: dict[Split, int] = {split: max(1, round(len(items) * share)) for split, share in shares.items()}
    sizes = {"train": len(items) - sum(sizes.values()), **sizes}
    if sizes["train"] < 1:
        wanted = " and ".join(f"{split}_share {share:g}" for split, share in shares.items())
        raise DataError(f"{wanted} of {counted(len(items), 'image')} leave nothing to train on; lower them.")
    orders = list(permutations(sizes))
    blocks: dict[Split, tuple[Pair, ...]] = {}
    start = 0
    for split in orders[seed % len(orders)]:
        blocks[split] = tuple(items[start : start + sizes[split]])
        start += sizes[split]
    return {split: blocks[split] for split in sizes}


def _describe_blocks(blocks: Mapping[Split, tuple[Pair, ...]], seed: int) -> str:
    """Return ``train 12 (00 to 11), val 4 (12 to 15), test 4 (16 to 19); split_seed 0``."""
    words = [f"{split} {len(pairs)} ({pairs[0].stem} to {pairs[-1].stem})" for split, pairs in blocks.items()]
    return f"{', '.join(words)}; split_seed {seed}"


def _folders(layout: Layout) -> str:
    """Return ``train/ (20 images), val/ (10 images)``."""
    return ", ".join(f"{part}/ ({counted(len(pairs), 'image')})" for part, pairs in layout.parts.items())


def _refuse_idle(layout: Layout, options: FolderOptions, used: Sequence[str]) -> None:
    """Refuse options that were changed and would do nothing."""
    default = FolderOptions()
    for field in fields(options):
        if field.name not in used and getattr(options, field.name) != getattr(default, field.name):
            raise UsageError(
                f"the option {field.name} does nothing here: {layout.root} is already divided into "
                f"{_folders(layout)}. Leave the option out."
            )
