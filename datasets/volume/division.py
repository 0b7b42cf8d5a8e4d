"""Decides which sections of which volumes train, validate and test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...benchmark.contracts.data import SPLITS, Split
from ...benchmark.contracts.errors import DataError
from ..collection.splits import choose_groups, cut_blocks, cut_sequence, default_gap
from ..idle_options import refuse_idle
from ..wording import counted, listed
from .entries import Entry
from .options import VolumeOptions

_DIVIDING = ("val_share", "test_share", "gap", "order", "folds", "fold")


@dataclass(frozen=True, slots=True)
class Piece:
    """Sections of one volume that belong to one split."""

    split: Split
    volume: int
    """Which volume, by its place in the list."""
    sections: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Division:
    """All pieces, and what to say about them."""

    pieces: tuple[Piece, ...]
    rule: str
    notes: tuple[str, ...] = ()

    def training(self, volume: int) -> tuple[int, ...]:
        """Return the sections of a volume that train."""
        own = (piece for piece in self.pieces if (piece.split, piece.volume) == ("train", volume))
        return tuple(z for piece in own for z in piece.sections)


def divide(
    entries: Sequence[Entry],
    depths: Sequence[int],
    voxel_size_nm: tuple[float, ...] | None,
    options: VolumeOptions,
) -> Division:
    """Divide volumes: as they say themselves, by groups, or by blocks along z with gaps.

    Args:
        entries: The volumes.
        depths: Their numbers of sections.
        voxel_size_nm: (z, y, x), for the gap.
        options: How.

    Raises:
        DataError: There is too little of something, or some volumes say their split and others do not.
        UsageError: An option was given that does nothing here.
    """
    gap = default_gap(voxel_size_nm) if options.gap < 0 else options.gap
    said = [entry for entry in entries if entry.split]
    if said and len(said) < len(entries):
        silent = [entry.name for entry in entries if not entry.split]
        raise DataError(
            f"{listed(silent)} have no split and {listed(e.name for e in said)} do; say all or none."
        )
    if said:
        return _as_said(entries, depths, gap, options)
    if any(entry.group for entry in entries):
        return _by_groups(entries, depths, options)
    return _by_blocks(entries, depths, gap, options)


def _as_said(entries: Sequence[Entry], depths: Sequence[int], gap: int, options: VolumeOptions) -> Division:
    names = {split: [entry.name for entry in entries if entry.split == split] for split in SPLITS}
    words = ", ".join(f"{split} {listed(own)}" for split, own in names.items() if own)
    rule = f"volumes as their owner divides them: {words}"
    if not names["train"]:
        raise DataError(f"no volume has the split train, only {words}: there is nothing to train on.")
    pieces = tuple(
        Piece(entry.split, number, tuple(range(depth)))
        for number, (entry, depth) in enumerate(zip(entries, depths, strict=True))
        if entry.split
    )
    if names["val"]:
        _refuse_idle(options, (), f"the owner names the splits: {words}")
        notes = tuple(_torn_groups(entries))
        return Division(pieces, rule, notes) if names["test"] else _val_as_test(pieces, rule, notes)
    if not names["test"]:
        raise DataError(
            f"all volumes have the split train: {words}. Give val and test some, or leave splits out."
        )
    _refuse_idle(options, ("val_share", "gap", "order"), f"the owner names the splits: {words}")
    return _without_val(pieces, rule, gap, options, tuple(_torn_groups(entries)))


def _torn_groups(entries: Sequence[Entry]) -> Iterator[str]:
    """Find groups that their owner has put into several splits."""
    for group in dict.fromkeys(entry.group for entry in entries if entry.group):
        splits = [
            split
            for split in SPLITS
            if any((entry.group, entry.split) == (group, split) for entry in entries)
        ]
        if len(splits) > 1:
            yield f"The group {group} is in the splits {' and '.join(splits)}: scores may be optimistic."


def _val_as_test(pieces: tuple[Piece, ...], rule: str, notes: tuple[str, ...]) -> Division:
    test = tuple(Piece("test", piece.volume, piece.sections) for piece in pieces if piece.split == "val")
    note = (
        "There is no test split: the val split serves as test split too. The training state was chosen on "
        "the very sections that are scored, so scores are optimistic."
    )
    return Division((*pieces, *test), rule, (note, *notes))


def _without_val(
    pieces: tuple[Piece, ...], rule: str, gap: int, options: VolumeOptions, notes: tuple[str, ...]
) -> Division:
    """Take a block of every training volume for validation."""
    cut: list[Piece] = []
    for piece in pieces:
        if piece.split != "train":
            cut.append(piece)
            continue
        blocks = cut_blocks(len(piece.sections), {"val": options.val_share}, gap=gap, order=options.order)
        cut += [
            Piece(split, piece.volume, tuple(piece.sections[place] for place in block))
            for split, block in blocks.items()
        ]
    number = sum(len(piece.sections) for piece in cut if piece.split == "val")
    note = (
        f"There is no val split: {counted(number, 'section')} of training volumes validate and do not train."
    )
    words = f"{rule}; val a block of every training volume, {gap} sections left out; order {options.order}"
    return Division(tuple(cut), words, (note, *notes))


def _by_groups(entries: Sequence[Entry], depths: Sequence[int], options: VolumeOptions) -> Division:
    groups = [entry.group or entry.name for entry in entries]
    used = ("val_share", "order", *(("folds", "fold") if options.folds else ("test_share",)))
    _refuse_idle(options, used, "groups are divided whole")
    members = choose_groups(
        groups,
        _shares(options),
        seed=options.order,
        folds=options.folds,
        fold=options.fold,
        sizes=depths,
    )
    pieces = tuple(
        Piece(split, number, tuple(range(depths[number])))
        for split, own in members.items()
        for number, group in enumerate(groups)
        if group in own
    )
    words = ", ".join(f"{split} {listed(own, 10)}" for split, own in members.items())
    return Division(pieces, f"{len(set(groups))} groups, divided whole: {words}; {_fold(options)}")


def _by_blocks(entries: Sequence[Entry], depths: Sequence[int], gap: int, options: VolumeOptions) -> Division:
    used = ("val_share", "gap", *(("folds", "fold") if options.folds else ("test_share", "order")))
    _refuse_idle(options, used, "sections are cut into " + ("folds" if options.folds else "blocks"))
    pieces: list[Piece] = []
    for number, depth in enumerate(depths):
        blocks = cut_sequence(
            depth, _shares(options), gap=gap, order=options.order, folds=options.folds, fold=options.fold
        )
        pieces += [Piece(split, number, tuple(block)) for split, block in blocks.items()]
    words = "; ".join(_describe(entry, number, pieces) for number, entry in enumerate(entries))
    return Division(
        tuple(sorted(pieces, key=lambda piece: SPLITS.index(piece.split))),
        f"contiguous blocks along z, {gap} sections left out between them: {words}; {_fold(options)}",
    )


def _shares(options: VolumeOptions) -> dict[Split, float]:
    return {"val": options.val_share, "test": options.test_share}


def _describe(entry: Entry, number: int, pieces: Sequence[Piece]) -> str:
    """Return ``cells: train 0-11, val 13-15, test 17-19``."""
    own = [f"{piece.split} {_ranges(piece.sections)}" for piece in pieces if piece.volume == number]
    return f"{entry.name}: {', '.join(own)}"


def _ranges(sections: Sequence[int]) -> str:
    """Return ``0-11`` or, for what lies on both sides of a fold, ``0-3 and 9-11``."""
    breaks = [place for place, (one, two) in enumerate(pairwise(sections), 1) if two != one + 1]
    stops = [*breaks, len(sections)]
    return " and ".join(f"{sections[a]}-{sections[b - 1]}" for a, b in zip([0, *breaks], stops, strict=True))


def _fold(options: VolumeOptions) -> str:
    return f"fold {options.fold} of {options.folds}" if options.folds else f"order {options.order}"


def _refuse_idle(options: VolumeOptions, used: Sequence[str], reason: str) -> None:
    """Refuse options of the division that were changed and would do nothing."""
    refuse_idle(options, set(_DIVIDING) - set(used), reason)
