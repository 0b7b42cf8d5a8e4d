"""From a card to the checks that it must pass, and the bench that they are made on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Final

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.contracts.errors import UsageError
from ..benchmark.files.cache import cache_folder
from ..benchmark.plugins.asked import complete_options
from ..benchmark.plugins.kinds import BY_KEY
from ..benchmark.plugins.loading import Plugins
from ..benchmark.plugins.references import DatasetReference, label, parse_dataset, parse_method, parse_model
from ..benchmark.plugins.registry import Catalogue, Offer, Problem
from .findings import Check
from .option_values import other_values
from .other_options import with_others

_BENCHES: Final[Mapping[str, tuple[str, ...]]] = {
    "metric": (
        "metric_bench:MetricBench",
        "metric_checks:checks_for",
        "metric_checks:check_one_number_per_class",
    ),
    "loss": ("loss_bench:LossBench", "loss_checks:checks_for", "loss_checks:check_scalar"),
    "schedule": ("schedule_checks:ScheduleBench", "schedule_checks:CHECKS", "schedule_checks:check_rates"),
    "optimiser": (
        "optimiser_checks:OptimiserBench",
        "optimiser_checks:CHECKS",
        "optimiser_checks:check_groups",
    ),
    "augmentation": (
        "augmentation_checks:AugmentationBench",
        "augmentation_checks:CHECKS",
        "augmentation_checks:check_crops",
    ),
    "postprocessing": (
        "postprocessing_checks:PostProcessingBench",
        "postprocessing_checks:CHECKS",
        "postprocessing_checks:check_shape_and_type",
    ),
    "decoder": (
        "decoder_checks:DecoderBench",
        "decoder_checks:CHECKS",
        "decoder_checks:check_numbers",
    ),
    "executor": ("executor_checks:ExecutorBench", "executor_checks:CHECKS"),
    "section": ("section_checks:SectionBench", "section_checks:CHECKS"),
}
"""Bench, of an offer and its options, and checks of a kind of card, or what chooses them by the card; then
the check that must hold with other options, too.

They are imported once they are needed, for most import torch; other kinds have the checks of any card.
"""
_OF_CATALOGUES: Final[Mapping[str, tuple[str, str]]] = {
    "weights": ("weights_checks:WeightsBench", "weights_checks:CHECKS"),
    "recipe": ("settings_checks:SettingsBench", "settings_checks:RECIPE_CHECKS"),
    "protocol": ("settings_checks:SettingsBench", "settings_checks:PROTOCOL_CHECKS"),
}
"""The same of cards that name others: their benches look these up in a catalogue."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Something to check."""

    name: str
    """``model:unet``, ``plugin:my_package.plugin``"""
    checks: tuple[Check, ...]
    """In the order in which they are made."""
    open: Callable[[], Any]
    """Makes the bench that all checks are given; networks and data live as long as it does."""


def plugin_target(module: str, problems: Iterable[Problem]) -> Target:
    """Make the target for a plugin's module as a whole."""
    from .plugin_checks import CHECKS, PluginBench

    found = tuple(problems)
    return Target(f"plugin:{module}", CHECKS, lambda: PluginBench(module, found))


def events_target(distribution: str, plugins: Plugins) -> Target:
    """Make the target for a distribution's hooks that hear of trials; `plugins` holds that one alone."""
    from .event_checks import CHECKS, EventBench

    return Target(f"events:{distribution}", CHECKS, lambda: EventBench(plugins))


def card_target(kind: str, reference: str, catalogue: Catalogue) -> Target:
    """Make the target for a card.

    Args:
        kind: The key of one of `KINDS`.
        reference: As in a run: ``unet``, ``unet[encoder=resnet50]``, ``folder:/data/x``.
        catalogue: Where it is looked up.

    Raises:
        UsageError: There is no such card, or its options are wrong.
    """
    if kind == "model":
        return _model(reference, catalogue)
    if kind == "dataset":
        return _dataset(reference, catalogue)
    registry = catalogue.registry(BY_KEY[kind])
    if kind in _OF_CATALOGUES:
        bench, checks = map(_load, _OF_CATALOGUES[kind])
        offer = catalogue.find(registry, reference)
        return Target(f"{kind}:{reference}", checks, lambda: bench(offer, catalogue))
    bench, checks, *main = map(_load, _BENCHES.get(kind, ("card_checks:CardBench", "card_checks:CHECKS")))
    method = parse_method(reference, BY_KEY[kind].noun)
    offer = catalogue.find(registry, method.name)
    options = _complete(offer, method.options)
    checks = checks(offer.card) if callable(checks) else checks
    if main and not method.options and other_values(offer.card.options):
        checks = (*checks, with_others(*main))
    return Target(f"{kind}:{method}", checks, lambda: bench(offer, options))


def _load(name: str) -> Any:
    """Import what one of the tables names."""
    return resolve_name(f"{__package__}.{name}")


def _model(text: str, catalogue: Catalogue) -> Target:
    from .model_bench import ModelBench
    from .model_checks import checks_for

    reference = parse_model(text)
    offer = catalogue.find(catalogue.models, reference.name)
    options = _complete(offer, reference.options)
    checks = checks_for(offer.card, is_default=not reference.options)
    return Target(
        f"model:{label(offer.card.name, reference.options)}", checks, lambda: ModelBench(offer, options)
    )


def _dataset(text: str, catalogue: Catalogue) -> Target:
    from .dataset_bench import DatasetBench
    from .dataset_checks import checks_for

    given = parse_dataset(text)
    offer = catalogue.find(catalogue.datasets, given.name)
    reference = DatasetReference(given.name, _complete(offer, given.options), given.location)
    place = f":{given.location}" if given.location else ""
    return Target(
        f"dataset:{label(given.name, given.options)}{place}",
        checks_for(offer.card, reference),
        lambda: DatasetBench(offer, reference, cache_folder()),
    )


def _complete(offer: Offer[Any], given: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """Complete the options, unless the defaults themselves are wrong, which a check is to say."""
    try:
        return complete_options(offer.card, given)
    except UsageError:
        if given:
            raise
        return {}
