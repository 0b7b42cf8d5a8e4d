"""What an optimiser owes: steps by the recipe's rate that a resumed training takes, too."""

from __future__ import annotations

import io
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..benchmark.contracts.pretraining import PretrainingRecipe
from ..benchmark.contracts.settings import Recipe
from ..benchmark.training.optimisation import parameter_groups
from . import card_checks
from .card_checks import CardBench
from .findings import BlockedError, Check, ContractError, demanding, relying

RATE: Final = 0.02
RECIPE: Final = Recipe(name="contract", iterations=9, batch_size=2, crop=64, learning_rate=RATE)
PRETRAINING: Final = PretrainingRecipe(name="contract", epochs=1, batch_size=2, learning_rate=RATE)

STEPS: Final = 30
FACTORY: Final = "factory(groups, recipe, **options)"

State: TypeAlias = list[Tensor]


class OptimiserBench(CardBench):
    """An optimiser under test."""

    def make(self, network: nn.Module, recipe: Recipe | PretrainingRecipe = RECIPE) -> Any:
        """Call the factory, as training does: biases are in a group without decay."""
        return self.factory()(parameter_groups(network, decay_vectors=False), recipe, **self.options)

    def begin(self) -> Training:
        """Begin a training.

        Raises:
            BlockedError: It cannot be made; `check_builds` says why.
        """
        network = make_network()
        with relying("it cannot be made"):
            optimiser = self.make(network)
        if not isinstance(optimiser, Optimizer):
            raise BlockedError("it is no optimiser")
        return Training(network, optimiser)


class Training:
    """A fit of a line to points that lie on one."""

    def __init__(self, network: nn.Linear, optimiser: Optimizer) -> None:
        self.network, self.optimiser = network, optimiser

    def loss(self) -> Tensor:
        """Give the mean of squared distances."""
        points = torch.linspace(-1, 1, 32)[:, None]
        loss: Tensor = (self.network(points) - (2 * points + 1)).square().mean()
        return loss

    def step(self, steps: int) -> None:
        """Take steps as training does."""
        for _ in range(steps):
            self.optimiser.zero_grad()
            self.loss().backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()

    def state(self) -> State:
        """Copy the parameters."""
        return [parameter.detach().clone() for parameter in self.network.parameters()]


def make_network() -> nn.Linear:
    """Make the line to begin with."""
    network = nn.Linear(1, 1)
    nn.init.constant_(network.weight, -1.0)
    nn.init.constant_(network.bias, -1.0)
    return network


def check_builds(bench: OptimiserBench) -> None:
    """The factory makes a ``torch.optim.Optimizer``, for trials and for pre-training."""
    bench.factory()
    for recipe in (RECIPE, PRETRAINING):
        with demanding(f"an optimiser from {FACTORY}", "Mend the factory", f" for a {type(recipe).__name__}"):
            made = bench.make(make_network(), recipe)
        if not isinstance(made, Optimizer):
            raise ContractError(f"a {type(made).__name__}", "a torch.optim.Optimizer", "Return the optimiser")


def check_groups(bench: OptimiserBench) -> None:
    """Every group has the recipe's rate as ``lr``, which schedules change, and keeps a decay of its own."""
    groups = bench.begin().optimiser.param_groups
    if wrong := [group.get("lr") for group in groups if group.get("lr") != RATE]:
        raise ContractError(
            f"{wrong[0]} as lr of a group", f"the recipe's learning_rate {RATE}", "Use recipe.learning_rate"
        )
    if not any(group.get("weight_decay") == 0 for group in groups):
        raise ContractError(
            "no group without decay", "the groups as they were given", "Hand the groups on to the optimiser"
        )


def check_learns(bench: OptimiserBench) -> None:
    """Its steps make a simple loss smaller."""
    training = bench.begin()
    before = training.loss().item()
    with demanding("steps", "Mend step()"):
        training.step(STEPS)
    after = training.loss().item()
    if not after < before:
        raise ContractError(
            f"a loss of {after:g} after {STEPS} steps on a line, {before:g} before",
            "a smaller one",
            "Step against the gradient, by lr",
        )


def check_resumes(bench: OptimiserBench) -> None:
    """A training that goes on from a resume point takes the same steps as one that was never stopped."""
    first, second = bench.begin(), bench.begin()
    with relying("it takes no steps"):
        first.step(STEPS)
    file = io.BytesIO()
    with demanding("a state of tensors, numbers and texts", "Keep nothing else in state_dict()"):
        torch.save(first.optimiser.state_dict(), file)
        second.network.load_state_dict(first.network.state_dict())
        second.optimiser.load_state_dict(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    for training in (first, second):
        training.step(STEPS)
    if not all(map(torch.equal, first.state(), second.state())):
        raise ContractError(
            "other weights after a resume point",
            "the same as without one",
            "Keep all that decides a step in state_dict(), as torch's optimisers do in self.state",
        )


CHECKS: tuple[Check, ...] = (
    *card_checks.CHECKS,
    check_builds,
    check_groups,
    check_learns,
    check_resumes,
)
