"""Recipes and protocols that have a name, as plugins' cards hold them."""

from __future__ import annotations

from collections.abc import Mapping

from ..contracts.settings import Recipe, ScoringProtocol
from ..plugins.loading import installed_plugins

DEFAULT_RECIPE, DEFAULT_PROTOCOL = "quick", "emseg-v1"


def recipes() -> Mapping[str, Recipe]:
    """Give every recipe by its name, our own first."""
    offers = installed_plugins().catalogue.recipes.offers
    return {name: offer.card.recipe for name, offer in offers.items()}


def protocols() -> Mapping[str, ScoringProtocol]:
    """Give every protocol by its name, our own first."""
    offers = installed_plugins().catalogue.protocols.offers
    return {name: offer.card.protocol for name, offer in offers.items()}
