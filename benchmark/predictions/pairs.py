"""Which label maps belong together: files whose names say so, or single files."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..contracts.errors import DataError
from ..files.litter import is_litter
from ..files.regular import check_links
from ..images.pairing import pair_up
from .label_maps import is_readable, stem, suffixes_at
from .volume_files import file_of, is_folder

SHOWN = 5
"""So many names stand in a message; the others are counted."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two label maps of one case."""

    case: str
    prediction: Path
    truth: Path
    objects: Path | None = None
    """Numbers of the true objects."""


def find_pairs(prediction: Path, truth: Path) -> tuple[list[Pair], list[str]]:
    """Pair the label maps of two folders, and of the folders in them, or take two files as a pair.

    Names are compared as in `benchmark.images.pairing`: a map belongs to one other, or to none.

    Returns:
        The pairs by name, and the files that are no label maps (hidden ones are not mentioned).

    Raises:
        DataError: There is nothing, or something has no partner.
    """
    if is_folder(prediction) != is_folder(truth) and _is_there(prediction) and _is_there(truth):
        raise DataError(f"{prediction} and {truth}: expected two folders or two files, got one of each.")
    predicted, strange = _label_maps(prediction, but=truth)
    true, strange_too = _label_maps(truth, but=prediction)
    if not is_folder(truth):
        (case,) = true
        return [Pair(case, prediction, truth)], []
    found = _partners(true, predicted, truth, prediction)
    pairs = [Pair(case, predicted[found[case]], true[case]) for case in sorted(true)]
    return pairs, [str(path) for path in (*strange, *strange_too)]


def with_objects(pairs: list[Pair], objects: Path, truth: Path) -> list[Pair]:
    """Add to each pair the map of its true objects.

    Args:
        pairs: What `find_pairs` gave.
        objects: A folder of maps of such names; of a pair that is no folders', the map itself.
        truth: Where the true label maps are.

    Raises:
        DataError: There is nothing, or something has no partner.
    """
    if _is_there(objects) and is_folder(objects) != is_folder(truth):
        raise DataError(f"{objects} and {truth}: expected two folders or two files, got one of each.")
    maps, _ = _label_maps(objects)
    if not is_folder(truth):
        return [replace(pair, objects=objects) for pair in pairs]
    found = _partners({pair.case: pair.truth for pair in pairs}, maps, truth, objects)
    return [replace(pair, objects=maps[found[pair.case]]) for pair in pairs]


def pairing_notes(pairs: Sequence[Pair]) -> list[str]:
    """Say so where names differ, with an example."""
    others = [pair for pair in pairs if stem(pair.prediction) != stem(pair.truth)]
    if not others or len(pairs) == 1:
        return []
    one = others[0]
    return [
        f"{len(others)} prediction(s) are named otherwise than their truth and were paired by what is alike: "
        f"{one.prediction.name} and {one.truth.name}"
    ]


def some(names: Collection[str]) -> str:
    """Write the first few names, and how many more there are."""
    shown = sorted(names)[:SHOWN]
    more = len(names) - len(shown)
    return ", ".join([*shown, f"and {more} more"] if more else shown)


def by_stem(paths: Collection[Path]) -> dict[str, Path]:
    """Give files by their names without suffix.

    Raises:
        DataError: Two have the same.
    """
    found: dict[str, Path] = {}
    for path in sorted(paths):
        if other := found.get(stem(path)):
            raise DataError(f"{other} and {path} have the same name but for the suffix; keep one of them.")
        found[stem(path)] = path
    return found


def _is_there(place: Path) -> bool:
    return file_of(place).exists()


def files_below(place: Path, but: Path | None = None) -> dict[str, Path]:
    """Give the files of a folder and of the folders in it by their paths below it, without litter; or a file.

    Links to folders are followed once; the folder `but` is left out.

    Raises:
        DataError: A link leads out of the folder.
    """
    if not is_folder(place):
        return {place.name: place}
    found: dict[str, Path] = {}
    pending, seen = [place], {os.path.realpath(but)} if but and but != place else set()
    while pending:
        folder = pending.pop()
        if (real := os.path.realpath(folder)) in seen:
            continue
        seen.add(real)
        for path in sorted(folder.iterdir()):
            if is_litter(path.name):
                continue
            check_links(place, [path])
            if is_folder(path):
                pending.append(path)
            else:
                found[path.relative_to(place).as_posix()] = path
    return found


def by_name(place: Path, paths: Collection[Path]) -> dict[str, Path]:
    """Give files by their paths below a folder without suffix, or a single file by its name.

    Raises:
        DataError: Two have the same.
    """
    found: dict[str, Path] = {}
    for path in sorted(paths):
        name = (path.parent / stem(path)).relative_to(place if is_folder(place) else path.parent).as_posix()
        if other := found.get(name):
            raise DataError(f"{other} and {path} have the same name but for the suffix; keep one of them.")
        found[name] = path
    return found


def _label_maps(place: Path, but: Path | None = None) -> tuple[dict[str, Path], list[Path]]:
    """Return the label maps at a place by name, and the visible files that are none."""
    if not _is_there(place):
        raise DataError(f"{place} is not there; check the path.")
    visible = files_below(place, but)
    suffixes = suffixes_at(place)
    readable = [path for path in visible.values() if is_readable(path, suffixes)]
    if not readable:
        inside = f"it holds {some(visible)}" if visible else "it is empty"
        problem = f"no label maps in {place}: {inside}" if is_folder(place) else f"{place} is no label map"
        raise DataError(f"{problem}; expected {', '.join(suffixes)}.")
    return by_name(place, readable), [path for path in visible.values() if path not in readable]


def _partners(
    true: Mapping[str, Path], others: Mapping[str, Path], truth: Path, place: Path
) -> dict[str, str]:
    """Return the one partner of each true map.

    Raises:
        DataError: A file has none, or could have several.
    """
    pairing = pair_up(sorted(true), sorted(others))
    doubts = "".join(f" {doubt}" for doubt in pairing.doubts[:3])
    _check_alone(pairing.labels_alone, place, truth, doubts)
    _check_alone(pairing.images_alone, truth, place, doubts)
    return dict(pairing.pairs)


def _check_alone(alone: Collection[str], here: Path, there: Path, doubts: str) -> None:
    if alone:
        raise DataError(
            f"{len(alone)} file(s) in {here} have no partner of the same name in {there}: {some(alone)}. "
            f"Add what is missing or take these away.{doubts}"
        )
