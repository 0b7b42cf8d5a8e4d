"""What usually goes wrong with images and labels, found in a survey and said in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median, pstdev
from typing import Final

import numpy as np

from ...benchmark.files.wording import listed
from ..fetching.leaks import adjacent_notes, leak_notes
from ..fetching.subjects import subject_notes
from .belonging_words import belonging_sentences
from .glances import Look
from .oddities import apart, find_oddities
from .survey import BINS, SplitSurvey, Survey

ALMOST_EMPTY: Final = 0.001
"""Share of pixels below which a class can hardly be learnt or scored."""
MUCH_IGNORED: Final = 0.5
OUTLYING: Final = 6.0
"""So many times the usual distance from the median an image must lie to be an outlier."""
LEAST_STEP: Final = 0.08
"""And at least so far, on the 0-1 scale: equally exported images differ by less."""
SPLITS_APART: Final = 2.0
"""So many times the spread within the training images another split must lie away."""
NARROW: Final = 0.25
"""Share of the range that images should use."""
TAIL: Final = 0.001
"""Share of pixels beyond at either end that do not count."""
NAMED: Final = 3


def find_faults(survey: Survey) -> list[str]:
    """List what should be looked into before training; empty if nothing is."""
    return [
        *_strange_labels(survey),
        *(oddity.sentence for oddity in find_oddities(survey.looks, survey.manifest.class_names)),
        *_empty_classes(survey),
        *shifted_masks(survey),
        *belonging_sentences(survey.belonging, shifted=survey.is_shifted),
        *leak_notes(survey.portraits),
        *adjacent_notes(survey.manifest.cases),
        *subject_notes(survey.manifest),
        *_narrow_range(survey),
        *_outliers(survey),
        *_splits_apart(survey),
    ]


def _strange_labels(survey: Survey) -> Iterator[str]:
    """Find label values that are neither a class nor ignored, 255 above all, and masks mostly ignored."""
    manifest = survey.manifest
    number = len(manifest.class_names)
    for split in survey.splits:
        strange = sorted(
            value for value in split.counts if value >= number and value != manifest.ignore_value
        )
        if strange:
            share = sum(split.counts[value] for value in strange) / split.pixels
            yield (
                f"labels of the {split.split} split hold {listed(strange)}, which is no class ({share:.1%} "
                "of pixels): name it, or let it be ignored (ignore_value)."
            )
        ignored = split.counts[manifest.ignore_value] if manifest.ignore_value is not None else 0
        if split.pixels and ignored / split.pixels > MUCH_IGNORED:
            yield f"{ignored / split.pixels:.0%} of the pixels of the {split.split} split are ignored."


def _empty_classes(survey: Survey) -> Iterator[str]:
    manifest = survey.manifest
    for label, name in enumerate(manifest.class_names):
        shares = {
            split.split: split.share(label, manifest.ignore_value) for split in survey.splits if split.looks
        }
        few = {split: share for split, share in shares.items() if share < ALMOST_EMPTY}
        if few:
            words = ", ".join(f"{share:.2%} of the {split} split" for split, share in few.items())
            yield f"the class {name} is almost empty: {words}; below 0.1 % scores say little."


def shifted_masks(survey: Survey) -> Iterator[str]:
    """Say whether masks are shifted against their images, and where they would fit."""
    shift = survey.shift
    if shift is not None and survey.is_shifted:
        down = f"{abs(shift.y)} px {'down' if shift.y > 0 else 'up'}" if shift.y else ""
        right = f"{abs(shift.x)} px {'right' if shift.x > 0 else 'left'}" if shift.x else ""
        yield (
            f"masks seem to be shifted against images: moved {' and '.join(filter(None, (down, right)))} "
            f"their edges would fit better (gradient under edges {shift.there:.2f} instead of "
            f"{shift.here:.2f} standard deviations, in {shift.images} image(s))."
        )


def _narrow_range(survey: Survey) -> Iterator[str]:
    """Find images that use a small part of the scale that they are on, as exports of a dark camera do."""
    total = np.sum([split.histogram for split in survey.splits], axis=0)
    edges = np.searchsorted(np.cumsum(total) / max(1, total.sum()), (TAIL, 1 - TAIL))
    first, last = int(edges[0]), int(min(edges[1], BINS - 1))
    grey = survey.manifest.grey_range
    if last - first + 1 >= NARROW * BINS or grey is None:
        return
    low, high = (grey.low + (grey.high - grey.low) * step / BINS for step in (first, last + 1))
    yield (
        f"images use a small part of their range: nearly all values lie between {low:.4g} and {high:.4g} of "
        f"{grey.low:.6g} to {grey.high:.6g}, so that changes of brightness and contrast in training are "
        f"large beside them. Say intensity: [{low:.4g}, {high:.4g}] in dataset.yaml to use that part alone."
    )


def _outliers(survey: Survey) -> Iterator[str]:
    """Find single images that are much darker, brighter, flatter or harsher than the others."""
    _, looks = apart(survey.looks)
    for what, more, less in (("mean", "brighter", "darker"), ("std", "of more contrast", "of less contrast")):
        values = [getattr(look, what) for look in looks]
        middle = median(values)
        usual = median(abs(value - middle) for value in values)
        limit = max(LEAST_STEP, OUTLYING * usual)
        far = {
            look.name: value for look, value in zip(looks, values, strict=True) if abs(value - middle) > limit
        }
        for word, sign in ((more, 1), (less, -1)):
            names = [name for name, value in far.items() if (value - middle) * sign > 0]
            if names and len(looks) > NAMED:
                yield (
                    f"{len(names)} image(s) much {word} than the others (median {what} {middle:.2f}): "
                    f"{listed(names)}."
                )


def _splits_apart(survey: Survey) -> Iterator[str]:
    """Find splits whose images are exported in another way than those that train."""
    train, *others = survey.splits
    for what, word in (("mean", "brightness"), ("std", "contrast")):
        spread = _spread(train, what)
        middle = _middle(train.looks, what)
        for split in others:
            if not split.looks or not train.looks:
                continue
            step = _middle(split.looks, what) - middle
            if abs(step) > max(LEAST_STEP, SPLITS_APART * spread):
                yield (
                    f"the {split.split} split differs from the train split in {word}: median {what} "
                    f"{middle + step:.2f} and {middle:.2f}. Other microscopes or exports test "
                    "generalisation; is that meant?"
                )


def _middle(looks: Sequence[Look], what: str) -> float:
    return float(median(getattr(look, what) for look in looks))


def _spread(split: SplitSurvey, what: str) -> float:
    """Return the standard deviation of images, on the 0-1 scale."""
    return pstdev(getattr(look, what) for look in split.looks) if split.looks else 0.0
