"""Says which masks seem to belong to other images than theirs, and by how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from ...benchmark.files.wording import listed
from .belonging import Belonging, Exchange

SHOWN: Final = 3
ONE_RULE: Final = 0.75
"""Share of the exchanged masks that a rule must explain to be told in their stead."""
FEW: Final = 5
"""Up to so many images permutations say little."""
MEASURE: Final = "standard deviations of the image's gradient and contrast under the masks' edges"


def belonging_sentences(found: Belonging, *, shifted: bool = False) -> Iterator[str]:
    """Say what was found; nothing if all masks seem to belong to their images.

    Args:
        found: What.
        shifted: Whether masks are known to be shifted against their images, which explains a poor fit.
    """
    yield from _exchanged(found)
    yield from _turned(found)
    if shifted:
        return
    if found.lost:
        yield (
            f"masks fit their images no better than when they are moved about by chance{_test(found)}: are "
            "they the masks of these images?"
        )
    elif found.strays:
        names = [found.sketches[mask].place.name for mask in found.strays]
        yield (
            f"{_of_all(len(names), found)} fit their images no better than when they are moved about by "
            f"chance, while the others fit theirs: {listed(names)}. Are they of other images?"
        )


def _exchanged(found: Belonging) -> Iterator[str]:
    lag = found.lag
    if lag is not None:
        way = "further on" if lag.sections > 0 else "further back"
        sections = "1 section" if abs(lag.sections) == 1 else f"{abs(lag.sections)} sections"
        yield (
            f"labels seem to lie on the wrong sections of their volume: those of a section fit the image "
            f"{sections} {way} better ({lag.there:.2f} instead of {lag.here:.2f} {MEASURE}, "
            f"{lag.pairs} pairs of sections)."
        )
    elif found.exchanges:
        rule = _rule(found)
        first = found.exchanges[:1] if rule else found.exchanges[:SHOWN]
        more = len(found.exchanges) - len(first)
        yield (
            f"{_of_all(len(found.exchanges), found)} {rule or 'seem to belong to other images'}: "
            f"{'; '.join(_exchange(found, one) for one in first)}{f'; and {more} more' if more else ''} "
            f"({MEASURE}{_few(found)}). Are files exchanged?"
        )


def _of_all(number: int, found: Belonging) -> str:
    return f"{number} of {found.compared} masks"


def _exchange(found: Belonging, one: Exchange) -> str:
    mask, image = (found.sketches[place].place.name for place in (one.mask, one.image))
    return f"the mask of {mask} fits {image} better, {one.there:.2f} instead of {one.here:.2f}"


def _few(found: Belonging) -> str:
    if found.compared > FEW and found.chance is not None:
        share = f"{found.chance:.0%}" if found.chance >= 0.01 else f"{found.chance:.1%}"
        return f"; of pairings at random, {share} fit as well as these files' own"
    return f"; permutations of {found.compared} images prove little"


def _test(found: Belonging) -> str:
    if found.chance is None:
        return ""
    return f" (permutation test over {found.compared} masks: p = {found.chance:.2g})"


def _rule(found: Belonging) -> str:
    """Return one rule that explains most exchanges, or nothing."""
    pairs = [(found.sketches[one.mask].place, found.sketches[one.image].place) for one in found.exchanges]
    if len(pairs) < 3:
        return ""
    series = Counter((mask.series, image.series) for mask, image in pairs)
    elsewhere = [(one, other) for one, other in series if one != other]
    if sum(series[both] for both in elsewhere) >= ONE_RULE * len(pairs):
        words = [f"labels of {_volume(one)} that of {_volume(other)}" for one, other in elsewhere]
        return f"fit the image of another volume ({listed(words)})"
    if elsewhere:
        return ""
    stacked = pairs[0][0].stacked
    moved, share = _constant([image.number - mask.number for mask, image in pairs], 1 if stacked else 0)
    if share >= ONE_RULE and moved:
        where = f"{abs(moved)} {'later' if moved > 0 else 'earlier'}"
        return f"fit the section {where}" if stacked else f"fit the image {where} in the order of names"
    _, share = _constant([image.number + mask.number for mask, image in pairs], 2 if stacked else 0)
    if share >= ONE_RULE:
        return "run the other way than the images: the first belongs to the last"
    return ""


def _volume(series: str) -> str:
    return series.rpartition("/")[0] or series


def _constant(values: Sequence[int], tolerance: int) -> tuple[int, float]:
    """Return the most frequent value, and the share of values that are about equal to it."""
    value = Counter(values).most_common(1)[0][0]
    return value, sum(abs(one - value) <= tolerance for one in values) / len(values)


def _turned(found: Belonging) -> Iterator[str]:
    for words in dict.fromkeys(turn.words for turn in found.turns):
        own = [turn for turn in found.turns if turn.words == words]
        here, there = (sum(getattr(turn, which) for turn in own) / len(own) for which in ("here", "there"))
        names = [found.sketches[turn.mask].place.name for turn in own]
        yield (
            f"{_of_all(len(own), found)} would fit their images better {words} ({there:.2f} instead of "
            f"{here:.2f} {MEASURE}): {listed(names)}."
        )
