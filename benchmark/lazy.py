"""Importing what a card names, only when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import PluginError
from .registry import Offer


def resolve(reference: object, offer: Offer[Any]) -> Any:
    """Give the object behind ``"module:attribute"``, or the object itself if it is one already.

    Args:
        reference: From a card.
        offer: The card's offer, for the message.

    Raises:
        PluginError: The module cannot be imported or lacks the attribute.
    """
    if not isinstance(reference, str):
        return reference
    module, _, attribute = reference.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:
        raise PluginError(
            f"{offer.card.name} of {offer.distribution} {offer.version} cannot be used: loading {reference} "
            f"failed with {type(error).__name__}: {error}. "
            f"Reinstall, update or uninstall {offer.distribution}."
        ) from error
