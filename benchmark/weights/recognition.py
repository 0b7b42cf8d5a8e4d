"""Telling what a weight file is, from the names and shapes of its tensors alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..contracts.cards import FoundWeights, WeightsCard
from ..contracts.errors import PluginError, WeightsError
from ..plugins.lazy import resolve
from ..plugins.registry import Catalogue, Offer
from ..plugins.strangers import blaming
from .reading import check_finite, describe_content, read_content
from .weight_info import WeightsInfo, read_info


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a file turned out to be."""

    model: str
    """Name of the model that it is for."""
    found: FoundWeights
    own: WeightsInfo | None = None
    """What the file says about itself, if emseg-bench wrote it."""
    cards: tuple[WeightsCard, ...] = ()
    """The published files that it may be."""


def recognise(path: Path, catalogue: Catalogue) -> Recognised:
    """Tell what a weight file is, and convert it to the names and layouts of the model it is for.

    Raises:
        WeightsError: It is damaged, holds NaN, or is nothing that any plugin knows; says what was found.
    """
    if (own := read_info(path)) is not None:
        return _own(path, own)
    offers = [catalogue.weights.offers[card.name] for card in catalogue.weights]
    formats = {offer.card.format: offer for offer in offers}
    unusable: list[str] = []
    for reference, offer in formats.items():
        try:
            found = _look(path, reference, offer)
        except PluginError as error:  # another plugin's format may know the file
            unusable.append(f"\n{error}")
            continue
        if found is not None:
            return Recognised(model=offer.card.model, found=found, cards=_matching(offers, reference, found))
    raise WeightsError(
        f"{path} is no kind of weights that is known here: it holds {describe_content(read_content(path))}. "
        "Known are the kinds of 'emseg-bench weights list' and what emseg-bench itself writes"
        + "".join(unusable)
    )


def _look(path: Path, reference: object, offer: Offer[WeightsCard]) -> FoundWeights | None:
    with blaming(offer, f"looking at {path}"):
        read: Callable[[Path], FoundWeights | None] = resolve(reference, offer)
        return read(path)


def _own(path: Path, info: WeightsInfo) -> Recognised:
    """Read a file that emseg-bench wrote, all of it: it is in the model's own names already."""
    state: Any = read_content(path)
    check_finite(state, path)
    found = FoundWeights(
        kind=f"weights written by emseg-bench: {info.origin}",
        options=info.options,
        num_logits=info.num_logits,
        channels=info.channels,
        normalisation=info.normalisation,
        state=state,
    )
    return Recognised(model=info.model, found=found, own=replace(info, start=None))


def _matching(
    offers: list[Offer[WeightsCard]], reference: object, found: FoundWeights
) -> tuple[WeightsCard, ...]:
    return tuple(
        offer.card
        for offer in offers
        if offer.card.format == reference and _is_one_file(offer.card) and _fits(offer.card, found)
    )


def _is_one_file(card: WeightsCard) -> bool:
    """Tell a file from a source of many, one per choice of the model's options."""
    return card.source is None or bool(card.options)


def _fits(card: WeightsCard, found: FoundWeights) -> bool:
    same_options = all(found.options.get(key) == value for key, value in card.options.items())
    return same_options and card.channels == found.channels and logits(card) == found.num_logits


def logits(card: WeightsCard) -> int | None:
    """Say how many output channels a published model has; None for weights that only initialise one."""
    if card.init is not None:
        return None
    return 1 if len(card.class_names) == 2 else len(card.class_names)
