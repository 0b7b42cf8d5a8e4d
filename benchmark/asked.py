"""What was asked of a card: its options, complete and checked, and who provides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .contracts import Card, OptionValue, Provider
from .errors import UsageError
from .files.printable import brief
from .hashing import sha256_of_source
from .lazy import source_of
from .registry import Offer
from .validation import validate


def provider_of(offer: Offer[Any]) -> Provider:
    """Say which distribution offers something, with the hash of its source.

    That is the package (or single file) of the plugin, and that of the factory if it lies elsewhere.
    """
    places = {place for place in (offer.source, source_of(offer.card.factory, offer)) if place}
    outer = [place for place in places if not any(other in place.parents for other in places)]
    source = sha256_of_source(outer)
    return Provider(distribution=offer.distribution, version=offer.version, source_sha256=source)


def complete_options(card: Card, given: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """Check options against the card's dataclass and fill in the defaults."""
    type_ = getattr(card, "options", None)
    if type_ is None:
        if given:
            raise UsageError(f"{card.name} takes no options, got {', '.join(given)}.")
        return {}
    return asdict(validate(type_, {key: _scalar(value) for key, value in given.items()}, card.name))


def _scalar(value: OptionValue) -> Any:
    """Read ``768`` as a number and ``true`` as a truth value, as YAML does."""
    if not isinstance(value, str):
        return value
    from .files.texts import parse_yaml

    return parse_yaml(value, f"the option value {brief(value)}", UsageError)
