"""Tells numbers of objects from classes by how they lie: each in one piece, and others in every image."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ...benchmark.contracts.errors import DataError

if TYPE_CHECKING:
    from ..description import Description

ONE_PIECE: Final = 0.9
"""So many of the values that images hold lie in one piece, where they number objects."""
MOSTLY: Final = 0.75
"""So many of the values of a volume go through its sections as objects do; some have branches."""
SAME_IN_ALL: Final = 8
"""More classes than this are hardly ever there in every image, each in one piece."""
RARE: Final = 0.5
"""In fewer images than this share an object is seen on average, unless each image counts from 1."""


def look_like_objects(
    images: Sequence[Mapping[int, int]], left_out: Collection[int], *, sections: bool
) -> bool:
    """Judge by connected pieces.

    Args:
        images: Pieces per value, of each image or section.
        left_out: Values of background and of pixels that are ignored.
        sections: Whether images are sections of a volume, so that an object goes on in the next one.
    """
    seen = [{value: pieces for value, pieces in one.items() if value not in left_out} for one in images]
    seen = [one for one in seen if one]
    values = {value for one in seen for value in one}
    if len(values) < 2:
        return False
    if len({frozenset(one) for one in seen}) == 1:  # the same in all images, as classes are
        return len(values) > SAME_IN_ALL and _single(seen) >= ONE_PIECE
    if sections:
        whole = sum(_goes_through(value, seen) for value in values)
        return whole >= (len(values) if len(values) == 2 else MOSTLY * len(values))
    if _single(seen) < ONE_PIECE:
        return False
    counted = sum(set(one) == set(range(1, len(one) + 1)) for one in seen)
    rare = len(values) > 2 and sum(map(len, seen)) < RARE * len(values) * len(seen)
    return counted >= ONE_PIECE * len(seen) or rare


def _single(seen: Sequence[Mapping[int, int]]) -> float:
    numbers = [pieces for one in seen for pieces in one.values()]
    return sum(pieces == 1 for pieces in numbers) / len(numbers)


def _goes_through(value: int, sections: Sequence[Mapping[int, int]]) -> bool:
    """Tell whether a value is there in sections one after another, and in most of them in one piece."""
    there = [value in one for one in sections]
    pieces = [one[value] for one in sections if value in one]
    return _in_a_row(there) and sum(number == 1 for number in pieces) >= len(pieces) / 2


def refuse_objects(
    said: Description,
    place: object,
    images: Sequence[Mapping[int, int]],
    values: Collection[int],
    *,
    sections: bool,
    by_option: bool,
) -> None:
    """Refuse values that look like numbers of objects, unless their owner says what they are.

    Args:
        said: What their owner says.
        place: Where they are, for people.
        images: Pieces per value, of each image or section.
        values: All of them.
        sections: As for `look_like_objects`.
        by_option: Whether an option says what they are, and not ``dataset.yaml``.

    Raises:
        DataError: They do; says what to write either way.
    """
    if said.classes is not None or said.instances is not None:
        return
    background = background_of(values) if said.background is None else said.background
    left_out = {background} if said.ignore_value is None else {background, said.ignore_value}
    if not look_like_objects(images, left_out, sections=sections):
        return
    option = f",background={background}" * (background != 0)
    key = f" and background: {background}" * (background != 0)
    how = (
        f"the option instances=boundary{option}, which makes object and boundary of them, or "
        "instances=binary; if they are classes, instances=none or their names"
        if by_option
        else f"instances: boundary{key} into dataset.yaml, which makes object and boundary of them, or "
        "instances: binary; if they are classes, instances: none or their names"
    )
    number = len({*values} - {background})
    raise DataError(
        f"{place}: {number} different values beside the background, each in one piece and others in every "
        f"image: these look like numbers of single objects, and labels must tell classes. Write {how}."
    )


def background_of(values: Collection[int]) -> int:
    """Return what is background where nobody says: 0, or a lone -1 below numbers that begin with 0."""
    return -1 if min(values, default=0) == -1 else 0


def _in_a_row(there: Sequence[bool]) -> bool:
    """Tell whether what is there at all is there without a gap."""
    first = there.index(True)
    last = len(there) - there[::-1].index(True)
    return all(there[first:last])
