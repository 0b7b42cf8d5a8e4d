"""Each fault of a loss or a schedule is caught by the check that is meant for it, and by no other."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

import pytest
import torch
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.searching import Choice
from mmengine.optim import ConstantLR, CosineAnnealingLR, _ParamScheduler
from torch import nn
from torch.nn import functional as F


class Sound(nn.Module):
    """Cross-entropy over the pixels that count."""

    def __init__(self, recipe, num_logits, ignore_value):
        super().__init__()
        self.weights = torch.tensor(recipe.class_weights) if recipe.class_weights else None
        self.binary, self.ignored = num_logits == 1, -100 if ignore_value is None else ignore_value

    def forward(self, logits, labels):
        return self.mean(self.entropy(self.prepared(logits), labels), labels)

    def prepared(self, logits):
        return logits.float()

    def entropy(self, logits, labels):
        if self.binary:
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        return F.cross_entropy(logits, labels, self.weights, ignore_index=self.ignored, reduction="none")

    def mean(self, entropy, labels):
        return entropy.sum() / (labels != self.ignored).sum().clamp(min=1)


class NoModule(Sound):
    def __new__(cls, recipe, num_logits, ignore_value):
        return 3


class Refuses(Sound):
    def __init__(self, recipe, num_logits, ignore_value):
        raise UsageError("I take nothing.")


class BinaryAlone(Sound):
    def __init__(self, recipe, num_logits, ignore_value):
        if num_logits != 1:
            raise UsageError("I take binary tasks alone.")
        super().__init__(recipe, num_logits, ignore_value)


class NeedsIgnored(Sound):
    def __init__(self, recipe, num_logits, ignore_value):
        super().__init__(recipe, num_logits, ignore_value)
        self.ignored = ignore_value

    def mean(self, entropy, labels):
        return entropy.mean() + 0 * self.ignored


class Map(Sound):
    def mean(self, entropy, labels):
        return entropy


class NotFinite(Sound):
    def forward(self, logits, labels):
        return super().forward(logits, labels) / 0


class HalfAlone(Sound):
    def prepared(self, logits):
        return logits.float() * (3 if logits.dtype == torch.bfloat16 else 1)


class Detached(Sound):
    def prepared(self, logits):
        return logits.float().detach()


class Rounded(Sound):
    def prepared(self, logits):
        return logits.float().round()


class Probabilities(Sound):
    """The logarithm of a probability that may be 0."""

    def entropy(self, logits, labels):
        if self.binary:
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        likelihood = logits.softmax(1).gather(1, labels.where(labels != self.ignored, 0)[:, None])[:, 0]
        return -likelihood.log() * (labels != self.ignored)


class Score(Sound):
    def mean(self, entropy, labels):
        return -super().mean(entropy, labels)


class CountsIgnored(Sound):
    def entropy(self, logits, labels):
        return super().entropy(logits, labels.where(labels != self.ignored, 0))


class Unsmoothed(Sound):
    def mean(self, entropy, labels):
        return entropy.sum() / (labels != self.ignored).sum()


class Unweighted(Sound):
    def __init__(self, recipe, num_logits, ignore_value):
        super().__init__(recipe, num_logits, ignore_value)
        self.weights = None


@pytest.mark.parametrize(
    ("factory", "expected"),
    [
        (Sound, {}),
        (BinaryAlone, {}),
        (NoModule, {"builds": "got a int, expected an nn.Module. Return the module itself."}),
        (Refuses, {"builds": "got I take nothing, expected a task that it serves"}),
        (
            NeedsIgnored,
            {"scalar": "where no label is ignored, expected a scalar. Mend it for ignore_value=None"},
        ),
        (
            Map,
            {"scalar": "got a tensor (2, 24, 24), expected a scalar tensor. Take the mean over the pixels"},
        ),
        (NotFinite, {"scalar": "got inf for ordinary logits, expected a finite number"}),
        (HalfAlone, {"half precision": "for logits in bfloat16, expected about"}),
        (Detached, {"gradient": "got a loss without a gradient, expected one that reaches the logits"}),
        (Rounded, {"gradient": "got a gradient of 0 for all logits, expected one that changes them"}),
        (Probabilities, {"gradient": "got NaN or infinity in the gradient of logits up to 80"}),
        (
            Score,
            {"right is lower": "expected less where they are right. Training makes it small: turn its sign"},
        ),
        (CountsIgnored, {"ignored pixels": "after a change of logits where the label is ignore_value"}),
        (Unsmoothed, {"ignored pixels": "got nan where all pixels are ignored, expected a finite number"}),
    ],
)
def test_loss(failing, factory, expected):
    expect(failing("loss", factory=factory), expected)


def test_class_weights_that_do_not_count(failing):
    assert failing("loss", factory=Sound, weighted=True) == {}
    found = failing("loss", factory=Unweighted, weighted=True)
    expect(
        found, {"class weights": "whatever the recipe's class_weights, expected a loss in which they count"}
    )
    assert failing("loss", factory=Unweighted) == {}


def cosine(optimiser, begin, iterations):
    return CosineAnnealingLR(
        optimiser, T_max=iterations - begin, eta_min=0.0, begin=begin, end=iterations + 1, by_epoch=False
    )


def by_epoch(optimiser, begin, iterations):
    return ConstantLR(optimiser, factor=0.5, begin=begin, end=iterations)


def dies_early(optimiser, begin, iterations):
    return CosineAnnealingLR(optimiser, T_max=10 // (iterations - 1), begin=begin, by_epoch=False)


def at_once(optimiser, begin, iterations):
    return cosine(optimiser, 0, iterations)


class Fall(_ParamScheduler):
    """A schedule of one's own: `rate` gives the share of a step."""

    def __init__(self, optimiser, begin, iterations):
        self.length = iterations - begin
        super().__init__(optimiser, "lr", begin=begin, end=iterations + 1, by_epoch=False)

    def _get_value(self):
        return [self.rate(self.last_step / self.length) for _ in self.optimizer.param_groups]

    def rate(self, share):
        return 1 - share


class BelowZero(Fall):
    def rate(self, share):
        return 1 - 2 * share


class NoRate(Fall):
    def rate(self, share):
        return float("nan")


class Nothing(Fall):
    def rate(self, share):
        return 0.0


class Forgets(Fall):
    """Keeps what decides the rate in a set, which no resume point holds."""

    def __init__(self, optimiser, begin, iterations):
        self.seen = set()
        super().__init__(optimiser, begin, iterations)

    def rate(self, share):
        self.seen = {*self.seen, share}
        return 1 / (1 + len(self.seen))


class Draws(Fall):
    def rate(self, share):
        return 0.5 + 0.5 * random.random()  # noqa: S311 - a fault to be found


@pytest.mark.parametrize(
    ("factory", "expected"),
    [
        (cosine, {}),
        (Fall, {}),
        (lambda *_: 3, {"builds": "got a int, expected one of mmengine.optim's schedulers"}),
        (by_epoch, {"builds": "expected one that is stepped per iteration. Give it by_epoch=False"}),
        (dies_early, {"builds": "got ZeroDivisionError: "}),
        (at_once, {"begin": "got other rates in the warm-up ("}),
        (BelowZero, {"rates": "of 4, expected a number from 0 on"}),
        (NoRate, {"rates": "got the rate nan in step 0 of 1"}),
        (Nothing, {"rates": "got the rate 0 in all of 1 step(s), expected one that trains"}),
        (Forgets, {"resumes": "got other rates after a resume point ("}),
        (Draws, {"resumes": "expected the same as without one"}),
    ],
)
def test_schedule(failing, factory, expected):
    warmup = factory in (cosine, at_once)
    found = failing("schedule", factory=factory, warmup=warmup)
    if factory is dies_early:
        found = {"builds": found["builds"]}
    expect(found, expected)


def expect(found: dict[str, str], expected: dict[str, str]) -> None:
    assert found.keys() == expected.keys(), found
    for check, words in expected.items():
        assert words in found[check]


@dataclass(frozen=True, kw_only=True)
class Power:
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - pydantic reads it of the class

    power: Literal[1, 2] = 1


def test_a_search_space_of_values_that_the_options_refuse(failing):
    told = failing("augmentation", options=Power, search_space={"power": Choice(choices=(1, 3))})
    assert "got 3" in told["search space"]
    assert "search space" not in failing(
        "augmentation", options=Power, search_space={"power": Choice(choices=(1, 2))}
    )
