"""Finds images and masks that are not what they should be: empty, saturated, inverted, numbered otherwise.

Measured on VNC, CDeep3M, the examples of CEM500K, photographs of particles and neurons in a FIB-SEM: at most
8 % of an image's pixels have its highest value, and 21 % of what is labelled has its lowest; nothing is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from ...benchmark.contracts.data import SPLITS
from ...benchmark.files.wording import counted, listed
from .glances import Look

HARDLY_ANY: Final = 0.02
"""An image of so small a share of the usual contrast shows nothing."""
MUCH_WHITE: Final = 0.2
MUCH_BLACK: Final = 0.5
"""From such shares on, images are saturated."""
MOST_COVERED: Final = 0.75
"""Where no other mask covers more, one that covers everything is strange."""
CLEAR: Final = 0.5
"""By so many standard deviations objects are clearly darker or brighter than what is around them."""
ABOUT: Final = 0.15
"""So far two shares of pixels may lie apart, and be about the same."""
MANY: Final = 1.5
"""By such a factor inverted masks have more blobs of background than of objects."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """What should be looked into."""

    sentence: str
    sure: bool
    """Whether it is a fault, and no question."""


def find_oddities(looks: Sequence[Look], class_names: Sequence[str]) -> list[Oddity]:
    """Find what is strange of images and masks, one by one and against each other.

    Args:
        looks: What was seen of some of a dataset's images.
        class_names: By label.
    """
    if not looks:
        return []
    return [
        *_flat(looks),
        *_saturated(looks),
        *_covered(looks, class_names),
        *_inverted(looks, class_names),
        *_numbered_otherwise(looks, class_names),
    ]


def apart(looks: Sequence[Look]) -> tuple[list[Look], list[Look]]:
    """Tell images that show nothing, of one value or nearly, from the others."""
    least = HARDLY_ANY * median(look.std for look in looks) if looks else 0.0
    return [look for look in looks if look.std <= least], [look for look in looks if look.std > least]


def _flat(looks: Sequence[Look]) -> Iterator[Oddity]:
    flat, _ = apart(looks)
    labelled = [look for look in flat if look.foreground]
    if flat:
        though = f", though there are objects in the masks of {len(labelled)}" if labelled else ""
        yield Oddity(
            f"{_of(flat, looks)} with one grey value nearly everywhere{though}: {_listed(flat)}. Are they "
            "exported well?",
            bool(labelled),
        )


def _saturated(looks: Sequence[Look]) -> Iterator[Oddity]:
    _, shown = apart(looks)
    white = [look for look in shown if look.white >= MUCH_WHITE]
    black = [look for look in shown if look.black >= MUCH_BLACK and look.white < MUCH_WHITE]
    yield from _cut_off(white, looks, [look.white for look in white], "their pixels have their highest value")
    yield from _cut_off(
        black, looks, [look.black for look in black], "what is labelled has their lowest value"
    )


def _cut_off(
    found: Sequence[Look], looks: Sequence[Look], shares: Sequence[float], what: str
) -> Iterator[Oddity]:
    """Tell of saturated images, with the share of each that is cut off."""
    if found:
        yield Oddity(
            f"{_of(found, looks)} saturated: up to {max(shares):.0%} of {what} ({_listed(found)}). What is "
            "cut off cannot be learnt; export them with less contrast.",
            False,
        )


def _covered(looks: Sequence[Look], class_names: Sequence[str]) -> Iterator[Oddity]:
    """Find masks of one class everywhere, where no other covers nearly as much."""
    full = [look for look in looks if look.foreground == 1]
    rest = [look.foreground for look in looks if look.foreground < 1]
    if full and rest and max(rest) <= MOST_COVERED:
        names = sorted({_name(label, class_names) for look in full for label in look.labels})
        yield Oddity(
            f"{_of(full, looks, 'mask')} with {' or '.join(names)} everywhere: {_listed(full)}. No other "
            f"covers more than {max(rest):.0%}; are they empty masks whose values were stretched?",
            False,
        )


def _inverted(looks: Sequence[Look], class_names: Sequence[str]) -> Iterator[Oddity]:
    """Find masks in which background and objects have changed places, in some images or in all."""
    odd = _inverted_ones(looks)
    if odd:
        yield Oddity(
            f"{_of(odd, looks, 'mask')} seem inverted: where the others have objects they have "
            f"background, and the other way round: {_listed(odd)}.",
            True,
        )
        return
    both = [look for look in looks if look.contrast is not None]
    holes = [look for look in both if look.blobs[0] > MANY * look.blobs[1]]
    if both and len(holes) >= 0.8 * len(both) and median(look.foreground for look in both) > 0.5 + ABOUT / 2:
        share = 1 - median(look.foreground for look in both)
        yield Oddity(
            f"masks may be inverted: {class_names[0]} is {share:.0%} of the pixels, and lies in single "
            "pieces within the rest, as objects do.",
            False,
        )


def _inverted_ones(looks: Sequence[Look]) -> list[Look]:
    """Return the smaller part of masks, if there are two that contradict each other."""
    signs: dict[bool, list[Look]] = {True: [], False: []}
    for look in looks:
        if look.contrast is not None:
            if abs(look.contrast) < CLEAR:
                return []
            signs[look.contrast > 0].append(look)
    fewer, more = sorted(signs.values(), key=lambda part: (len(part), -_usual(part)))
    usual = _usual(more)
    fits = [abs(1 - look.foreground - usual) + ABOUT <= abs(look.foreground - usual) for look in fewer]
    return fewer if all(fits) else []


def _usual(looks: Sequence[Look]) -> float:
    return median(look.foreground for look in looks) if looks else 0.0


def _numbered_otherwise(looks: Sequence[Look], class_names: Sequence[str]) -> Iterator[Oddity]:
    """Find masks that call the one class that each of them has by another number than the others."""
    single: dict[int, list[Look]] = defaultdict(list)
    for look in looks:
        labels = [label for label in look.labels if label]
        if len(labels) > 1:
            return
        for label in labels:
            single[label].append(look)
    if len(single) > 1:
        words = [
            f"{counted(len(found), 'mask')} {_name(label, class_names)} ({_listed(found)})"
            for label, found in sorted(single.items())
        ]
        yield Oddity(
            f"every mask holds one class, but not the same: {'; '.join(words)}. Is it one class under "
            "several values? Then give these one name.",
            False,
        )


def _name(label: int, class_names: Sequence[str]) -> str:
    return class_names[label] if label < len(class_names) else str(label)


def _of(found: Sequence[Look], looks: Sequence[Look], what: str = "image") -> str:
    return f"{len(found)} of {counted(len(looks), what)}"


def _listed(looks: Sequence[Look]) -> str:
    names = [look.name for look in sorted(looks, key=lambda look: SPLITS.index(look.split))]
    return listed(names)
