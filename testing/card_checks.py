"""What every card owes, of whatever kind: to be complete, and to name what can be imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.contracts.cards import Card, ProtocolCard, RecipeCard, WeightsCard
from ..benchmark.contracts.errors import PluginError, UsageError
from ..benchmark.plugins.asked import complete_options
from ..benchmark.plugins.lazy import resolve
from ..benchmark.plugins.parameters import tried_values
from ..benchmark.plugins.registry import Offer
from .findings import BlockedError, Check, ContractError

WORDS = ("description", "citation", "licence", "reference", "title", "aggregation", "empty_rule", "origin")
"""Texts of cards that reports and lists show, as far as a kind of card has them."""


class CardBench:
    """A card under test.

    Args:
        offer: The card and where it comes from.
        options: Complete, for the factory.
    """

    def __init__(self, offer: Offer[Any], options: Mapping[str, OptionValue] = MappingProxyType({})) -> None:
        self.offer, self.options = offer, options
        self.card: Any = offer.card

    def factory(self) -> Any:
        """Import what the card names.

        Raises:
            BlockedError: It cannot be.
        """
        try:
            return _factory(self.offer)
        except PluginError as error:
            raise BlockedError("its factory cannot be imported") from error


def check_card_complete(bench: CardBench) -> None:
    """Description, citation, licence and whatever else people read are filled in."""
    names = [field.name for field in fields(bench.card) if field.name in WORDS]
    if empty := [name for name in names if not str(getattr(bench.card, name)).strip()]:
        raise ContractError(f"nothing as {' and '.join(empty)}", "a text", "Write what reports should say")


def check_options(bench: CardBench) -> None:
    """Every option has a default, and the defaults keep their own constraints."""
    if getattr(bench.card, "options", None) is None or isinstance(bench.card, WeightsCard):
        return
    try:
        complete_options(bench.card, {})
    except UsageError as error:
        raise ContractError(
            f"{error}".rstrip("."), "defaults that can be used", "Give sound defaults"
        ) from error


def check_search_space(bench: CardBench) -> None:
    """Of what its search space tries, the ends of ranges and all choices are values that the options take."""
    for name, parameter in getattr(bench.card, "search_space", {}).items():
        for value in tried_values(parameter):
            try:
                complete_options(bench.card, {name: value})
            except UsageError as error:
                raise ContractError(
                    f"a search space whose {error}".rstrip("."),
                    "values that the options take",
                    "Narrow the search space, or widen the option's type",
                ) from error


def check_factory_importable(bench: CardBench) -> None:
    """What the card names as its factory or format can be imported and called."""
    if isinstance(bench.card, RecipeCard | ProtocolCard):
        return  # they name no code
    found = _factory(bench.offer)
    if not callable(found):
        raise ContractError(
            f"a {type(found).__name__} as factory", "something to call", "Name a function or class"
        )


def _factory(offer: Offer[Card]) -> Any:
    card: Any = offer.card
    return resolve(card.format if isinstance(card, WeightsCard) else card.factory, offer)


CHECKS: tuple[Check, ...] = (
    check_card_complete,
    check_options,
    check_search_space,
    check_factory_importable,
)
