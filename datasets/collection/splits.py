"""Divides volumes and subjects into train, val and test, so that what lies close together stays together.

Neighbouring sections of a volume show the same structures.  So a volume is cut into contiguous blocks along
z, with sections left out between any two of them, and subjects are never divided.  Everything here is a
function of numbers and names: no image is read.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import permutations

from ...benchmark.contracts.data import Split
from ...benchmark.contracts.errors import DataError, UsageError

GAP_NM = 50.0
"""Left out between blocks where nothing else is said; a compromise, for most organelles are thicker."""
FAR = 1_000_000
"""Sections between the volumes of one group, as their cases count them: none is another's neighbour."""


def default_gap(voxel_size_nm: Sequence[float] | None) -> int:
    """Return how many sections to leave out between blocks: `GAP_NM`, but at least one.

    Args:
        voxel_size_nm: (z, y, x) in nm; anything else: the thickness of sections is not known.
    """
    if voxel_size_nm is None or len(voxel_size_nm) != 3:
        return 1
    return max(1, math.ceil(GAP_NM / voxel_size_nm[0]))


def cut_blocks(
    length: int, shares: Mapping[Split, float], *, gap: int = 0, order: int = 0
) -> dict[Split, range]:
    """Cut a sequence into contiguous blocks, one per split.

    Every split of `shares` gets its share of the length, rounded, but at least one item; train gets what is
    left after the gaps.

    Args:
        length: Number of items, such as sections.
        shares: Share of each split other than train, in (0, 1).
        gap: Items between two blocks that belong to no split.
        order: Counts through the permutations of (train, *shares), in lexicographic order of position; 0 is
            that order itself, and after the last one it begins again.

    Raises:
        DataError: Nothing is left to train on.
    """
    sizes: dict[Split, int] = {split: max(1, round(length * share)) for split, share in shares.items()}
    train = length - sum(sizes.values()) - gap * len(sizes)
    if train < 1:
        wanted = ", ".join(f"{split} {size}" for split, size in sizes.items())
        raise DataError(
            f"{length} sections cannot be divided into {wanted} and {len(sizes)} gap(s) of {gap}: nothing is "
            "left to train on. Lower the shares or the gap."
        )
    sizes = {"train": train, **sizes}
    orders = list(permutations(sizes))
    blocks, start = {}, 0
    for split in orders[order % len(orders)]:
        blocks[split] = range(start, start + sizes[split])
        start += sizes[split] + gap
    return {split: blocks[split] for split in sizes}


def cut_fold(
    length: int, folds: int, fold: int, *, val_share: float, gap: int = 0
) -> dict[Split, tuple[int, ...]]:
    """Divide a sequence for one fold of a k-fold cross-validation: over all folds every item is tested once.

    The fold's block tests.  The items that follow it validate (before it, if it is the last), and the rest
    trains; `gap` items on either side of a block belong to no split.

    Args:
        length: Number of items.
        folds: How many blocks, at least 2.
        fold: Which one tests, from 0.
        val_share: Share of the length that validates, in (0, 1); at least one item.
        gap: Items that are left out.

    Raises:
        UsageError: There is no such fold.
        DataError: There are fewer items than folds, or nothing is left to train on.
    """
    _check_fold(folds, fold)
    if length < folds:
        raise DataError(f"{length} sections cannot be cut into {folds} folds; take fewer folds.")
    test = range(fold * length // folds, (fold + 1) * length // folds)
    size = max(1, round(length * val_share))
    after = test.stop + gap + size <= length
    first = test.stop + gap if after else test.start - gap - size
    val = range(first, first + size)
    used = range(min(test.start, val.start) - gap, max(test.stop, val.stop) + gap)
    train = tuple(item for item in range(length) if item not in used)
    if first < 0 or not train:
        raise DataError(
            f"fold {fold} of {folds} over {length} sections leaves nothing to train on, beside {len(test)} "
            f"that test, {size} that validate and gaps of {gap}. Take more folds, a lower val_share or gap."
        )
    return {"train": train, "val": tuple(val), "test": tuple(test)}


def cut_sequence(
    length: int, shares: Mapping[Split, float], *, gap: int = 0, order: int = 0, folds: int = 0, fold: int = 0
) -> Mapping[Split, Sequence[int]]:
    """Cut a sequence as `cut_blocks` does, or as `cut_fold` if there are folds.

    Raises:
        UsageError: There is no such fold.
        DataError: Nothing is left to train on.
    """
    if folds:
        return cut_fold(length, folds, fold, val_share=shares["val"], gap=gap)
    return cut_blocks(length, shares, gap=gap, order=order)


def divide_groups(
    groups: Sequence[str], shares: Mapping[Split, float], *, seed: int = 0
) -> dict[Split, tuple[str, ...]]:
    """Divide groups, such as subjects, whole: each split gets its share of them, but at least one.

    Args:
        groups: Their names; repetitions count once.
        shares: Share of each split other than train, in (0, 1).
        seed: Decides which.

    Raises:
        DataError: There are too few groups.
    """
    names = _shuffled(groups, seed)
    sizes: dict[Split, int] = {split: max(1, round(len(names) * share)) for split, share in shares.items()}
    if sum(sizes.values()) >= len(names):
        raise DataError(
            f"{len(names)} group(s) cannot be divided into train, {', '.join(shares)} without dividing one; "
            f"expected at least {sum(sizes.values()) + 1}. Divide by blocks instead."
        )
    divided, start = {}, 0
    for split, size in sizes.items():
        divided[split] = tuple(sorted(names[start : start + size]))
        start += size
    return {"train": tuple(sorted(names[start:])), **divided}


def fold_groups(
    groups: Sequence[str],
    folds: int,
    fold: int,
    *,
    val_share: float,
    seed: int = 0,
    sizes: Sequence[int] | None = None,
) -> dict[Split, tuple[str, ...]]:
    """Divide groups for one fold of a k-fold cross-validation; over all folds every group is tested once.

    Folds hold about as many items as each other, as far as whole groups allow.

    Args:
        groups: Of every item.
        folds: How many, at least 2.
        fold: Which one tests, from 0.
        val_share: Share of the groups that validates; at least one.
        seed: Decides which.
        sizes: How much each item counts; None: all the same.

    Raises:
        UsageError: There is no such fold.
        DataError: There are too few groups.
    """
    _check_fold(folds, fold)
    names = _shuffled(groups, seed)
    size = max(1, round(len(names) * val_share))
    weights: Counter[str] = Counter()
    for group, weight in zip(groups, sizes or [1] * len(groups), strict=True):
        weights[group] += weight
    test = _balanced(names, weights, folds)[fold]
    others = [name for name in names if name not in test]
    if not test or len(others) <= size:
        raise DataError(
            f"{len(names)} group(s) are too few for {folds} folds with {size} that validate; take fewer."
        )
    return {
        "train": tuple(sorted(others[size:])),
        "val": tuple(sorted(others[:size])),
        "test": tuple(sorted(test)),
    }


def _balanced(names: Sequence[str], weights: Mapping[str, int], folds: int) -> list[list[str]]:
    """Deal groups out in equal numbers or, if that is more even, the largest first to the smallest fold."""
    count = len(names)
    dealt = [list(names[fold * count // folds : (fold + 1) * count // folds]) for fold in range(folds)]
    greedy: list[list[str]] = [[] for _ in range(folds)]
    for name in sorted(names, key=lambda one: -weights[one]):
        min(greedy, key=lambda members: sum(weights[one] for one in members)).append(name)
    return min((dealt, greedy), key=lambda made: _unevenness(made, weights))


def _unevenness(made: Sequence[Sequence[str]], weights: Mapping[str, int]) -> int:
    totals = [sum(weights[name] for name in members) for members in made]
    return max(totals) - min(totals)


def choose_groups(
    groups: Sequence[str],
    shares: Mapping[Split, float],
    *,
    seed: int = 0,
    folds: int = 0,
    fold: int = 0,
    sizes: Sequence[int] | None = None,
) -> dict[Split, tuple[str, ...]]:
    """Divide groups as `divide_groups` does, or as `fold_groups` if there are folds.

    Raises:
        UsageError: There is no such fold.
        DataError: There are too few groups.
    """
    if folds:
        return fold_groups(groups, folds, fold, val_share=shares["val"], seed=seed, sizes=sizes)
    return divide_groups(groups, shares, seed=seed)


def _check_fold(folds: int, fold: int) -> None:
    if folds < 2 or not 0 <= fold < folds:
        raise UsageError(
            f"got fold={fold} of folds={folds}, expected at least 2 folds and 0 <= fold < folds."
        )


def _shuffled(groups: Sequence[str], seed: int) -> list[str]:
    """Give each name once, in an order that the seed decides."""
    from hashlib import sha256

    return sorted(set(groups), key=lambda name: sha256(f"{seed}/{name}".encode()).digest())
