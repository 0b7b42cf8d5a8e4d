"""Which labels belong to which images, by their names: one to one, and never the same labels twice.

Names are compared in several ways, the strictest first.  Two belong together if their names, so compared, are
equal and no other image's or labels' name is equal to them.  What is in doubt is paired with nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from ..files.wording import listed

Key: TypeAlias = Callable[[str], str]

_LABEL_WORDS: Final = """
label labels mask masks seg segs segmentation segmentations segmented annotation annotations annot anno
gt truth ground groundtruth instance instances object objects ids manual cp target targets
boundary boundaries membrane membranes pred preds prediction predictions
"""
_IMAGE_WORDS: Final = "image images img imgs raw em grey gray"
LABEL_TOKENS: Final = frozenset(_LABEL_WORDS.split())
IMAGE_TOKENS: Final = frozenset(_IMAGE_WORDS.split())
"""Words that tell what a file holds, and not of what."""
_TOKEN: Final = re.compile(r"[0-9]+|[A-Z]?[^\W\d_A-Z]+|[A-Z]+|[^\W\d_]+")
_CHANNEL: Final = re.compile(r"_0000$")
"""How nnU-Net names the first, or only, channel of an image."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """What belongs together."""

    pairs: tuple[tuple[str, str], ...]
    """Images and their labels, in the order of the images."""
    loosest: str
    """How names had to be compared, in words; empty: they are equal."""
    images_alone: tuple[str, ...]
    labels_alone: tuple[str, ...]
    doubts: tuple[str, ...]
    """Sentences on names that could belong to several."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way of comparing names."""

    words: str
    of_images: Key
    of_labels: Key


def pair_up(images: Sequence[str], labels: Sequence[str]) -> Pairing:
    """Pair names without suffix, folders in them divided by ``/``.

    Args:
        images: All different.
        labels: All different.
    """
    found: dict[str, str] = {}
    loosest = ""
    ways = [*_WAYS, *_by_numbers(images, labels)]
    for way in ways:
        ours, theirs = _grouped(images, way.of_images), _grouped(labels, way.of_labels)
        taken = set(found.values())
        for key, members in ours.items():
            others = theirs.get(key, [])
            if len(members) == len(others) == 1 and members[0] not in found and others[0] not in taken:
                found[members[0]] = others[0]
                loosest = way.words
        if len(found) in (len(images), len(labels)):
            break
    taken = set(found.values())
    return Pairing(
        pairs=tuple((image, found[image]) for image in images if image in found),
        loosest=loosest,
        images_alone=tuple(image for image in images if image not in found),
        labels_alone=tuple(label for label in labels if label not in taken),
        doubts=tuple(_doubts(images, labels, found)),
    )


def stripped(name: str, words: frozenset[str] = LABEL_TOKENS | IMAGE_TOKENS) -> str:
    """Return a name without words that tell a role, in small letters, its parts divided alike."""
    folders = [_TOKEN.findall(part) for part in re.sub(r"^/|/$", "", name).split("/")]
    bare = ["_".join(one.casefold() for one in part if one.casefold() not in words) for part in folders]
    return "/".join(filter(None, bare))


def nearness(image: str, labels: str) -> int:
    """Tell how strictly two names, without suffix, say that they belong together; 0: they do not."""
    for rank, way in enumerate(_WAYS):
        key = way.of_images(image)
        if key and key == way.of_labels(labels):
            return len(_WAYS) - rank
    return 0


def is_labels_name(name: str) -> bool:
    """Tell whether a file's name without suffix says that it holds labels."""
    tokens = {token.casefold() for token in _TOKEN.findall(name.rpartition("/")[2])}
    return bool(tokens & (LABEL_TOKENS - {"cp"}))


def _label_words(name: str) -> str:
    return stripped(name, LABEL_TOKENS)


def _all_words(name: str) -> str:
    return stripped(name)


def _without_channel(name: str) -> str:
    return stripped(_CHANNEL.sub("", name))


def _without_zeros(name: str) -> str:
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", _without_channel(name))


_WAYS: Final = (
    _Way("", str, str),
    _Way("names without words such as 'mask'", lambda name: stripped(name, frozenset()), _label_words),
    _Way("names without words such as 'image' and 'mask'", _all_words, _all_words),
    _Way("names without the channel _0000 of images", _without_channel, _all_words),
    _Way("names without the zeros before numbers", _without_zeros, _without_zeros),
)


def _by_numbers(images: Sequence[str], labels: Sequence[str]) -> list[_Way]:
    """Compare numbers alone, where all images are called alike but for these, and so are all labels.

    What else is in the names may stand on one side, and must not contradict: ``mouse1`` is no ``rat1``.
    """
    skeletons = [{re.sub(r"[0-9]+", "#", name) for name in names} for names in (images, labels)]
    if any(len(kinds) != 1 for kinds in skeletons):
        return []
    ours, theirs = (set(re.findall(r"[^\W\d_]+", stripped(kinds.pop()))) for kinds in skeletons)
    return (
        [_Way("the numbers in their names", _numbers, _numbers)] if ours <= theirs or theirs <= ours else []
    )


def _numbers(name: str) -> str:
    return ",".join(str(int(digits)) for digits in re.findall(r"[0-9]{1,40}", _CHANNEL.sub("", name)))


def _grouped(names: Iterable[str], key: Key) -> Mapping[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[key(name)].append(name)
    groups.pop("", None)
    return groups


def _doubts(images: Sequence[str], labels: Sequence[str], found: Mapping[str, str]) -> list[str]:
    """Say what fits several, of that which was left alone."""
    taken = set(found.values())
    ours = _grouped((name for name in images if name not in found), _without_zeros)
    theirs = _grouped((name for name in labels if name not in taken), _without_zeros)
    return [
        f"{listed(ours[key], 4)} and {listed(theirs[key], 4)} are named alike: which belong together?"
        for key in ours
        if key in theirs
    ]
