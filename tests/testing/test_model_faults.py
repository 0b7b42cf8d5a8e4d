"""Each fault of a model is caught by the check that is meant for it, and by no other."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import numpy as np
import pytest
import torch
from annotated_types import Ge, Gt, Le, Lt
from emseg_bench.benchmark.contracts.cards import Initialisation
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.testing.option_values import other_values
from torch import nn
from torch.nn import functional as F


class Sound(nn.Module):
    """Keeps the contract."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, num_classes, 3, padding=1)
        self.norm = nn.BatchNorm2d(num_classes)

    def forward(self, images):
        return self.act(self.norm(self.conv(images)))

    def act(self, logits):
        return logits


class Halves(Sound):
    def act(self, logits):
        return logits[..., ::2, ::2]


class Viewing(Sound):
    """Takes for granted how its images are laid out."""

    def act(self, logits):
        return logits.view(-1).view(logits.shape)


class Bfloat(Sound):
    def act(self, logits):
        return logits.bfloat16()


class Listing(Sound):
    def act(self, logits):
        return [logits]


class Crashing(Sound):
    def act(self, logits):
        raise RuntimeError("no logits today")


class Nan(Sound):
    def act(self, logits):
        return torch.log(logits)


class Random(Sound):
    def act(self, logits):
        return F.dropout(logits, 0.5, training=True)


class Batchwise(Sound):
    def act(self, logits):
        return logits - logits.mean(0)


class Pooling(Sound):
    def act(self, logits):
        return F.interpolate(F.max_pool2d(logits, 8), scale_factor=8)


class ThreeSlices(Sound):
    """Made for a slice and its neighbours, and for nothing else."""

    def __init__(self, channels, outputs):
        if channels != 3:
            raise UsageError(f"got {channels} channels, expected a slice and its two neighbours.")
        super().__init__(channels, outputs)


class Dead(Sound):
    def __init__(self, *shape):
        super().__init__(*shape)
        self.unused = nn.Parameter(torch.zeros(3))


class NanGradient(Sound):
    def act(self, logits):
        return logits + torch.sqrt(logits * 0)


class Forgetful(Sound):
    def __init__(self, *shape):
        super().__init__(*shape)
        self.scale = torch.rand(())

    def act(self, logits):
        return logits * self.scale


class Tied(Sound):
    def __init__(self, *shape):
        super().__init__(*shape)
        self.register_buffer("copy", self.conv.weight.detach())


def prints(*shape):
    print("building")  # noqa: T201 - the fault
    return Sound(*shape)


def calls_home(*shape):
    with suppress(OSError):
        socket.create_connection(("192.0.2.1", 80), timeout=0.1)
    return Sound(*shape)


def raises(*shape):
    raise ValueError("not today")


def unseeded(*shape):
    network = Sound(*shape)
    noise = np.random.default_rng().normal(size=tuple(network.conv.bias.shape))
    network.conv.bias.data += torch.tensor(noise, dtype=torch.float32)
    return network


def always_the_same(*shape):
    torch.manual_seed(7)
    return Sound(*shape)


def one_channel(in_channels, num_classes):
    return Sound(1, num_classes)


def one_class(in_channels, num_classes):
    return Sound(in_channels, 1)


def grey_only(in_channels, num_classes):
    if in_channels != 1:
        raise UsageError("it takes grey images, got 3 channels.")
    return Sound(in_channels, num_classes)


@dataclass(frozen=True)
class NoDefault:
    width: int


@dataclass(frozen=True)
class Options:
    norm: Literal["batch", "none", "odd"] = "batch"
    width: Annotated[int, Ge(1), Le(4)] = 2
    bias: bool = True


def with_options(in_channels, num_classes, norm, width, bias, broken=()):
    if (norm, width, bias) in broken:
        return Halves(in_channels, num_classes)
    if norm == "odd":
        raise UsageError("odd ones are not taken.")
    return Sound(in_channels, num_classes)


FACTORIES = {
    Halves: "output shape",
    Bfloat: "output shape",
    Listing: "output shape",
    Crashing: "output shape",
    Nan: "finite",
    Random: "evaluation deterministic",
    Batchwise: "batch independent",
    Pooling: "odd sides",
    Dead: "gradients",
    NanGradient: "gradients",
    Forgetful: "state round trip",
    Tied: "state round trip",
    prints: "factory silent",
    calls_home: "factory offline",
    raises: "builds",
    dict: "builds",
    unseeded: "same seed",
    always_the_same: "other seed",
    one_channel: "channels and classes",
    one_class: "channels and classes",
}

CARDS = {
    "card complete": {"citation": " "},
    "options": {"options": NoDefault},
    "factory importable": {"factory": "no_such_module:create"},
    "parameters": {"parameters": 10},
    "encoder": {"encoder": "encoder"},
    "backbone": {"backbone": ("conv.", "encoder.")},
    "initialisations": {"initialisations": (Initialisation(name="a", description="a", source="json:loads"),)},
}


@pytest.mark.parametrize("factory", [Sound, grey_only])
def test_sound_models_fail_nothing(failing, factory):
    assert failing("model", factory=factory, parameters=12, encoder="conv", backbone=("conv.",)) == {}


@pytest.mark.parametrize(
    ("factory", "expected"), FACTORIES.items(), ids=lambda x: getattr(x, "__name__", None)
)
def test_networks_fault_is_caught_by_its_check(failing, factory, expected):
    assert [*failing("model", factory=factory)] == [expected]


@pytest.mark.parametrize(("expected", "changes"), CARDS.items(), ids=CARDS)
def test_cards_fault_is_caught_by_its_check(failing, expected, changes):
    assert [*failing("model", **{"factory": Sound, **changes})] == [expected]


def test_options_that_are_refused_in_words_are_no_fault(failing):
    assert failing("model", factory=with_options, options=Options) == {}


@pytest.mark.parametrize(
    ("broken", "named"),
    [(("none", 2, True), "norm=none"), (("batch", 4, True), "width=4"), (("batch", 1, True), "width=1")],
)
def test_value_that_is_not_the_default_is_tried_too(failing, broken, named):
    found = failing("model", factory=partial(with_options, broken={broken}), options=Options)
    assert [*found] == ["other options"]
    assert f"with {named}: got logits" in found["other options"]


def test_values_are_each_choice_both_truths_and_the_ends_of_ranges():
    @dataclass(frozen=True)
    class Many:
        choice: Literal["a", "b"] = "a"
        truth: bool = False
        number: Annotated[int, Gt(0), Lt(5)] = 2
        share: Annotated[float, Ge(0), Lt(1)] = 0.5
        maybe: Literal["x"] | None = None
        huge: Annotated[int, Ge(1), Le(100_000)] = 8
        free: int = 3

    assert other_values(Many) == [
        ("choice", "b"),
        ("truth", True),
        ("number", 1),
        ("number", 4),
        ("share", 0),
        ("maybe", "x"),
        ("huge", 1),
    ]
    assert other_values(None) == []


def test_network_that_takes_the_layout_for_granted_is_caught(failing):
    assert [*failing("model", factory=Viewing)] == ["channels and classes"]


def test_size_divisor_makes_a_pooling_network_sound(failing):
    assert failing("model", factory=Pooling, size_divisor=8) == {}


def test_network_for_neighbouring_slices_is_given_them(failing):
    assert [*failing("model", factory=ThreeSlices)] == ["builds"]
    assert failing("model", factory=ThreeSlices, context=1) == {}


def test_message_says_what_was_got_what_was_expected_and_what_to_do(failing):
    message = failing("model", factory=Dead)["gradients"]
    assert message == (
        "got no gradient for unused, expected one for every trainable parameter. "
        "Use the parameter, delete it, or set requires_grad to False."
    )
