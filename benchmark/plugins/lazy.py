"""Importing what a card names, only when it is needed."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .registry import Offer
from .strangers import RAISED, describe_error, unusable


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
    except RAISED as error:
        raise unusable(offer, f"loading {reference} failed with {describe_error(error)}") from error


def source_of(reference: object, offer: Offer[Any]) -> Path | None:
    """Find the package that holds a factory, or its file if it is a single one, without importing it.

    Raises:
        PluginError: There is no such module.
    """
    module = reference.partition(":")[0] if isinstance(reference, str) else reference.__module__
    try:
        spec = find_spec(module) if module not in sys.modules else sys.modules[module].__spec__
    except RAISED as error:  # finding a module imports the packages that it is in
        raise unusable(offer, f"looking for {module} failed with {describe_error(error)}") from error
    if spec is None:
        raise unusable(offer, f"there is no module {module}")
    if spec.origin is None:
        return None
    return Path(spec.origin).parent if spec.parent else Path(spec.origin)
