"""Decides which classes the values in the masks stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...benchmark.errors import DataError
from ..description import FILE_NAME, Description
from .wording import counted, listed

if TYPE_CHECKING:
    import numpy as np

IGNORED: Final = 255
"""The label of ignored pixels, whatever their value in the masks."""

MAX_UNNAMED: Final = 32
"""More distinct values than this are taken for instance numbers unless they are named."""


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Mask values to labels."""

    class_names: tuple[str, ...]
    """By label."""
    table: tuple[tuple[int, int], ...]
    """(value, label) pairs, `IGNORED` included."""
    ignore_value: int | None
    """`IGNORED` if the owner named a value to ignore, otherwise None."""

    @property
    def foreground(self) -> set[int]:
        """The mask values of all classes but the background."""
        return {value for value, label in self.table if label not in (0, IGNORED)}

    @property
    def values(self) -> tuple[int, ...] | None:
        """The mask value of each class, by label; None where these are the labels.

        Of several values that share a class it is the label itself, if that is one of them, or the lowest.
        """
        labels = range(len(self.class_names))
        own = [[value for value, label in self.table if label == wanted] for wanted in labels]
        values = tuple(label if label in mine else min(mine) for label, mine in zip(labels, own, strict=True))
        return None if values == tuple(labels) else values

    def present(self, counts: Iterable[Iterable[int]]) -> set[int]:
        """Return the labels that some masks, each of such values, hold."""
        label_of = dict(self.table)
        return {label_of[value] for values in counts for value in values}

    def apply(self, mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Turn (H, W) mask values, all of them in the table, into (H, W) uint8 labels."""
        import numpy as np

        lookup = np.zeros(max(value for value, _ in self.table) + 1, np.uint8)
        for value, label in self.table:
            lookup[value] = label
        return np.asarray(lookup[mask])


@dataclass(frozen=True, slots=True)
class _Owner:
    """Where the owner of the masks says what their values mean, for messages."""

    root: Path
    by_option: bool

    @property
    def words(self) -> str:
        return "the option classes" if self.by_option else str(self.root / FILE_NAME)

    def remedy(self, found: list[int]) -> str:
        """Return what to write to name the values found."""
        names = [(value, f"class{label}" if label else "background") for label, value in enumerate(found[:4])]
        more = len(found) > len(names)
        if self.by_option:
            text = "+".join(f"{value}:{name}" for value, name in names)
            return f"Write the option classes={text}{'+...' * more}, with your own names."
        text = ", ".join(f"{value}: {name}" for value, name in names)
        return f"Write into {self.words}: classes: {{{text}{', ...' * more}}}, with your own names."


def map_labels(
    root: Path, description: Description, values: Mapping[str, Iterable[int]], *, by_option: bool = False
) -> LabelMap:
    """Decide on the classes of a folder.

    Without names, values must be 0, 1, 2, ... and are called background, class1, class2, ...; with
    names, the class called ``background`` (or else the one of value 0) becomes label 0 and the others
    follow in order of their lowest value.

    Args:
        root: The dataset's folder.
        description: What its owner says.
        values: The distinct values of every mask, by its path below `root`.
        by_option: Whether names are given by an option, and not by ``dataset.yaml``.

    Raises:
        DataError: The values do not fit the rule or the names.
    """
    owner = _Owner(root, by_option)
    found = {value for mask in values.values() for value in mask} - {description.ignore_value}
    names = description.classes
    if names is None:
        _check_unnamed(owner, sorted(found), values)
        names = {value: f"class{value}" if value else "background" for value in sorted(found)}
        order = _order(owner, names)
    else:
        order = _order(owner, names)
        _check_named(owner, names, found, values)
    table = [(value, order.index(name)) for value, name in sorted(names.items())]
    if description.ignore_value is None:
        return LabelMap(order, tuple(table), None)
    return LabelMap(order, (*table, (description.ignore_value, IGNORED)), IGNORED)


def _check_unnamed(owner: _Owner, found: list[int], values: Mapping[str, Iterable[int]]) -> None:
    """Refuse values that are not 0, 1, 2, ... and say what to write into dataset.yaml."""
    if found in ([], [0]):
        raise DataError(
            f"no mask in {owner.root} holds any foreground, so there is nothing to learn: every pixel is 0 "
            "or ignored. Are these the right masks?"
        )
    if found in ([0, 255], [255]):
        raise DataError(
            f"the masks in {owner.root} hold the values 0 and 255 (for example {_holder(values, 255)}); a "
            f"label is the number of a class: 0, 1, ... {owner.remedy([0, 255])}"
        )
    if found != list(range(len(found))):
        raise DataError(
            f"the masks in {owner.root} hold the values {listed(found, 12)}; without names they must be "
            f"0, 1, 2, ... without gaps. {owner.remedy(found)}"
        )
    if len(found) > MAX_UNNAMED:
        raise DataError(
            f"the masks in {owner.root} hold {len(found)} different values: these look like numbers of "
            "single objects, and the value must tell the class. If they are classes, name them all. "
            + owner.remedy(found)
        )


def _check_named(
    owner: _Owner, names: Mapping[int, str], found: set[int], values: Mapping[str, Iterable[int]]
) -> None:
    """Refuse values without a name."""
    strange = sorted(found - set(names))
    if strange:
        holders = [path for path, mask in values.items() if set(strange) & set(mask)]
        raise DataError(
            f"masks hold values that classes in {owner.words} does not name: {listed(strange, 12)} "
            f"(in {counted(len(holders), 'file')}: {listed(holders)}); it names {listed(sorted(names), 12)}. "
            "Name them, as in classes: {0: background, 255: cell}, or set one of them as ignore_value."
        )


def _order(owner: _Owner, names: Mapping[int, str]) -> tuple[str, ...]:
    """Return the distinct names by label, background first."""
    in_order = list(dict.fromkeys(name for _, name in sorted(names.items())))
    background = "background" if "background" in in_order else names.get(0)
    if background is None:
        raise DataError(
            f"{owner.words}: no class is called 'background' and none has the value 0; "
            "name one value background."
        )
    if not 2 <= len(in_order) <= IGNORED:
        raise DataError(
            f"{owner.words}: classes has {len(in_order)} names ({listed(in_order)}), background "
            f"included; from 2 to {IGNORED} are possible."
        )
    in_order.remove(background)
    return (background, *in_order)


def _holder(values: Mapping[str, Iterable[int]], value: int) -> str:
    """Return a mask that holds `value`."""
    return next(path for path, mask in values.items() if value in mask)
