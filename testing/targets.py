"""From a card to the checks that it must pass, and the bench that they are made on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.contracts.errors import UsageError
from ..benchmark.files.cache import cache_folder
from ..benchmark.plugins.asked import complete_options
from ..benchmark.plugins.kinds import BY_KEY
from ..benchmark.plugins.loading import Plugins
from ..benchmark.plugins.references import DatasetReference, label, parse_dataset, parse_method, parse_model
from ..benchmark.plugins.registry import Catalogue, Offer, Problem
from .findings import Check


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
    makers = {
        "model": _model,
        "dataset": _dataset,
        "metric": _metric,
        "weights": _weights,
        "recipe": _recipe,
        "protocol": _protocol,
        "loss": _loss,
        "schedule": _schedule,
        "optimiser": _optimiser,
        "augmentation": _augmentation,
        "postprocessing": _postprocessing,
        "executor": _executor,
        "section": _section,
    }
    return makers.get(kind, _other(kind))(reference, catalogue)


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


def _metric(text: str, catalogue: Catalogue) -> Target:
    from .metric_bench import MetricBench
    from .metric_checks import checks_for

    name, offer, options = _method("metric", text, catalogue)
    return Target(name, checks_for(offer.card), lambda: MetricBench(offer, options))


def _weights(name: str, catalogue: Catalogue) -> Target:
    from .weights_checks import CHECKS, WeightsBench

    offer = catalogue.find(catalogue.weights, name)
    return Target(f"weights:{name}", CHECKS, lambda: WeightsBench(offer, catalogue))


def _recipe(name: str, catalogue: Catalogue) -> Target:
    from .settings_checks import RECIPE_CHECKS, SettingsBench

    offer = catalogue.find(catalogue.recipes, name)
    return Target(f"recipe:{name}", RECIPE_CHECKS, lambda: SettingsBench(offer, catalogue))


def _protocol(name: str, catalogue: Catalogue) -> Target:
    from .settings_checks import PROTOCOL_CHECKS, SettingsBench

    offer = catalogue.find(catalogue.protocols, name)
    return Target(f"protocol:{name}", PROTOCOL_CHECKS, lambda: SettingsBench(offer, catalogue))


def _loss(text: str, catalogue: Catalogue) -> Target:
    from .loss_bench import LossBench
    from .loss_checks import checks_for

    name, offer, options = _method("loss", text, catalogue)
    return Target(name, checks_for(offer.card), lambda: LossBench(offer, options))


def _schedule(text: str, catalogue: Catalogue) -> Target:
    from .schedule_checks import CHECKS, ScheduleBench

    name, offer, options = _method("schedule", text, catalogue)
    return Target(name, CHECKS, lambda: ScheduleBench(offer, options))


def _optimiser(text: str, catalogue: Catalogue) -> Target:
    from .optimiser_checks import CHECKS, OptimiserBench

    name, offer, options = _method("optimiser", text, catalogue)
    return Target(name, CHECKS, lambda: OptimiserBench(offer, options))


def _augmentation(text: str, catalogue: Catalogue) -> Target:
    from .augmentation_checks import CHECKS, AugmentationBench

    name, offer, options = _method("augmentation", text, catalogue)
    return Target(name, CHECKS, lambda: AugmentationBench(offer, options))


def _postprocessing(text: str, catalogue: Catalogue) -> Target:
    from .postprocessing_checks import CHECKS, PostProcessingBench

    name, offer, options = _method("postprocessing", text, catalogue)
    return Target(name, CHECKS, lambda: PostProcessingBench(offer, options))


def _executor(name: str, catalogue: Catalogue) -> Target:
    from .executor_checks import CHECKS, ExecutorBench

    offer = catalogue.find(catalogue.executors, name)
    return Target(f"executor:{name}", CHECKS, lambda: ExecutorBench(offer))


def _section(name: str, catalogue: Catalogue) -> Target:
    from .section_checks import CHECKS, SectionBench

    offer = catalogue.find(catalogue.report_sections, name)
    return Target(f"section:{name}", CHECKS, lambda: SectionBench(offer))


def _method(kind: str, text: str, catalogue: Catalogue) -> tuple[str, Offer[Any], Mapping[str, OptionValue]]:
    """Look up what is written as ``name[option=value]``: its name as a target, the offer, its options."""
    reference = parse_method(text, BY_KEY[kind].noun)
    offer = catalogue.find(catalogue.registry(BY_KEY[kind]), reference.name)
    return f"{kind}:{reference}", offer, _complete(offer, reference.options)


def _other(kind: str) -> Callable[[str, Catalogue], Target]:
    from .card_checks import CHECKS, CardBench

    def make(name: str, catalogue: Catalogue) -> Target:
        offer = catalogue.find(catalogue.registry(BY_KEY[kind]), name)
        return Target(f"{kind}:{name}", CHECKS, lambda: CardBench(offer))

    return make


def _complete(offer: Offer[Any], given: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """Complete the options, unless the defaults themselves are wrong, which a check is to say."""
    try:
        return complete_options(offer.card, given)
    except UsageError:
        if given:
            raise
        return {}
