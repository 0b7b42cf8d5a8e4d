"""The recipes, losses and schedules of emseg-bench's own, registered like anybody's."""

from __future__ import annotations

from ..contracts.cards import LossCard, RecipeCard, ScheduleCard
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
