"""What an augmentation owes: crops of the right form, image and labels alike, by its generator alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, TypeAlias

import numpy as np
import torch

from ..benchmark.contracts.data import Sample, TrainingCrop
from ..benchmark.contracts.settings import Recipe
from . import card_checks
from .card_checks import CardBench
from .findings import Check, ContractError, demanding, relying

Pixels: TypeAlias = np.ndarray[Any, Any]

RECIPE: Final = Recipe(name="contract", iterations=4, batch_size=2, crop=32)
SIDE: Final = 32
IGNORED: Final = 255
DRAWS: Final = 12
"""Crops of each image."""
DARK, BRIGHT = 50, 200
FACTORY: Final = "factory(recipe, side, ignore_value, **options)"


class AugmentationBench(CardBench):
    """An augmentation under test."""

    def make(self) -> Any:
        """Call the factory, as training does."""
        return self.factory()(RECIPE, SIDE, IGNORED, **self.options)

    def cut(self, sample: Sample, seed: int, augmentation: Any = None) -> Any:
        """Cut a crop, by an augmentation or by a new one."""
        rng = np.random.default_rng(seed)
        return (augmentation or self.make())(sample, lambda chosen: _foreground(sample, chosen), rng)

    def crops(self, sample: Sample) -> Iterator[TrainingCrop]:
        """Cut some crops.

        Raises:
            BlockedError: They are none; `check_crops` says what is wrong.
        """
        with relying("it gives no crops"):
            augmentation = self.make()
            for seed in range(DRAWS):
                crop = self.cut(sample, seed, augmentation)
                _expect_form(crop, sample)
                yield crop


def check_crops(bench: AugmentationBench) -> None:
    """Images of any size and of any number of channels give crops (C, S, S) with labels (S, S)."""
    bench.factory()
    with demanding(f"an augmentation from {FACTORY}", "Mend the factory"):
        augmentation = bench.make()
    for what, sample in _samples():
        for seed in range(DRAWS):
            with demanding("a TrainingCrop", "Mend the augmentation", f" for {what}"):
                crop = bench.cut(sample, seed, augmentation)
            _expect_form(crop, sample, f" for {what}")


def check_labels_known(bench: AugmentationBench) -> None:
    """Labels are those of the image, or the value to ignore: they are never mixed."""
    for what, sample in _samples():
        for crop in bench.crops(sample):
            if new := {*np.unique(crop.labels).tolist()} - {*np.unique(sample.labels).tolist(), 0, IGNORED}:
                raise ContractError(
                    f"label {min(new)} for {what}, which has none of it",
                    "labels of the image, or the ignore_value",
                    "Interpolate labels by the nearest neighbour",
                )


def check_aligned(bench: AugmentationBench) -> None:
    """Image and labels are cut and turned alike: what is bright and labelled stays so."""
    sample = _sample(1, 90, 120)
    for crop in bench.crops(sample):
        inside, outside = crop.image[0][crop.labels == 1], crop.image[0][crop.labels == 0]
        if inside.size > SIDE and outside.size > SIDE and not inside.mean() > outside.mean():
            raise ContractError(
                f"greys of {inside.mean():.3g} where labels say bright, and {outside.mean():.3g} elsewhere",
                "labels that lie where the structure does",
                "Cut, turn and mirror image and labels by the same numbers",
            )


def check_generator_decides(bench: AugmentationBench) -> None:
    """Equal generators give equal crops, whatever was cut before and whatever other generators say."""
    sample = _sample(1, 90, 120)
    first = [*bench.crops(sample)]
    with relying("it gives no crops"):
        augmentation = bench.make()
    for seed in reversed(range(DRAWS)):
        _disturb(seed)
        with relying("it gives no crops"):
            again = bench.cut(sample, seed, augmentation)
        if not _equal(first[seed], again):
            raise ContractError(
                "another crop from an equal generator",
                "the same, for a resumed training has to see the same crops",
                "Draw from the generator that it is called with, and keep no state",
            )


def check_input_untouched(bench: AugmentationBench) -> None:
    """The image and labels that it is given stay as they are."""
    for what, sample in _samples():
        image, labels = sample.image.copy(), sample.labels.copy()
        for _ in bench.crops(sample):
            if not (np.array_equal(image, sample.image) and np.array_equal(labels, sample.labels)):
                raise ContractError(
                    f"its input changed for {what}", "a crop of its own", "Copy before you change"
                )


def _samples() -> Iterator[tuple[str, Sample]]:
    grey = _sample(1, 90, 120)
    yield "an image", grey
    yield "an image of three channels", _sample(3, 70, 50)
    yield "an image in float32", Sample((grey.image / 255).astype(np.float32), grey.labels)
    yield "an image that is smaller than the crop", _sample(1, 20, 25)
    yield "an image without foreground", replace(grey, labels=np.zeros_like(grey.labels))
    ignored = grey.labels.copy()
    ignored[:40] = IGNORED
    yield "an image that is ignored in part", replace(grey, labels=ignored)


def _sample(channels: int, height: int, width: int) -> Sample:
    """Draw bright rectangles of class 1 on a dark ground with some noise."""
    labels = np.zeros((height, width), np.uint8)
    labels[height // 4 : height // 2, width // 5 : width // 2] = 1
    labels[2 * height // 3 :, 2 * width // 3 :] = 1
    noise = np.random.default_rng(0).integers(0, 20, (channels, height, width))
    return Sample((np.where(labels, BRIGHT, DARK)[None] + noise).astype(np.uint8), labels)


def _foreground(sample: Sample, rng: np.random.Generator) -> tuple[int, int] | None:
    pixels = np.flatnonzero((sample.labels != 0) & (sample.labels != IGNORED))
    if not pixels.size:
        return None
    row, column = divmod(int(rng.choice(pixels)), sample.labels.shape[1])
    return row, column


def _expect_form(crop: object, sample: Sample, when: str = "") -> None:
    if not isinstance(crop, TrainingCrop):
        raise ContractError(
            f"a {type(crop).__name__}{when}", "a TrainingCrop", "Return TrainingCrop(image, labels)"
        )
    shape = (len(sample.image), SIDE, SIDE)
    for name, array, expected, types in (
        ("image", crop.image, shape, (np.uint8, np.float32)),
        ("labels", crop.labels, shape[1:], (np.uint8,)),
    ):
        if not isinstance(array, np.ndarray) or array.shape != expected or array.dtype not in types:
            got = (
                f"{array.dtype} {array.shape}"
                if isinstance(array, np.ndarray)
                else f"a {type(array).__name__}"
            )
            named = " or ".join(np.dtype(one).name for one in types)
            raise ContractError(
                f"{name} {got}{when}", f"{named} {expected}", "Cut to the side, pad what is smaller"
            )
    if crop.image.dtype == np.float32 and not (crop.image.min() >= 0 and crop.image.max() <= 1):
        raise ContractError(
            f"values from {crop.image.min():g} to {crop.image.max():g}{when}",
            "0 to 1",
            "Clip what you change",
        )


def _disturb(seed: int) -> None:
    """Leave the global generators in another state."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - augmentations may draw from it, by mistake
    torch.manual_seed(seed)


def _equal(one: TrainingCrop, other: TrainingCrop) -> bool:
    same = np.array_equal(one.image, other.image) and np.array_equal(one.labels, other.labels)
    return same and one.grey == other.grey


CHECKS: tuple[Check, ...] = (
    *card_checks.CHECKS,
    check_crops,
    check_labels_known,
    check_aligned,
    check_generator_decides,
    check_input_untouched,
)
