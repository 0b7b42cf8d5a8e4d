"""The recipes of emseg-bench's own and what they name, registered like anybody's."""

from __future__ import annotations

from ..contracts.cards import AugmentationCard, LossCard, OptimiserCard, RecipeCard, ScheduleCard
from ..contracts.hookspecs import hookimpl
from . import cards


@hookimpl
def emseg_recipes() -> tuple[RecipeCard, ...]:
    """Return the recipes that belong to no paper."""
    return cards.RECIPES


@hookimpl
def emseg_losses() -> tuple[LossCard, ...]:
    """Return the loss of these recipes."""
    return cards.LOSSES


@hookimpl
def emseg_schedules() -> tuple[ScheduleCard, ...]:
    """Return their schedules."""
    return cards.SCHEDULES


@hookimpl
def emseg_optimisers() -> tuple[OptimiserCard, ...]:
    """Return the optimisers."""
    return cards.OPTIMISERS


@hookimpl
def emseg_augmentations() -> tuple[AugmentationCard, ...]:
    """Return how their crops are cut and changed."""
    return cards.AUGMENTATIONS
