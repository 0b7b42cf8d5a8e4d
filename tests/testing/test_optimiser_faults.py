"""Each fault of an optimiser or an augmentation is caught by the check that is meant for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from emseg_bench.plugin import TrainingCrop
from torch.optim import SGD, Optimizer


def sound(groups, recipe):
    return SGD(groups, recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay)


def for_trials_alone(groups, recipe):
    return sound(groups, recipe) if recipe.iterations else None


def none_at_all(groups, recipe):
    return None


def own_rate(groups, recipe):
    return SGD(groups, 0.01)


def own_groups(groups, recipe):
    parameters = [parameter for group in groups for parameter in group["params"]]
    return SGD(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay)


def uphill(groups, recipe):
    return SGD(groups, recipe.learning_rate, maximize=True)


class Forgetful(Optimizer):
    """Momentum that is in no state."""

    def __init__(self, groups, recipe):
        super().__init__(groups, {"lr": recipe.learning_rate})
        self.averages = {}

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"]:
                average = self.averages.get(weight, 0) * 0.9 + weight.grad
                self.averages[weight] = average
                weight.sub_(group["lr"] * average)


@pytest.mark.parametrize(
    ("factory", "check", "words"),
    [
        (sound, None, ""),
        (for_trials_alone, "builds", "has no attribute 'iterations'"),
        (none_at_all, "builds", "got a NoneType, expected a torch.optim.Optimizer"),
        (own_rate, "groups", "got 0.01 as lr of a group, expected the recipe's learning_rate 0.02"),
        (own_groups, "groups", "got no group without decay, expected the groups as they were given"),
        (uphill, "learns", "steps on a line, "),
        (Forgetful, "resumes", "got other weights after a resume point, expected the same as without one"),
    ],
)
def test_optimiser(failing, factory, check, words):
    expect(failing("optimiser", factory=factory), check, words)


class Windows:
    """Cuts windows anywhere."""

    def __init__(self, recipe, side, ignore_value):
        self.side = side

    def __call__(self, sample, foreground, rng):
        top, left = (int(rng.integers(max(1, length - self.side + 1))) for length in sample.labels.shape)
        image, labels = (
            self.filled(array[..., top : top + self.side, left : left + self.side])
            for array in (sample.image, sample.labels)
        )
        return self.crop(image, labels, rng)

    def filled(self, part):
        missing = [(0, 0)] * (part.ndim - 2) + [(0, self.side - length) for length in part.shape[-2:]]
        return np.pad(part, missing, mode="symmetric")

    def crop(self, image, labels, rng):
        return TrainingCrop(image, labels)


class Unpadded(Windows):
    def filled(self, part):
        return part.copy()


class Pair(Windows):
    def crop(self, image, labels, rng):
        return image, labels


class Doubles(Windows):
    def crop(self, image, labels, rng):
        return TrainingCrop(image.astype(np.float64), labels)


class TooBright(Windows):
    def crop(self, image, labels, rng):
        return TrainingCrop(image.astype(np.float32), labels)


class Mixed(Windows):
    def crop(self, image, labels, rng):
        return TrainingCrop(image, (labels // 2 + np.roll(labels, 1) // 2 + 3).astype(np.uint8))


class Mirrored(Windows):
    def crop(self, image, labels, rng):
        return TrainingCrop(np.ascontiguousarray(image[..., ::-1, ::-1]), labels)


class Inverted(Windows):
    def crop(self, image, labels, rng):
        return TrainingCrop(image.max() - image, labels)


class Global(Windows):
    def crop(self, image, labels, rng):
        return TrainingCrop(image // np.uint8(1 + np.random.randint(4)), labels)  # noqa: NPY002


class Counts(Windows):
    seen = 0

    def crop(self, image, labels, rng):
        self.seen += 1
        return TrainingCrop(image // np.array(1 + self.seen, image.dtype), labels)


class InPlace(Windows):
    def __call__(self, sample, foreground, rng):
        sample.image[..., 0, 0] = 0
        return super().__call__(sample, foreground, rng)


@pytest.mark.parametrize(
    ("factory", "check", "words"),
    [
        (Windows, None, ""),
        (
            Unpadded,
            "crops",
            "for an image that is smaller than the crop, expected uint8 or float32 (1, 32, 32)",
        ),
        (Pair, "crops", "got a tuple for an image, expected a TrainingCrop"),
        (Doubles, "crops", "got image float64 (1, 32, 32) for an image"),
        (TooBright, "crops", "for an image, expected 0 to 1. Clip what you change."),
        (Mixed, "labels known", "got label 3 for an image, which has none of it"),
        (Inverted, "aligned", "where labels say bright"),
        (Counts, "generator decides", "got another crop from an equal generator"),
        (InPlace, "input untouched", "got its input changed for an image, expected a crop of its own"),
    ],
)
def test_augmentation(failing, factory, check, words):
    expect(failing("augmentation", factory=factory), check, words)


def test_augmentation_that_mirrors_the_image_alone(failing):
    assert "aligned" in failing("augmentation", factory=Mirrored)


def test_augmentation_that_draws_from_a_global_generator(failing):
    assert "generator decides" in failing("augmentation", factory=Global)


def expect(found: dict[str, str], check: str | None, words: str) -> None:
    assert found.keys() == ({check} if check else set()), found
    assert words in found.get(check, "")
