"""What a schedule owes: rates for every step, begun after warm-up, that resumed training goes on with."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any, Final

import torch
from mmengine.optim import ConstantLR, OptimWrapper, _ParamScheduler
from torch import nn

from ..benchmark.contracts.settings import Recipe
from ..benchmark.training.optimisation import Fall, build_schedules
from ..benchmark.training.resume import plain_state
from . import card_checks
from .card_checks import CardBench
from .findings import BlockedError, Check, ContractError, demanding, relying

LENGTHS: Final = (1, 4, 60)
"""Trainings of so many steps are tried."""

WARMUP: Final = 0.25
"""Of the longest one, where the card takes a warm-up."""

FACTORY = "factory(optimiser, begin, iterations, **options)"


class ScheduleBench(CardBench):
    """A schedule under test."""

    def make(self, optimiser: OptimWrapper, begin: int, iterations: int) -> Any:
        """Call the factory, as training does."""
        return self.factory()(optimiser, begin, iterations, **self.options)

    def begin(self, iterations: int) -> Training:
        """Begin a training.

        Raises:
            BlockedError: The schedule cannot be made; `check_builds` says why.
        """
        with relying("it cannot be made"):
            training = Training(self.make, iterations, WARMUP if self.card.warmup else 0.0)
        if not all(isinstance(one, _ParamScheduler) for one in training.schedules):
            raise BlockedError("it is no schedule")
        return training


class Training:
    """A training of one parameter, as far as its learning rate goes; the recipe's rate is 1.

    Args:
        fall: Makes the schedule.
        iterations: Steps.
        warmup: Share of them.
    """

    def __init__(self, fall: Fall, iterations: int, warmup: float) -> None:
        recipe = Recipe(
            name="contract", iterations=iterations, batch_size=1, crop=16, learning_rate=1.0, warmup=warmup
        )
        self.optimiser = OptimWrapper(torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0))
        self.warmup = round(warmup * iterations)
        self.schedules = build_schedules(self.optimiser, recipe, fall)

    def rates(self, steps: int) -> list[float]:
        """Take steps; give the rate of each."""
        taken = []
        for _ in range(steps):
            taken.append(float(self.optimiser.param_groups[0]["lr"]))
            self.optimiser.step()
            for schedule in self.schedules:
                schedule.step()
        return taken

    def saved(self) -> Any:
        """Give what a resume point keeps of it, written and read again."""
        file = io.BytesIO()
        states = [plain_state(schedule.state_dict()) for schedule in self.schedules]
        torch.save({"optimiser": self.optimiser.state_dict(), "schedules": states}, file)
        file.seek(0)
        return torch.load(file, weights_only=True)

    def go_on(self, saved: Any) -> None:
        """Go on from there."""
        self.optimiser.load_state_dict(saved["optimiser"])
        for schedule, state in zip(self.schedules, saved["schedules"], strict=True):
            schedule.load_state_dict(state)


def check_builds(bench: ScheduleBench) -> None:
    """The factory makes one of mmengine's parameter schedulers, which is stepped per iteration."""
    bench.factory()
    for iterations in LENGTHS:
        optimiser = OptimWrapper(torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0))
        with demanding(f"a schedule from {FACTORY}", "Mend the factory", f" for {iterations} iteration(s)"):
            made = bench.make(optimiser, 0, iterations)
        if not isinstance(made, _ParamScheduler):
            raise ContractError(
                f"a {type(made).__name__}",
                "one of mmengine.optim's schedulers",
                "Return the scheduler itself",
            )
        if made.by_epoch:
            raise ContractError(
                "a scheduler that is stepped by epochs, of which there are none",
                "one that is stepped per iteration",
                "Give it by_epoch=False",
            )


def check_rates(bench: ScheduleBench) -> None:
    """Every step of a training of any length has a rate that is finite and not below 0."""
    for iterations in LENGTHS:
        with demanding("a rate for every step", "Mend the schedule", f" in {iterations} iteration(s)"):
            rates = bench.begin(iterations).rates(iterations)
        wrong = [(step, rate) for step, rate in enumerate(rates) if not (math.isfinite(rate) and rate >= 0)]
        if wrong:
            step, rate = wrong[0]
            raise ContractError(
                f"the rate {rate:g} in step {step} of {iterations}", "a number from 0 on", "Mend the schedule"
            )
        if not any(rates):
            raise ContractError(
                f"the rate 0 in all of {iterations} step(s)", "one that trains", "Mend the schedule"
            )


def check_begin(bench: ScheduleBench) -> None:
    """The steps before `begin` belong to the warm-up, which rises to the recipe's rate undisturbed."""
    if not bench.card.warmup:
        return
    training = bench.begin(LENGTHS[-1])
    with relying("it has no rate for every step"):
        rates = training.rates(training.warmup)
    expected = Training(_undisturbed, LENGTHS[-1], WARMUP).rates(training.warmup)
    if not _alike(rates, expected):
        raise ContractError(
            f"other rates in the warm-up ({_first_other(rates, expected)})",
            "the warm-up's alone",
            "Give the scheduler begin=begin, or say warmup=False on the card",
        )


def check_resumes(bench: ScheduleBench) -> None:
    """A training that goes on from a resume point has the same rates as one that was never stopped."""
    half = LENGTHS[-1] // 2
    first, second = bench.begin(LENGTHS[-1]), bench.begin(LENGTHS[-1])
    with relying("it has no rate for every step"):
        first.rates(half)
        saved, expected = first.saved(), first.rates(half)
    if not all(map(math.isfinite, expected)):
        raise BlockedError("its rates are not finite")
    with demanding("a state that loads", "Keep in state_dict() what goes on, as numbers and lists"):
        second.go_on(saved)
        rates = second.rates(half)
    if not _alike(rates, expected):
        raise ContractError(
            f"other rates after a resume point ({_first_other(rates, expected)})",
            "the same as without one",
            "Keep all that decides the rate in attributes that are numbers or lists of numbers",
        )


def _undisturbed(optimiser: OptimWrapper, begin: int, iterations: int) -> ConstantLR:
    return ConstantLR(optimiser, factor=1.0, begin=begin, end=iterations, by_epoch=False)


def _alike(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in zip(one, other, strict=True))


def _first_other(rates: Sequence[float], expected: Sequence[float]) -> str:
    pairs = zip(rates, expected, strict=True)
    return next(f"{a:g} instead of {b:g}" for a, b in pairs if not math.isclose(a, b, rel_tol=1e-9))


CHECKS: tuple[Check, ...] = (*card_checks.CHECKS, check_builds, check_rates, check_begin, check_resumes)
