"""Models that are trained as their authors train them, beside the recipe that all models share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from ..contracts.cards import ModelCard
from ..contracts.errors import UsageError
from ..contracts.records import ModelSpec
from ..contracts.settings import Recipe
from ..files.validation import validate
from ..plugins.registry import Catalogue
from .experiment import Experiment, describe
from .named import complete_references


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """A model, and what it is trained by."""

    spec: ModelSpec
    note: str
    """What must be said about its weights."""
    recipe: Recipe


def with_own_recipes(
    models: Sequence[tuple[str, ModelSpec, str]], experiment: Experiment, catalogue: Catalogue
) -> tuple[list[PlannedModel], list[str]]:
    """Put beside each model the same by its authors' recipe, where that is asked for.

    Args:
        models: The reference of each, the model, and what must be said about its weights.
        experiment: What was asked for.
        catalogue: What the plugins offer.

    Returns:
        The models, and sentences about those whose cards name no recipe.

    Raises:
        UsageError: No model has a recipe of its own, or one is wrong.
        UnknownNameError: There is no recipe of the name on a card.
    """
    planned, without = [], []
    for text, spec, note in models:
        planned.append(PlannedModel(spec, note, experiment.recipe))
        recipe = experiment.recipes_of.get(text)
        by = told_recipe(recipe) if recipe else ""
        if recipe is None and experiment.own_recipes:
            recipe = _of_card(catalogue.models.offers[spec.name].card, catalogue)
            by = recipe.name if recipe else ""
            without += [] if recipe else [spec.name]
        if recipe:
            own = replace(spec, own_recipe=by, label=f"{spec.label} by {by}")
            planned.append(PlannedModel(own, note, recipe))
    names = ", ".join(dict.fromkeys(without))
    if experiment.own_recipes and len(planned) == len(models):
        raise UsageError(
            f"--own-recipes: the card of no model that was asked for ({names}) names a recipe; say one in an "
            "experiment, models: [{model: unet, recipe: standard}], or leave the option out."
        )
    told = f"no recipe of its own is known of {names}: it stands on the board of the shared recipe alone."
    return planned, [told] if without else []


def told_recipe(recipe: Recipe) -> str:
    """Write what a recipe of a model's own is called: ``quick[iterations=300]``."""
    name, _, changes = describe(recipe).partition(", ")
    return f"{name}[{changes}]" if changes else name


def _of_card(card: ModelCard, catalogue: Catalogue) -> Recipe | None:
    """Give the recipe that a model's card holds or names, complete."""
    if card.recipe is None:
        return None
    recipe = card.recipe
    if isinstance(recipe, str):
        recipe = catalogue.find(catalogue.recipes, recipe).card.recipe
    where, plain = f"{card.name}.recipe", asdict(recipe)
    return validate(Recipe, plain | complete_references([plain], catalogue, where), where)
