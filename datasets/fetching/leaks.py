"""Leaks between splits: images that stand in two of them, or look nearly the same, and adjacent sections.

Images look nearly the same when their looks (`looks.look`, 256 bits) differ in at most `ALIKE_BITS`.
Measured on 70 sections of VNC and CDeep3M (1024 x 1024 px, 40 to 50 nm thick), on a volume of 50 sections of
100 x 200 px, and on 111 single images, up to 20 of each kind: brightness + 25, contrast x 0.7
and 1.3, gamma 1.3, noise of 10 grey levels, JPEG at quality 40 and another bit depth changed at most 12
bits; half the size at most 16; noise of 25 grey levels at most 12 in sections, 22 in photographs and 36 in
patches of 224 px.  Where black and white were exchanged (24 images), all bits but 2 changed.  Neighbouring
sections differed in 18 bits or more, 26 to 52 in the median, and images of different places in 100 or more.
Crops are not found.

Mirrored and turned copies are looked for by what they must look like (`looks.as_turned`).  Of 826 made of 118
of these images 94 % differed from that in at most `TURNED_BITS`, images of different places in 90 or more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from operator import or_
from typing import Final, Literal

from ...benchmark.contracts.data import SPLITS, Case, Split
from .looks import NOTHING_TO_SEE, as_turned

ALIKE_BITS: Final = 14
TURNED_BITS: Final = 24
_INVERTED: Final = 2**256 - 1
_PLACES: Final = tuple(place << 16 for place in range(16))
"""Of words of 16 bits, which are searched for as one; a look has more words than `ALIKE_BITS`."""
SHOWN: Final = 3
"""So many pairs are named in a sentence; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """What is compared of an image, or of one section of a volume."""

    name: str
    """For people: the case's id, with the section of a volume."""
    split: str
    pixels: str
    """Equal for images of the same pixels, such as their hash."""
    look: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """An image of one split that stands in another, too, or looks nearly like one there."""

    first: Portrait
    second: Portrait
    how: Literal["identical", "alike", "turned"]


def find_likenesses(first: Sequence[Portrait], second: Sequence[Portrait]) -> list[Likeness]:
    """Find for each image of `second` the image of `first` that is most like it, if it is like it at all.

    Images of a single value are like nothing.
    """
    first = [portrait for portrait in first if portrait.look != NOTHING_TO_SEE]
    second = [portrait for portrait in second if portrait.look != NOTHING_TO_SEE]
    if not first or not second:
        return []
    same = {portrait.pixels: portrait for portrait in first}
    found = [Likeness(same[one.pixels], one, "identical") for one in second if one.pixels in same]
    rest = [one for one in second if one.pixels not in same]
    index = _Index(first)
    for one in rest:
        own = int(one.look, 16)
        if (place := index.nearest([own], ALIKE_BITS)) is not None:
            found.append(Likeness(first[place], one, "alike"))
        elif (place := index.nearest(as_turned(own), TURNED_BITS)) is not None:
            found.append(Likeness(first[place], one, "turned"))
    return found


def leak_notes(portraits: Iterable[Portrait]) -> Iterator[str]:
    """Say what is alike between the splits of a dataset, a sentence for each pair of splits and kind."""
    members: dict[str, list[Portrait]] = defaultdict(list)
    for portrait in portraits:
        members[portrait.split].append(portrait)
    for first, second in combinations(SPLITS, 2):
        if (first, second) == ("val", "test") and _are_the_same(members["val"], members["test"]):
            continue  # val serves as test, which is said elsewhere
        found = find_likenesses(members[first], members[second])
        yield from _sentences(found, first, second)


def likeness_notes(found: Sequence[Likeness], first: str, second: str) -> Iterator[str]:
    """Say what is alike between two sets of images, named as in ``the train split``."""
    copies, alike, turned = (
        [one for one in found if one.how == how] for how in ("identical", "alike", "turned")
    )
    if copies:
        yield (
            f"{first} holds copies of {_counted(copies)} of {second} ({_named(copies)}): scores are "
            "optimistic."
        )
    if alike:
        yield (
            f"{first} holds images nearly identical to {_counted(alike)} of {second} ({_named(alike)}): "
            "scores may be optimistic."
        )
    if turned:
        yield (
            f"{first} holds mirrored or turned copies of {_counted(turned)} of {second} ({_named(turned)}): "
            "scores are optimistic."
        )


def adjacent_notes(cases: Iterable[Case]) -> Iterator[str]:
    """Say where adjacent sections of one volume are in different splits; from the manifest alone."""
    volumes: dict[str, dict[int, Case]] = defaultdict(dict)
    for case in cases:
        if case.group is not None and case.section is not None:
            volumes[case.group][case.section] = case
    found: dict[tuple[Split, ...], list[tuple[Case, Case]]] = defaultdict(list)
    for sections in volumes.values():
        for (z, case), (next_z, next_case) in pairwise(sorted(sections.items())):
            if next_z - z == 1 and case.split != next_case.split:
                splits = tuple(split for split in SPLITS if split in (case.split, next_case.split))
                found[splits].append((case, next_case))
    for (first, second), pairs in found.items():
        places = "place" if len(pairs) == 1 else "places"
        yield (
            f"Adjacent sections of one volume are in the {first} and the {second} split at {len(pairs)} "
            f"{places} ({pairs[0][0].id} and {pairs[0][1].id}): leave a gap, or scores are optimistic."
        )


def _sentences(found: Sequence[Likeness], first: str, second: str) -> Iterator[str]:
    return likeness_notes(found, f"The {first} split", f"the {second} split")


def _are_the_same(first: Iterable[Portrait], second: Iterable[Portrait]) -> bool:
    return {portrait.pixels for portrait in first} == {portrait.pixels for portrait in second}


class _Index:
    """Looks by their words: looks that differ in fewer bits than they have words have a word in common."""

    def __init__(self, portraits: Sequence[Portrait]) -> None:
        self._looks = [int(one.look, 16) for one in portraits]
        self._places: dict[int, list[int]] = defaultdict(list)
        for place, look in enumerate(self._looks):
            for word in _words(look):
                self._places[word].append(place)

    def nearest(self, looks: Iterable[int], most: int) -> int | None:
        """Give the place of what is nearest to any of `looks`, if it differs in at most so many bits.

        An image whose black and white are exchanged has the opposite look, which counts, too.
        """
        bits, nearest, known = most + 1, None, self._places
        for own in (one for look in looks for one in (look, look ^ _INVERTED)):
            near = {place for word in _words(own) if word in known for place in known[word]}
            for place in sorted(near):
                apart = (own ^ self._looks[place]).bit_count()
                if apart < bits:
                    bits, nearest = apart, place
        return nearest


def _words(look: int) -> Iterable[int]:
    """Cut a look into 16 words of 16 bits, each with its place above it."""
    return map(or_, memoryview(look.to_bytes(32)).cast("H"), _PLACES)


def _counted(found: Sequence[Likeness]) -> str:
    return "1 image" if len(found) == 1 else f"{len(found)} images"


def _named(found: Sequence[Likeness]) -> str:
    pairs = [f"{one.first.name} and {one.second.name}" for one in found[:SHOWN]]
    return "; ".join(pairs) + (f"; {len(found) - SHOWN} more" if len(found) > SHOWN else "")
