"""The built-in metrics, registered like anybody's, a file of cards per family; and what else is named."""

from __future__ import annotations

from ..contracts.cards import DecoderCard, MetricCard, PostProcessingCard, ProtocolCard
from ..contracts.hookspecs import hookimpl
from ..contracts.settings import ScoringProtocol
from . import (
    cards_boundary,
    cards_decoders,
    cards_objects,
    cards_overlap,
    cards_postprocessing,
    cards_probability,
)


@hookimpl
def emseg_metrics() -> tuple[MetricCard, ...]:
    """Return the metrics of overlap, of boundaries, of objects and of probabilities."""
    return (*cards_overlap.CARDS, *cards_boundary.CARDS, *cards_objects.CARDS, *cards_probability.CARDS)


@hookimpl
def emseg_protocols() -> tuple[ProtocolCard, ...]:
    """Return the protocol that belongs to no paper."""
    protocol = ScoringProtocol(name="emseg-v1")
    return (ProtocolCard(name=protocol.name, description="ours, the default", protocol=protocol),)


@hookimpl
def emseg_postprocessing() -> tuple[PostProcessingCard, ...]:
    """Return the steps that tidy label maps."""
    return cards_postprocessing.CARDS


@hookimpl
def emseg_decoders() -> tuple[DecoderCard, ...]:
    """Return what finds objects."""
    return cards_decoders.CARDS
