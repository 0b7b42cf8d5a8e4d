"""A search space, the settings that are drawn from it, and its table for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from ...contracts.basics import OptionValue
from ...contracts.searching import Choice, FloatRange, IntRange, Parameter
from ...contracts.settings import Recipe
from ...experiments.named import NAMED
from ...plugins.parameters import parameter_words
from ...plugins.references import parse_method

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """What may be tried, by dotted key: ``recipe.crop``, ``recipe.augmentation.noise``, ``model.size``."""

    parameters: Mapping[str, Parameter]


def suggest(space: SearchSpace, trial: BaseTrial) -> dict[str, OptionValue]:
    """Draw a setting: a value for every key, in the order of the keys, whatever order they stand in."""
    return {key: _draw(key, space.parameters[key], trial) for key in sorted(space.parameters)}


def _draw(key: str, parameter: Parameter, trial: BaseTrial) -> OptionValue:
    match parameter:
        case FloatRange():
            return float(
                trial.suggest_float(
                    key, parameter.low, parameter.high, log=parameter.log, step=parameter.step
                )
            )
        case IntRange():
            return int(
                trial.suggest_int(key, parameter.low, parameter.high, log=parameter.log, step=parameter.step)
            )
        case Choice():
            return cast(OptionValue, trial.suggest_categorical(key, parameter.choices))


def space_rows(
    space: SearchSpace, recipe: Recipe, options: Mapping[str, OptionValue]
) -> list[dict[str, str]]:
    """Lay a space out as a table: what is tuned, what is tried, and what it is without tuning.

    Args:
        space: Of a model.
        recipe: That is tuned, complete.
        options: Of the model, complete.
    """
    untuned = {**_flat("recipe", asdict(recipe)), **_flat("model", options)}
    return [
        {"setting": key, "tried": parameter_words(parameter), "untuned": _shown(untuned.get(key))}
        for key, parameter in sorted(space.parameters.items())
    ]


def _flat(head: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values by dotted keys, and those in the brackets of what a recipe names, too."""
    flat = {f"{head}.{key}": value for key, value in values.items()}
    for key in NAMED if head == "recipe" else ():
        inside = parse_method(values[key], key).options
        flat |= {f"{head}.{key}.{name}": value for name, value in inside.items()}
    return flat


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
