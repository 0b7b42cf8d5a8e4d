"""Which known names somebody may have meant: other spellings, parts of names, slips, names of the field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

ALSO_CALLED: Final[Mapping[str, str]] = {
    "jaccard": "iou",
    "jac": "iou",
    "miou": "iou",
    "f1": "dice",
    "dsc": "dice",
    "fscore": "dice",
    "hausdorff": "hd95",
    "hausdorff95": "hd95",
    "hd": "hd95",
    "rand": "adapted-rand",
    "are": "adapted-rand",
    "vi": "voi-split",
    "variationofinformation": "voi-split",
    "ap": "object-ap",
    "panoptic": "pq",
    "panopticquality": "pq",
    "surfacedice": "nsd",
    "files": "folder",
    "images": "folder",
    "stack": "volume",
    "volumes": "volume",
}
"""Names of the field, without what separates words, and ours."""
FEWEST: Final = 3
"""Letters that a part of a name needs to tell something."""
LONGEST: Final = 100
"""What is longer is no name."""


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the names that may have been meant, the likeliest first.

    Args:
        name: What was written.
        known: What exists.
        most: So many are returned.
    """
    names = sorted(known)
    plain = _plain(name)
    if not 0 < len(plain) <= LONGEST:
        return []
    tests: tuple[Callable[[str], bool], ...] = (
        lambda other: _plain(other) == plain,
        lambda other: other == ALSO_CALLED.get(plain),
        lambda other: len(plain) >= FEWEST and _plain(other).startswith(plain),
        lambda other: len(_plain(other)) >= FEWEST and plain.startswith(_plain(other)),
        lambda other: len(plain) >= FEWEST and plain in _plain(other),
    )
    for fits in tests:
        if found := [other for other in names if fits(other)]:
            return sorted(found, key=lambda other: (abs(len(other) - len(name)), other))[:most]
    spelled = {_plain(other): other for other in reversed(names)}
    return [spelled[one] for one in get_close_matches(plain, spelled, n=1, cutoff=0.6)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'unet'? `` for a message, or nothing where no name is near."""
    near = [repr(one) for one in nearest(name, known)]
    words = " or ".join(filter(None, [", ".join(near[:-1]), *near[-1:]]))
    return f"did you mean {words}? " if words else ""


def _plain(name: str) -> str:
    """Leave out case and what separates words."""
    return re.sub(r"[\s_.-]+", "", name.casefold())
