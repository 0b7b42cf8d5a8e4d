"""What was asked of a card: its options, complete and checked, and who provides it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from math import isfinite
from pathlib import Path
from typing import Any, Final, Protocol

from ..contracts.basics import OptionValue
from ..contracts.errors import UsageError
from ..contracts.near import did_you_mean
from ..contracts.records import Provider
from ..files.printable import brief
from ..files.validation import validate
from .lazy import source_of
from .own_code import sha256_of_card
from .provider_files import sha256_of_distribution, sha256_of_places, source_places
from .registry import OWN, Offer

_PLAIN_WORD: Final = re.compile("[a-z]+[0-9]*(-[a-z0-9]+)*")
_TRUTH_VALUES: Final = frozenset({"false", "no", "null", "off", "on", "true", "yes"})
_PLAIN_NUMBER: Final = re.compile("0|-?[1-9][0-9]{0,8}")
"""What YAML reads in no other way either; importing it takes as long as much of planning."""


def provider_of(offer: Offer[Any]) -> Provider:
    """Say which distribution offers something, with the hash of what it consists of.

    Those are all files of the distribution; of ours, those that the card needs.  Of one without a record of
    its files, it is the package (or single file) of the plugin, and that of the factory if it lies elsewhere.

    Raises:
        PluginError: There are too many files, or there is no such module.
    """
    return Provider(
        distribution=offer.distribution, version=offer.version, source_sha256=_source_sha256(offer)
    )


def _source_sha256(offer: Offer[Any]) -> str:
    if offer.distribution == OWN:
        return sha256_of_card(offer.card)
    if whole := sha256_of_distribution(offer.distribution):
        return whole
    places = {place for place in (offer.source, source_of(offer.card.factory, offer)) if place}
    return sha256_of_places(_outer({found for place in places for found in source_places(place)}))


def _outer(places: set[Path]) -> list[Path]:
    """Leave out what lies within another place."""
    return [place for place in places if not any(other in place.parents for other in places)]


class Named(Protocol):
    """A card; what it says of its options stands in ``options``, if it has any."""

    @property
    def name(self) -> str:
        """What it is called."""


def complete_options(
    card: Named, given: Mapping[str, OptionValue], where: str = "", *, also: Sequence[str] = ()
) -> dict[str, OptionValue]:
    """Check options against the card's dataclass and fill in the defaults.

    Args:
        card: Has the dataclass.
        given: By name.
        where: Stands before a name in errors: ``recipe.loss``; empty: the card's own.
        also: Options that the engine has taken out of `given`, for errors.
    """
    where = where or card.name
    type_ = getattr(card, "options", None)
    if type_ is None:
        if given:
            but = f" but {', '.join(also)}" if also else ""
            raise UsageError(f"{card.name} takes no options{but}, got {', '.join(given)}.")
        return {}
    names = [field.name for field in fields(type_)]
    known = [*names, *also]
    for key in given:
        if key not in names:  # pydantic lets it pass, unless the plugin's dataclass is strict
            hint = did_you_mean(key, known).strip()
            raise UsageError(
                f"{where}.{key}: there is no such key{f'; {hint}' if hint else '.'} "
                f"Known: {', '.join(known)}."
            )
    read = {key: _scalar(value) for key, value in given.items()}
    for key, value in read.items():
        if isinstance(value, float) and not isfinite(value):
            raise UsageError(f"{where}.{key}: got {value}, expected a number that is finite.")
    return asdict(validate(type_, read, where))


def _scalar(value: OptionValue) -> Any:
    """Read ``768`` as a number and ``true`` as a truth value, as YAML does."""
    if not isinstance(value, str):
        return value
    if _PLAIN_WORD.fullmatch(value) and value not in _TRUTH_VALUES:
        return value
    if _PLAIN_NUMBER.fullmatch(value):
        return int(value)
    from ..files.texts import parse_yaml

    return parse_yaml(value, f"the option value {brief(value)}", UsageError)
