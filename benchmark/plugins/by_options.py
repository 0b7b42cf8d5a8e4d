"""What a model's card says of it, or has a function of its options say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contracts.basics import OptionValue
from ..contracts.cards import ModelCard
from ..contracts.data import ExtraOutput
from .lazy import resolve
from .references import SHARED
from .registry import Offer
from .strangers import blaming, unusable


def size_divisor(offer: Offer[ModelCard], options: Mapping[str, OptionValue]) -> int:
    """Say what both sides of a model's input must be multiples of, px.

    Args:
        offer: Of the model.
        options: Complete.

    Raises:
        PluginError: What the card names cannot be called, or gives no such number.
    """
    divisor = _settled(offer, offer.card.size_divisor, options, "size_divisor")
    if type(divisor) is not int or divisor < 1:
        raise unusable(offer, f"its size_divisor is {divisor!r}, expected a whole number from 1 on")
    return divisor


def extra_outputs(offer: Offer[ModelCard], options: Mapping[str, OptionValue]) -> tuple[ExtraOutput, ...]:
    """Say what a model gives behind its logits; arguments and errors as of `size_divisor`."""
    outputs = _settled(offer, offer.card.extra_outputs, options, "extra_outputs")
    if not isinstance(outputs, tuple) or not all(isinstance(one, ExtraOutput) for one in outputs):
        raise unusable(offer, f"its extra_outputs are {outputs!r}, expected a tuple of ExtraOutput")
    return outputs


def decoder_of(offer: Offer[ModelCard], options: Mapping[str, OptionValue]) -> str:
    """Say what finds a model's objects unless a protocol does; arguments and errors as of `size_divisor`."""
    named = offer.card.decoder
    if not isinstance(named, str):
        with blaming(offer, "asking for its decoder"):
            named = named(**_own(options))
    if not isinstance(named, str):
        raise unusable(offer, f"its decoder is {named!r}, expected a reference such as 'components'")
    return named


def _settled(offer: Offer[ModelCard], said: object, options: Mapping[str, OptionValue], what: str) -> Any:
    if isinstance(said, str) or callable(said):
        with blaming(offer, f"asking for its {what}"):
            return resolve(said, offer)(**_own(options))
    return said


def _own(options: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """Leave out the options that every model has."""
    return {name: value for name, value in options.items() if name not in SHARED}
