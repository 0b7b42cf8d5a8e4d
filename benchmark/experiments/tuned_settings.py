"""What tuning tries or has found, put in its place: values become those of a recipe, or a model's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

from ..contracts.basics import OptionValue
from ..contracts.errors import UsageError
from ..contracts.records import Tuned
from ..contracts.settings import Recipe
from ..files.printable import brief
from ..files.validation import validate
from ..plugins.references import parse_model
from ..plugins.registry import Catalogue
from .named import complete_references

Setting: TypeAlias = Mapping[str, OptionValue]
"""A value for every key of a search space: ``recipe.crop``, ``recipe.augmentation.noise``, ``model.size``."""
RECIPE, MODEL = "recipe", "model"


def tuned_recipe(setting: Setting, recipe: Recipe, catalogue: Catalogue) -> Recipe:
    """Change a recipe as a setting says.

    Args:
        setting: Values by dotted key.
        recipe: That is tuned; it keeps its name.
        catalogue: What the plugins offer.

    Raises:
        UsageError: A value is none that the recipe, or what it names, takes.
    """
    changes: dict[str, Any] = {}
    for key, value in _of(RECIPE, setting).items():
        within, dot, option = key.partition(".")
        if dot:
            changes.setdefault(within, {})[option] = value
        else:
            changes[key] = value
    layers = [asdict(recipe), changes]
    changed = {**layers[0], **changes, **complete_references(layers, catalogue)}
    return validate(Recipe, changed, RECIPE)


def tuned_options(setting: Setting) -> dict[str, OptionValue]:
    """Give the options of the model that a setting holds."""
    return _of(MODEL, setting)


def _of(head: str, setting: Setting) -> dict[str, OptionValue]:
    return {
        key.removeprefix(f"{head}."): value for key, value in setting.items() if key.startswith(f"{head}.")
    }


def check_tuned(tuned: Tuned, recipe: Recipe, model: str, catalogue: Catalogue) -> None:
    """Check that a model is trained with what tuning has found, so that its row says the truth.

    Args:
        tuned: What was found.
        recipe: That the model is trained by.
        model: The reference that it is asked for by; options that were tuned are no part of it.
        catalogue: What the plugins offer.

    Raises:
        UsageError: The recipe has another value, or an option is asked for and tuned.
    """
    if unknown := [key for key in tuned.setting if not key.startswith((f"{RECIPE}.", f"{MODEL}."))]:
        raise UsageError(
            f"tuned.setting: got {brief(unknown[0])}, expected keys such as recipe.crop, model.size."
        )
    found = tuned_recipe(tuned.setting, recipe, catalogue)
    for key, value in asdict(found).items():
        if value != getattr(recipe, key):
            raise UsageError(
                f"tuned.setting: it has {value} for recipe.{key}, and the recipe {getattr(recipe, key)}; a "
                "row of the open division is trained with what was found. Leave 'tuned' out for another row."
            )
    if twice := sorted(parse_model(model).options.keys() & tuned_options(tuned.setting).keys()):
        raise UsageError(f"tuned.setting: {model} says {', '.join(twice)}, which it says too; say it once.")
