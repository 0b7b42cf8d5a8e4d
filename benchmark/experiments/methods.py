"""What recipes and protocols name (loss, optimiser, post-processing, ...), looked up without torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..contracts.basics import OptionValue
from ..contracts.cards import (
    AugmentationCard,
    DecoderCard,
    LossCard,
    OptimiserCard,
    PostProcessingCard,
    ScheduleCard,
)
from ..contracts.data import Decoder, PostProcessing
from ..contracts.errors import UsageError
from ..contracts.records import MethodSpec
from ..contracts.settings import Recipe, ScoringProtocol
from ..plugins.asked import complete_options, provider_of
from ..plugins.lazy import resolve
from ..plugins.own_code import of_engine
from ..plugins.references import label, parse_method
from ..plugins.registry import OWN, Catalogue, Offer, Registry
from ..plugins.strangers import blaming

C = TypeVar("C", LossCard, ScheduleCard, OptimiserCard, AugmentationCard, PostProcessingCard, DecoderCard)


@dataclass(frozen=True, slots=True)
class Method(Generic[C]):
    """A loss, optimiser or the like with its options, complete."""

    kind: str
    offer: Offer[C]
    reference: str
    options: Mapping[str, OptionValue]


@dataclass(frozen=True, slots=True)
class Methods:
    """What a recipe names."""

    loss: Method[LossCard]
    schedule: Method[ScheduleCard]
    optimiser: Method[OptimiserCard]
    augmentation: Method[AugmentationCard]

    def __iter__(self) -> Iterator[Method[Any]]:
        return iter((self.loss, self.schedule, self.optimiser, self.augmentation))


def find_methods(recipe: Recipe, catalogue: Catalogue, planned: tuple[MethodSpec, ...] = ()) -> Methods:
    """Look up what a recipe names, and check that it fits the rest of the recipe.

    Args:
        recipe: Names them.
        catalogue: What the plugins offer.
        planned: What other packages provided when the trial was planned.

    Raises:
        UsageError: An option is wrong, or the recipe has what they do not take.
        UnknownNameError: There is no such loss, schedule, optimiser or augmentation.
    """
    methods = Methods(
        find_method(catalogue.losses, recipe.loss, catalogue, planned),
        find_method(catalogue.schedules, recipe.schedule, catalogue, planned),
        find_method(catalogue.optimisers, recipe.optimiser, catalogue, planned),
        find_method(catalogue.augmentations, recipe.augmentation, catalogue, planned),
    )
    _check_fit(recipe, methods)
    return methods


def find_steps(
    protocol: ScoringProtocol, catalogue: Catalogue, planned: tuple[MethodSpec, ...] = ()
) -> tuple[Method[PostProcessingCard], ...]:
    """Look up the steps of post-processing that a protocol names; the arguments are those of `find_methods`.

    Raises:
        UsageError: An option is wrong.
        UnknownNameError: There is no such step.
    """
    registry = catalogue.postprocessing
    return tuple(find_method(registry, text, catalogue, planned) for text in protocol.postprocess)


def method_specs(methods: Iterable[Method[Any]]) -> tuple[MethodSpec, ...]:
    """Describe what stands outside the engine's rooms: other packages', and what papers published."""
    return tuple(
        MethodSpec(kind=one.kind, name=one.reference, options=one.options, provider=provider_of(one.offer))
        for one in methods
        if one.offer.distribution != OWN or not of_engine(one.offer.card.factory)
    )


def make_steps(steps: Sequence[Method[PostProcessingCard]]) -> tuple[PostProcessing, ...]:
    """Make steps of post-processing.

    Raises:
        PluginError: A factory cannot be loaded, or fails.
    """
    return tuple(map(_make_step, steps))


def _make_step(method: Method[PostProcessingCard]) -> PostProcessing:
    with blaming(method.offer, "making it"):
        step: PostProcessing = resolve(method.offer.card.factory, method.offer)(**method.options)
    return step


def make_decoder(method: Method[DecoderCard]) -> Decoder:
    """Make a decoder.

    Raises:
        PluginError: The factory cannot be loaded, or fails.
    """
    with blaming(method.offer, "making it"):
        decode: Decoder = resolve(method.offer.card.factory, method.offer)(**method.options)
    return decode


def find_method(
    registry: Registry[C], text: str, catalogue: Catalogue, planned: Sequence[MethodSpec] = ()
) -> Method[C]:
    """Look one reference up; the arguments are those of `find_methods`.

    Raises:
        UsageError: The reference or an option is wrong.
        UnknownNameError: There is nothing of that name.
    """
    kind = registry.kind
    reference = parse_method(text, kind)
    name = label(reference.name, reference.options)
    providers = [one.provider.distribution for one in planned if (one.kind, one.name) == (kind, name)]
    offer = catalogue.find(registry, reference.name, *providers[:1])
    return Method(kind, offer, name, complete_options(offer.card, reference.options))


def _check_fit(recipe: Recipe, methods: Methods) -> None:
    loss, schedule = methods.loss.offer.card, methods.schedule.offer.card
    if methods.loss.offer.distribution == OWN and not recipe.ce_weight and not recipe.dice_weight:
        raise UsageError("recipe: ce_weight and dice_weight are both 0, so there is no loss; raise one.")
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
