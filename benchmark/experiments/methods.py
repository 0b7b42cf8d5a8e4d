"""What a recipe names of losses and schedules: looked up and checked while planning, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..contracts.basics import OptionValue
from ..contracts.cards import LossCard, ScheduleCard
from ..contracts.errors import UsageError
from ..contracts.records import MethodSpec
from ..contracts.settings import Recipe
from ..plugins.asked import complete_options, provider_of
from ..plugins.references import label, parse_method
from ..plugins.registry import Catalogue, Offer, Registry, foreign

C = TypeVar("C", LossCard, ScheduleCard)


@dataclass(frozen=True, slots=True)
class Method(Generic[C]):
    """A loss or a schedule with its options, complete."""

    offer: Offer[C]
    reference: str
    options: Mapping[str, OptionValue]


@dataclass(frozen=True, slots=True)
class Methods:
    """What a recipe names."""

    loss: Method[LossCard]
    schedule: Method[ScheduleCard]


def find_methods(recipe: Recipe, catalogue: Catalogue, planned: tuple[MethodSpec, ...] = ()) -> Methods:
    """Look up what a recipe names, and check that it fits the rest of the recipe.

    Args:
        recipe: Names them.
        catalogue: What the plugins offer.
        planned: What other packages provided when the trial was planned.

    Raises:
        UsageError: An option is wrong, or the recipe has what they do not take.
        UnknownNameError: There is no such loss or schedule.
    """
    providers = {method.kind: method.provider.distribution for method in planned}
    methods = Methods(
        _find(catalogue.losses, "loss", recipe.loss, catalogue, providers),
        _find(catalogue.schedules, "schedule", recipe.schedule, catalogue, providers),
    )
    _check_fit(recipe, methods)
    return methods


def method_specs(methods: Methods) -> tuple[MethodSpec, ...]:
    """Describe what other packages provide of them; our own is the engine's."""
    return tuple(
        MethodSpec(kind=kind, name=one.reference, options=one.options, provider=provider_of(one.offer))
        for kind, one in (("loss", methods.loss), ("schedule", methods.schedule))
        if foreign(one.offer.distribution)
    )


def _find(
    registry: Registry[C], kind: str, text: str, catalogue: Catalogue, providers: Mapping[str, str]
) -> Method[C]:
    reference = parse_method(text, kind)
    offer = catalogue.find(registry, reference.name, providers.get(kind, ""))
    options = complete_options(offer.card, reference.options)
    return Method(offer, label(reference.name, reference.options), options)


def _check_fit(recipe: Recipe, methods: Methods) -> None:
    loss, schedule = methods.loss.offer.card, methods.schedule.offer.card
    if recipe.class_weights and not loss.weighted:
        raise UsageError(
            f"recipe.class_weights: the loss {loss.name} takes none, got {len(recipe.class_weights)}; leave "
            "them out, or take another loss."
        )
    if recipe.warmup and not schedule.warmup:
        raise UsageError(
            f"recipe.warmup: the schedule {schedule.name} has no warm-up, got warmup={recipe.warmup:g}; "
            "set it to 0."
        )
