"""Decides which images train, validate and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from ...benchmark.contracts.data import Split
from ...benchmark.contracts.errors import DataError
from ..collection.naming import name_groups, name_splits, named_subjects, subject_note
from ..collection.splits import Division, choose_groups, cut_sequence, default_gap
from ..description import FILE_NAME, Description
from ..idle_options import refuse_idle
from ..wording import counted
from .layout import Layout, Pair
from .options import FolderOptions

OF_LABELS: Final = frozenset({"classes", "ignore_value", "background", "instances"})
"""Options that have nothing to do with splits."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How pairs are divided."""

    options: FolderOptions
    groups: Mapping[str, str]
    gap: int
    root: str

    def cut(self, pairs: Sequence[Pair], shares: Mapping[Split, float]) -> dict[Split, tuple[Pair, ...]]:
        """Divide pairs, by groups where there are some."""
        options = self.options
        if self.groups:
            chosen = choose_groups(
                [self.groups[pair.stem] for pair in pairs],
                shares,
                seed=options.split_seed,
                folds=options.folds,
                fold=options.fold,
            )
            return {
                split: tuple(pair for pair in pairs if self.groups[pair.stem] in members)
                for split, members in chosen.items()
            }
        blocks = cut_sequence(
            len(pairs),
            shares,
            gap=self.gap,
            order=options.split_seed,
            folds=options.folds,
            fold=options.fold,
        )
        return {split: tuple(pairs[place] for place in block) for split, block in blocks.items()}

    def refuse_idle(self, used: Sequence[str], reason: str) -> None:
        """Refuse options that were changed and would do nothing."""
        names = {field.name for field in fields(self.options)} - OF_LABELS
        refuse_idle(self.options, names - set(used), f"{self.root} {reason}")


def divide(layout: Layout, description: Description, options: FolderOptions) -> Division[Pair]:
    """Divide a folder's pairs into train, val and test.

    Raises:
        DataError: There are too few pairs or groups, no train split, or names fit no split or group.
        UsageError: An option was changed that does nothing with this layout.
    """
    groups = groups_of(layout, description)
    division = _divide(layout, description, options, groups)
    if description.groups or not groups or _is_divided(layout, description):
        return division
    return replace(division, notes=(*division.notes, subject_note(groups, "image")))


def groups_of(layout: Layout, description: Description) -> dict[str, str]:
    """Return the groups of pairs by their stems, as their owner says, or else their names.

    Raises:
        DataError: A name has no group of those that the owner names, or several.
    """
    stems = [pair.stem for pair in layout.pairs()]
    if description.groups:
        return name_groups(layout.root / FILE_NAME, description.groups, stems)
    return _by_name(layout, description, stems)


def _is_divided(layout: Layout, description: Description) -> bool:
    return "" not in layout.parts or description.splits is not None


def _by_name(layout: Layout, description: Description, stems: Sequence[str]) -> dict[str, str]:
    """Group images by subjects in their names, where that keeps images of one subject together."""
    divided = _is_divided(layout, description)
    groups = named_subjects(stems, divided=divided)
    training = {groups.get(pair.stem) for pair in layout.parts.get("train", ())}
    alone = len(set(groups.values())) == len(stems)
    cut = "train" in layout.parts and "val" not in layout.parts and len(training) < 2
    return {} if alone or cut or (divided and description.volume) else groups


def _divide(
    layout: Layout, description: Description, options: FolderOptions, groups: Mapping[str, str]
) -> Division[Pair]:
    way = _Way(options, groups, _gap(description, options), str(layout.root))
    said = "folders"
    if description.splits:
        layout, said = _as_named(layout, description.splits), f"splits of {FILE_NAME}"
    if "" in layout.parts:
        return _divide_whole(layout, way)
    if "train" not in layout.parts:
        raise DataError(f"{layout.root} has no train/ folder beside {_folders(layout)}: nothing to train on.")
    if "val" in layout.parts:
        return _divide_with_val(layout, way, said)
    return _divide_without_val(layout, way, said)


def _gap(description: Description, options: FolderOptions) -> int:
    if options.gap >= 0:
        return options.gap
    return default_gap(description.voxel_size_nm) if description.volume else 0


def _as_named(layout: Layout, splits: Mapping[Split, Sequence[str]]) -> Layout:
    """Sort the pairs of an undivided folder into the splits that its owner names."""
    path = layout.root / FILE_NAME
    if "" not in layout.parts:
        raise DataError(f"{path}: splits: {layout.root} is divided into {_folders(layout)} already.")
    pairs = layout.parts[""]
    found = name_splits(path, splits, [pair.stem for pair in pairs])
    return Layout(
        layout.root, {split: tuple(pair for pair in pairs if found[pair.stem] == split) for split in splits}
    )


def _divide_whole(layout: Layout, way: _Way) -> Division[Pair]:
    """Cut one undivided folder into three."""
    pairs, options = layout.parts[""], way.options
    if len(pairs) < 3:
        raise DataError(
            f"{layout.root} holds {counted(len(pairs), 'image')} for three splits (train, val, test); "
            "at least 3 are needed. Cut large images into tiles, or label more."
        )
    by_groups = "has groups that are divided whole"
    if options.folds:
        used = ["val_share", "folds", "fold", "split_seed" if way.groups else "gap"]
        way.refuse_idle(used, by_groups if way.groups else "is divided by folds")
    else:
        used = ["val_share", "test_share", "split_seed", *(() if way.groups else ("gap",))]
        way.refuse_idle(used, by_groups if way.groups else "is divided once, without folds")
    splits = way.cut(pairs, {"val": options.val_share, "test": options.test_share})
    return Division(pieces=splits, rule=_rule(len(pairs), "", splits, way))


def _divide_with_val(layout: Layout, way: _Way, said: str) -> Division[Pair]:
    """Take the splits as they are; without a test split, val serves as one."""
    way.refuse_idle((), f"is already divided into {_folders(layout)}")
    splits: dict[Split, tuple[Pair, ...]] = {"train": layout.parts["train"], "val": layout.parts["val"]}
    rule = f"as divided in the {said} {_folders(layout)}"
    if "test" in layout.parts:
        return Division(pieces=splits | {"test": layout.parts["test"]}, rule=rule)
    note = (
        "There is no test split: the val split serves as test split too. The training state was chosen on "
        "the very images that are scored, so scores are optimistic."
    )
    return Division(pieces=splits | {"test": layout.parts["val"]}, rule=rule, notes=(note,))


def _divide_without_val(layout: Layout, way: _Way, said: str) -> Division[Pair]:
    """Take a block of the train split, or some of its groups, for validation."""
    train = layout.parts["train"]
    if "test" not in layout.parts or len(train) < 2:
        raise DataError(
            f"{layout.root} holds {_folders(layout)} alone: not enough for three splits. Add val/ or test/, "
            "or put all pairs into images/ and masks/ for emseg-bench to divide."
        )
    used = ["val_share", "split_seed", *(() if way.groups else ("gap",))]
    way.refuse_idle(used, f"is already divided into {_folders(layout)}")
    splits = way.cut(train, {"val": way.options.val_share})
    rule = f"as divided in the {said} {_folders(layout)}, {_rule(len(train), ' of train/', splits, way)}"
    note = (
        f"There is no val split: {counted(len(splits['val']), 'image')} of train/ validate and do not train."
    )
    return Division(pieces=splits | {"test": layout.parts["test"]}, rule=rule, notes=(note,))


def _rule(number: int, where: str, splits: Mapping[Split, tuple[Pair, ...]], way: _Way) -> str:
    """Say how so many images were divided."""
    options = way.options
    seed = f"; split_seed {options.split_seed}"
    fold = f"; fold {options.fold} of {options.folds}" if options.folds else ""
    if way.groups:
        words = [f"{split} {_names(pairs, way.groups)}" for split, pairs in splits.items()]
        groups = len({way.groups[pair.stem] for pairs in splits.values() for pair in pairs})
        return f"{number} images{where} in {groups} groups, divided whole: {', '.join(words)}{seed}{fold}"
    words = [f"{split} {len(pairs)} ({_ends(pairs)})" for split, pairs in splits.items()]
    gap = f"; {way.gap} left out between blocks" if way.gap else ""
    return (
        f"{number} images{where} in natural order of their names, cut into contiguous blocks: "
        f"{', '.join(words)}{gap}{fold or seed}"
    )


def _names(pairs: Sequence[Pair], groups: Mapping[str, str]) -> str:
    """Return ``12 (mouse1, mouse3)``."""
    return f"{len(pairs)} ({', '.join(sorted({groups[pair.stem] for pair in pairs}))})"


def _ends(pairs: Sequence[Pair]) -> str:
    """Return ``00 to 11``."""
    return f"{pairs[0].stem} to {pairs[-1].stem}"


def _folders(layout: Layout) -> str:
    """Return ``train/ (20 images), val/ (10 images)``."""
    return ", ".join(f"{part}/ ({counted(len(pairs), 'image')})" for part, pairs in layout.parts.items())
