"""Importing what a card names, only when it is needed."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
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


def source_of(reference: object, offer: Offer[Any]) -> Path | None:
    """Find the package that holds a factory, or its file if it is a single one, without importing it.

    Raises:
        PluginError: There is no such module.
    """
    module = reference.partition(":")[0] if isinstance(reference, str) else reference.__module__
    try:
        spec = find_spec(module) if module not in sys.modules else sys.modules[module].__spec__
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise PluginError(
            f"{offer.card.name} of {offer.distribution} {offer.version} cannot be used: there is no module "
            f"{module}. Reinstall, update or uninstall {offer.distribution}."
        )
    if spec.origin is None:
        return None
    return Path(spec.origin).parent if spec.parent else Path(spec.origin)
