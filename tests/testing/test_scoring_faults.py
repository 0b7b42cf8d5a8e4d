"""Each fault of a recipe, protocol, step or decoder is caught by the check that is meant for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pytest
from annotated_types import Ge, Le
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.settings import Recipe, ScoringProtocol, VolumeRule

SMALL = {"name": "odd", "iterations": 4, "batch_size": 2, "crop": 64}
ALLOWED = "recipe"
NAMES = "recipe names"


@pytest.mark.parametrize(
    ("changes", "check", "words"),
    [
        ({"iterations": 0}, ALLOWED, "recipe.iterations: got 0"),
        ({"crop": "large"}, ALLOWED, "recipe.crop: got 'large'"),
        ({"warmup": 2.0, "momentum": 1.0}, ALLOWED, "recipe.momentum: got 1.0"),
        ({"normalisation": "mine"}, ALLOWED, "recipe.normalisation"),
        ({"loss": "emseg-v2"}, NAMES, "did you mean 'emseg-v1'"),
        ({"loss": "emseg-v1[gamma=2]"}, NAMES, "emseg-v1 takes no options, got gamma"),
        ({"schedule": "cosin"}, NAMES, "did you mean 'cosine'"),
        ({"schedule": "poly-retina-2025"}, NAMES, "poly-retina-2025 has no warm-up, got warmup=0.1"),
    ],
)
def test_recipe(failing, changes, check, words):
    found = failing("recipe", recipe=Recipe(**SMALL | changes))
    assert found.keys() == {check}, found
    assert words in found[check]
    assert "Correct the card's Recipe" in found[check]


@pytest.mark.parametrize(
    ("changes", "check", "words"),
    [
        ({"overlap": 1.0}, "protocol", "protocol.overlap: got 1.0"),
        ({"window": "half"}, "protocol", "protocol.window"),
        ({"primary": "nsd"}, "protocol", "got 'nsd' as primary, expected one of its metrics: iou, dice"),
        (
            {"volumes": VolumeRule(metrics=("dice",), primary="iou")},
            "protocol",
            "got 'iou' as volumes.primary, expected one of its metrics: dice",
        ),
        ({"metrics": ("iou", "dize")}, "protocol names", "did you mean 'dice'"),
        (
            {"volumes": VolumeRule(metrics=("ioo",), primary="ioo")},
            "protocol names",
            "did you mean 'iou'",
        ),
        ({"postprocess": ("fill-hole",)}, "protocol names", "did you mean 'fill-holes'"),
        ({"postprocess": ("remove-small[min_px=0]",)}, "protocol names", "remove-small.min_px: got 0"),
    ],
)
def test_protocol(failing, changes, check, words):
    found = failing("protocol", protocol=ScoringProtocol(name="odd", **changes))
    assert found.keys() == {check}, found
    assert words in found[check]


def test_sound_ones(failing):
    assert failing("recipe") == failing("protocol") == failing("postprocessing", factory=sound) == {}


def sound():
    return np.copy


def no_step():
    raise RuntimeError("not today")


def floats():
    return lambda labels: labels.astype(np.float32)


def flat():
    return np.ravel


def listed():
    return np.ndarray.tolist


def divides():
    return lambda labels: labels // (labels.max() > 0)


def inverts():
    return lambda labels: (7 - labels).astype(np.uint8)


def in_place():
    def step(labels):
        labels[0] = 0
        return labels

    return step


def remembers():
    seen = []

    def step(labels):
        seen.append(labels)
        return labels * np.uint8(len(seen) % 2)

    return step


@pytest.mark.parametrize(
    ("factory", "check", "words"),
    [
        (no_step, "shape and type", "got RuntimeError: not today"),
        (
            floats,
            "shape and type",
            "got float32 (48, 48) for objects of two classes, expected uint8 (48, 48)",
        ),
        (flat, "shape and type", "got uint8 (2304,)"),
        (listed, "shape and type", "got a list for objects of two classes, expected an array"),
        (inverts, "known classes", "got label 5 for objects of two classes, which has none of it"),
        (in_place, "input untouched", "Begin with labels.copy()"),
        (remembers, "deterministic", "Keep no state, and draw no numbers"),
    ],
)
def test_postprocessing(failing, factory, check, words):
    found = failing("postprocessing", factory=factory)
    assert found.keys() == {check}, found
    assert words in found[check]


def test_step_that_fails_where_nothing_was_predicted(failing):
    def raises_when_empty():
        return lambda labels: labels if labels.max() else [][0]

    found = failing("postprocessing", factory=raises_when_empty)
    assert "for nothing but background, expected labels" in found["shape and type"]


@dataclass(frozen=True)
class Amount:
    """Options of a step."""

    amount: Annotated[int, Ge(1), Le(4)] = 1
    kind: Literal["plain", "refused"] = "plain"


def fails_for_four(amount, kind):
    if kind == "refused":
        raise UsageError("refused is for other data")
    return (lambda labels: labels[1:]) if amount == 4 else (lambda labels: labels.copy())


def test_other_options_are_tried_of_steps_too(failing):
    found = failing("postprocessing", factory=fails_for_four, options=Amount)
    assert found.keys() == {"other options"}, found
    assert "with amount=4" in found["other options"]
    sound = failing(
        "postprocessing", factory=lambda amount, kind: lambda labels: labels.copy(), options=Amount
    )
    assert sound == {}


def by_slice():
    def decode(segmented):
        labels = segmented.labels
        depth = np.arange(len(labels)).reshape(-1, *(1,) * (labels.ndim - 1))
        return np.where(labels > 0, 1000 * (depth % 4 + 1) + labels, 0)

    return decode


def counts_calls():
    seen = []

    def decode(segmented):
        seen.append(segmented)
        return np.where(segmented.labels > 0, segmented.labels, 0) * (len(seen) % 2)

    return decode


@pytest.mark.parametrize(
    ("factory", "more", "check", "words"),
    [
        (no_step, {}, "numbers", "got RuntimeError: not today"),
        (lambda: lambda given: given.labels / 2, {}, "numbers", "gave float64 values, expected numbers"),
        (lambda: lambda given: given.labels > 0, {}, "numbers", "gave bool values, expected numbers"),
        (lambda: lambda given: given.labels[1:], {}, "numbers", "gave an array (47, 48), expected one of"),
        (lambda: lambda given: given.labels > 0, {}, "numbers", "for objects of two classes"),
        (lambda: lambda given: np.ones(given.labels.shape, int), {}, "numbers", "an object with pixels of"),
        (lambda: lambda given: given.probabilities.argmax(0), {}, "numbers", "'NoneType' object has no"),
        (lambda: lambda given: given.labels * int(given.voxel_size_nm[0]), {}, "numbers", "'NoneType'"),
        (counts_calls, {}, "deterministic", "Keep no state, and draw no numbers"),
        (by_slice, {"works_on": "slabs"}, "slabs", "other objects where slabs end before slice 1"),
    ],
)
def test_decoder(failing, factory, more, check, words):
    found = failing("decoder", factory=factory, **more)
    assert found.keys() == {check}, found
    assert words in found[check]


def test_sound_decoders(failing):
    assert failing("decoder", factory=by_slice) == {}
    everything = ("probabilities", "voxel size")
    plain = failing("decoder", factory=lambda: lambda given: np.array(given.labels), needs=everything)
    assert plain == {}
