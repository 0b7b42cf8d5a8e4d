"""Decides which classes the values in the masks stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.wording import counted, listed
from ..description import CLASS_NAMES, FILE_NAME, Description, Instances

if TYPE_CHECKING:
    import numpy as np

IGNORED: Final = 255
"""The label of ignored pixels, whatever their value in the masks."""

MOST_LOOKED_UP: Final = 65535
MAX_UNNAMED: Final = 32
"""More distinct values than this are taken for instance numbers unless they are named."""
BETWEEN: Final = 5
"""More values between 0 and 255 than this, and not all from 1 on, are no classes."""


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
        return {value for value, label in self.table if label not in (0, self.ignore_value)}

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

        values, labels = (np.array(column) for column in zip(*sorted(self.table), strict=True))
        if values[0] < 0 or values[-1] > MOST_LOOKED_UP:
            return np.asarray(labels.astype(np.uint8)[np.searchsorted(values, mask.astype(np.int64))])
        lookup = np.zeros(values[-1] + 1, np.uint8)
        lookup[values] = labels
        return np.asarray(lookup[mask])


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """From stored whole numbers to labels, and to numbers of objects where they are that."""

    map: LabelMap
    instances: Instances = "none"
    """What labels are made of numbers of objects."""
    ignored: int | None = None
    """The number of pixels that nothing is known of."""
    background: int = 0
    """The number that is no object."""

    @classmethod
    def said(cls, said: Description, map_: LabelMap) -> Labelling:
        """Return the labelling that an owner asks for."""
        instances, background = said.instances or "none", said.background or 0
        return cls(map=map_, instances=instances, ignored=said.ignore_value, background=background)

    def as_stored(self, numbers: np.ndarray[Any, Any]) -> bool:
        """Tell whether numbers are the labels already, so that nothing needs to be copied."""
        same = all(value == label for value, label in self.map.table)
        return same and self.instances == "none" and numbers.dtype.name == "uint8"

    def labels(self, numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the uint8 labels of stored numbers, of the same shape."""
        if self.instances != "none":
            from .instances import to_semantic

            return to_semantic(numbers, self.instances, self.ignored, self.background)
        return numbers if self.as_stored(numbers) else self.map.apply(numbers)

    def objects(self, numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return stored numbers of objects as numbers in which 0 is none, of the same shape."""
        from .instances import numbered_from_one

        return numbered_from_one(numbers, self.background)


@dataclass(frozen=True, slots=True)
class _Owner:
    """Where the owner of the masks says what their values mean, for messages."""

    root: Path
    by_option: bool

    @property
    def words(self) -> str:
        return "the option classes" if self.by_option else str(self.root / FILE_NAME)

    def remedy(self, found: list[int], name: str = "") -> str:
        """Return what to write to name the values found, all but the first by one `name` if there is one."""
        names = [
            (value, (name or f"class{label}") if label else "background")
            for label, value in enumerate(found[:4])
        ]
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
    names, none = description.classes, description.background
    if names is None:
        names = _unnamed(owner, found, none, values)
        order = _order(owner, names, none)
    else:
        if none is not None:
            names = {none: "background", **names}
        order = _order(owner, names, none)
        _check_named(owner, names, found, values)
    table = [(value, order.index(name)) for value, name in sorted(names.items())]
    if description.ignore_value is None:
        return LabelMap(order, tuple(table), None)
    return LabelMap(order, (*table, (description.ignore_value, IGNORED)), IGNORED)


def object_labels(description: Description, instances: Literal["binary", "boundary"]) -> LabelMap:
    """Return the map of labels that are made of numbers of objects: each to itself.

    Raises:
        DataError: Other classes are named.
    """
    names = CLASS_NAMES[instances]
    if description.classes is not None:
        names = tuple(description.classes.get(label, "") for label in range(len(names)))
        if len(description.classes) != len(names) or not all(names):
            raise DataError(
                f"classes names {sorted(description.classes)}, but of numbers of objects {len(names)} labels "
                f"are made: {', '.join(CLASS_NAMES[instances])}. Name those, or leave classes out."
            )
    table = tuple((label, label) for label in range(len(names)))
    if description.ignore_value is None:
        return LabelMap(names, table, None)
    return LabelMap(names, (*table, (IGNORED, IGNORED)), IGNORED)


def _unnamed(
    owner: _Owner, found: set[int], background: int | None, values: Mapping[str, Iterable[int]]
) -> dict[int, str]:
    """Name values that have no names."""
    if background is None:
        _check_unnamed(owner, sorted(found), values)
        return {value: f"class{value}" if value else "background" for value in sorted(found)}
    others = sorted(found - {background})
    if not 0 < len(others) <= MAX_UNNAMED:
        raise DataError(
            f"{owner.root}: beside the background {background}, masks hold {len(others)} values; expected "
            f"from 1 to {MAX_UNNAMED} classes, or more with names. {owner.remedy([background, *others])}"
        )
    return {background: "background", **{value: f"class{k}" for k, value in enumerate(others, 1)}}


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
    if found[0] < 0:
        raise DataError(
            f"the masks in {owner.root} hold the values {listed(found, 12)} (for example "
            f"{_holder(values, found[0])}). Say what {found[0]} is: ignore_value: {found[0]} for pixels that "
            f"nobody annotated, or background: {found[0]}, in {owner.words} or as an option."
        )
    if found != list(range(len(found))):
        refuse_blurred(owner.root, found)
        _refuse_mixed(owner, found, values)
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


def refuse_blurred(root: Path, found: list[int]) -> None:
    """Tell masks of two values that hold some between them, too, from masks of many classes.

    Raises:
        DataError: They look like that.
    """
    between = found[1:-1]
    if found[:1] == [0] and found[-1] == 255 and len(between) > BETWEEN and between[-1] > len(between):
        raise DataError(
            f"the masks in {root} hold 0, 255 and {len(between)} values between ({listed(between)}): they "
            "look like masks of two values that were resized, smoothed or saved as JPEG. Save them with two "
            "values, such as 255 where they are above 127; if they are classes, name all in dataset.yaml."
        )


def hold_one_each(masks: Iterable[Iterable[int]]) -> bool:
    """Tell whether no mask holds more than one value beside 0, but not all the same."""
    others = [set(mask) - {0} for mask in masks]
    return len(set().union(*others)) > 1 and all(len(one) < 2 for one in others)


def _refuse_mixed(owner: _Owner, found: list[int], values: Mapping[str, Iterable[int]]) -> None:
    """Tell masks that write one class in several ways."""
    if found[0] != 0 or not hold_one_each(values.values()):
        return
    ways = ", ".join(f"{value} (for example {_holder(values, value)})" for value in found[1:5])
    raise DataError(
        f"the masks in {owner.root} hold no more than one value each beside 0, but not all the same: {ways}. "
        f"If they are one class, give it one name: {owner.remedy(found, 'class1')}"
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


def _order(owner: _Owner, names: Mapping[int, str], none: int | None) -> tuple[str, ...]:
    """Return the distinct names by label, background first."""
    in_order = list(dict.fromkeys(name for _, name in sorted(names.items())))
    background = names[none] if none is not None else None
    if background is None:
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
