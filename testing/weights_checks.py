"""What a card of published weights owes: a model that has that initialisation and those options."""

from __future__ import annotations

from typing import Any

from ..benchmark.contracts.cards import ModelCard
from ..benchmark.contracts.errors import EmsegError
from ..benchmark.plugins.asked import complete_options
from ..benchmark.plugins.registry import Catalogue, Offer
from . import card_checks
from .card_checks import CardBench
from .findings import BlockedError, Check, ContractError


class WeightsBench(CardBench):
    """A card of weights under test.

    Args:
        offer: The card and where it comes from.
        catalogue: Where its model is looked up.
    """

    def __init__(self, offer: Offer[Any], catalogue: Catalogue) -> None:
        super().__init__(offer)
        self.catalogue = catalogue

    def model(self) -> ModelCard:
        """Look its model up.

        Raises:
            EmsegError: There is none.
        """
        return self.catalogue.find(self.catalogue.models, self.card.model).card


def check_model(bench: WeightsBench) -> None:
    """Its model is registered, and has the initialisation that uses the weights."""
    try:
        model = bench.model()
    except EmsegError as error:
        raise ContractError(
            f"{error}".rstrip("."), "a registered model", "Correct WeightsCard.model"
        ) from error
    if bench.card.init is not None and model.initialisation(bench.card.init) is None:
        known = ", ".join(init.name for init in model.initialisations)
        raise ContractError(f"{bench.card.init!r} as init", f"one of {known}", "Correct WeightsCard.init")


def check_model_options(bench: WeightsBench) -> None:
    """The options that it names are options of its model."""
    try:
        model = bench.model()
    except EmsegError as error:
        raise BlockedError("there is no such model") from error
    try:
        complete_options(model, bench.card.options)
    except EmsegError as error:
        raise ContractError(
            f"{error}".rstrip("."), f"options of {model.name}", "Correct WeightsCard.options"
        ) from error


CHECKS: tuple[Check, ...] = (*card_checks.CHECKS, check_model, check_model_options)
