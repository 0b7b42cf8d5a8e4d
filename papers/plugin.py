"""What the papers offer, registered like anybody's."""

from __future__ import annotations

from ..benchmark.contracts.cards import (
    AugmentationCard,
    LossCard,
    MetricCard,
    ProtocolCard,
    RecipeCard,
    ScheduleCard,
)
from ..benchmark.contracts.hookspecs import hookimpl
from . import cem500k, retina, score_cards


@hookimpl
def emseg_recipes() -> tuple[RecipeCard, ...]:
    """Return RETINA's fine-tuning, in general and for each of its benchmarks."""
    return retina.RECIPES


@hookimpl
def emseg_losses() -> tuple[LossCard, ...]:
    """Return RETINA's loss."""
    return retina.LOSSES


@hookimpl
def emseg_schedules() -> tuple[ScheduleCard, ...]:
    """Return RETINA's schedule."""
    return retina.SCHEDULES


@hookimpl
def emseg_augmentations() -> tuple[AugmentationCard, ...]:
    """Return how RETINA's training crops are cut and changed."""
    return retina.AUGMENTATIONS


@hookimpl
def emseg_protocols() -> tuple[ProtocolCard, ...]:
    """Return RETINA's and CEM500K's scoring, plain and with objects matched."""
    return (*retina.PROTOCOLS, *cem500k.PROTOCOLS)


@hookimpl
def emseg_metrics() -> tuple[MetricCard, ...]:
    """Return the scores of these protocols."""
    return score_cards.CARDS
