"""Settings put in their places: a drawn value becomes one of the recipe's, or of the model's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...contracts.basics import OptionValue
from ...contracts.settings import Recipe
from ...experiments.named import complete_references
from ...files.validation import validate
from ...plugins.loading import installed_plugins
from ...plugins.registry import Catalogue
from .search_space import Setting

RECIPE, MODEL = "recipe", "model"


def apply(
    setting: Setting,
    recipe: Recipe,
    options: Mapping[str, OptionValue],
    catalogue: Catalogue | None = None,
) -> tuple[Recipe, dict[str, OptionValue]]:
    """Change a recipe and a model's options as a setting says.

    Args:
        setting: Values by dotted key.
        recipe: That is tuned; it keeps its name.
        options: Of the model.
        catalogue: What the plugins offer; None: what is installed.

    Raises:
        UsageError: A value is none that the recipe, or what it names, takes.
    """
    catalogue = catalogue or installed_plugins().catalogue
    changes, of_model = _parted(setting)
    layers = [asdict(recipe), changes]
    changed = {**layers[0], **changes, **complete_references(layers, catalogue)}
    return validate(Recipe, changed, RECIPE), {**options, **of_model}


def _parted(setting: Setting) -> tuple[dict[str, Any], dict[str, OptionValue]]:
    """Part a setting into changes of the recipe, options of what it names in mappings, and model options."""
    changes: dict[str, Any] = {}
    of_model: dict[str, OptionValue] = {}
    for key, value in setting.items():
        head, _, name = key.partition(".")
        within, dot, option = name.partition(".")
        if head == MODEL:
            of_model[name] = value
        elif dot:
            changes.setdefault(within, {})[option] = value
        else:
            changes[name] = value
    return changes, of_model
