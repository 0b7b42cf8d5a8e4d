"""Which label maps belong together: files of equal stems, or single files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import DataError
from .label_maps import stem, suffixes_at

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
    """Pair the label maps of two folders, or take two files as a pair.

    Returns:
        The pairs by name, and the files that are no label maps (hidden ones are not mentioned).

    Raises:
        DataError: There is nothing, or something has no partner.
    """
    if prediction.is_dir() != truth.is_dir() and prediction.exists() and truth.exists():
        raise DataError(f"{prediction} and {truth}: expected two folders or two files, got one of each.")
    predicted, strange = _label_maps(prediction)
    true, strange_too = _label_maps(truth)
    if not truth.is_dir():
        (case,) = true
        return [Pair(case, prediction, truth)], []
    _check_partners(predicted.keys() - true.keys(), prediction, truth)
    _check_partners(true.keys() - predicted.keys(), truth, prediction)
    pairs = [Pair(case, predicted[case], true[case]) for case in sorted(true)]
    return pairs, [str(path) for path in (*strange, *strange_too)]


def with_objects(pairs: list[Pair], objects: Path, truth: Path) -> list[Pair]:
    """Add to each pair the map of its true objects.

    Args:
        pairs: What `find_pairs` gave.
        objects: A folder of maps of the same names; of a pair that is no folders', the map itself.
        truth: Where the true label maps are.

    Raises:
        DataError: There is nothing, or something has no partner.
    """
    if objects.exists() and objects.is_dir() != truth.is_dir():
        raise DataError(f"{objects} and {truth}: expected two folders or two files, got one of each.")
    found, _ = _label_maps(objects)
    if not truth.is_dir():
        return [replace(pair, objects=objects) for pair in pairs]
    cases = {pair.case for pair in pairs}
    _check_partners(cases - found.keys(), truth, objects)
    _check_partners(found.keys() - cases, objects, truth)
    return [replace(pair, objects=found[pair.case]) for pair in pairs]


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


def _label_maps(place: Path) -> tuple[dict[str, Path], list[Path]]:
    """Return the label maps at a place by stem, and the visible files that are none."""
    if not place.exists():
        raise DataError(f"{place} is not there; check the path.")
    files = [path for path in place.iterdir() if path.is_file()] if place.is_dir() else [place]
    visible = [path for path in files if not path.name.startswith(".")]
    suffixes = suffixes_at(place)
    readable = [path for path in visible if path.name.lower().endswith(suffixes)]
    if not readable:
        inside = f"it holds {some([path.name for path in visible])}" if visible else "it is empty"
        problem = f"no label maps in {place}: {inside}" if place.is_dir() else f"{place} is no label map"
        raise DataError(f"{problem}; expected {', '.join(suffixes)}.")
    return by_stem(readable), [path for path in visible if path not in readable]


def _check_partners(alone: Collection[str], here: Path, there: Path) -> None:
    if alone:
        raise DataError(
            f"{len(alone)} file(s) in {here} have no partner of the same name in {there}: {some(alone)}. "
            "Add what is missing or take these away."
        )
