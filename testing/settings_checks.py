"""What recipes and protocols owe: values that are allowed, and names of what there is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..benchmark.contracts.errors import EmsegError
from ..benchmark.contracts.settings import Recipe, ScoringProtocol, VolumeRule
from ..benchmark.experiments.methods import find_methods, find_steps
from ..benchmark.experiments.metric_planning import plan_metric
from ..benchmark.files.validation import validate
from ..benchmark.plugins.registry import Catalogue, Offer
from . import card_checks
from .card_checks import CardBench
from .findings import BlockedError, Check, ContractError


class SettingsBench(CardBench):
    """A recipe or protocol under test.

    Args:
        offer: The card and where it comes from.
        catalogue: Where the names in it are looked up.
    """

    def __init__(self, offer: Offer[Any], catalogue: Catalogue) -> None:
        super().__init__(offer)
        self.catalogue = catalogue

    def recipe(self) -> Recipe:
        """Give the recipe as a run reads it; raises `UsageError`."""
        return validate(Recipe, asdict(self.card.recipe), "recipe")

    def protocol(self) -> ScoringProtocol:
        """Give the protocol as a run reads it; raises `UsageError`."""
        return validate(ScoringProtocol, asdict(self.card.protocol), "protocol")


def check_recipe(bench: SettingsBench) -> None:
    """Every value of the recipe is one that ``--set`` would take."""
    try:
        bench.recipe()
    except EmsegError as error:
        raise _wrong(error, "a recipe whose values are allowed", "Correct the card's Recipe") from error


def check_recipe_names(bench: SettingsBench) -> None:
    """What the recipe names is there, takes the options that it gives, and fits the rest of it."""
    try:
        recipe = bench.recipe()
    except EmsegError as error:
        raise BlockedError("a value is not allowed") from error
    try:
        find_methods(recipe, bench.catalogue)
    except EmsegError as error:
        raise _wrong(error, "names and options that there are", "Correct the card's Recipe") from error


def check_protocol(bench: SettingsBench) -> None:
    """Every value of the protocol is one that ``--set`` would take, and a metric of its own ranks."""
    try:
        protocol = bench.protocol()
    except EmsegError as error:
        raise _wrong(
            error, "a protocol whose values are allowed", "Correct the card's ScoringProtocol"
        ) from error
    for where, rule in _rules(protocol):
        if rule.metrics and rule.primary not in rule.metrics:
            raise ContractError(
                f"{rule.primary!r} as {where}primary",
                f"one of its metrics: {', '.join(rule.metrics)}",
                "Correct the card's ScoringProtocol",
            )


def check_protocol_names(bench: SettingsBench) -> None:
    """The metrics and steps of post-processing that the protocol names are there, with these options."""
    try:
        protocol = bench.protocol()
    except EmsegError as error:
        raise BlockedError("a value is not allowed") from error
    try:
        for _, rule in _rules(protocol):
            for metric in rule.metrics:
                plan_metric(metric, bench.catalogue)
        find_steps(protocol, bench.catalogue)
    except EmsegError as error:
        raise _wrong(
            error, "names and options that there are", "Correct the card's ScoringProtocol"
        ) from error


def _rules(protocol: ScoringProtocol) -> list[tuple[str, ScoringProtocol | VolumeRule]]:
    """Give what says which metrics count: of images, and of volumes where that differs."""
    volumes = protocol.volumes
    return [("", protocol), *([("volumes.", volumes)] if isinstance(volumes, VolumeRule) else [])]


def _wrong(error: EmsegError, expected: str, remedy: str) -> ContractError:
    return ContractError(f"{error}".rstrip("."), expected, remedy)


RECIPE_CHECKS: tuple[Check, ...] = (*card_checks.CHECKS, check_recipe, check_recipe_names)
PROTOCOL_CHECKS: tuple[Check, ...] = (*card_checks.CHECKS, check_protocol, check_protocol_names)
