"""A search space of one's own as a YAML file: read, written, and its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...contracts.basics import OptionValue
from ...contracts.errors import UnknownNameError, UsageError
from ...contracts.searching import Choice, FloatRange, IntRange, Parameter
from ...files.printable import brief
from ...files.regular import shown
from ...files.texts import read_yaml
from ...files.validation import adapter, plain, validate
from ...plugins.loading import installed_plugins
from .search_space import SearchSpace

FORMS: Final = "{low: 0.0001, high: 0.01, log: true} or a list of choices"
_TYPES: Final[Mapping[str, type[Any]]] = {"float": FloatRange, "int": IntRange, "choice": Choice}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFile:
    """What a file says: parameters of all models, and of some."""

    parameters: Mapping[str, Parameter]
    """By dotted key: ``recipe.learning_rate``, ``recipe.augmentation.noise``, ``model.size``."""
    models: Mapping[str, Mapping[str, Parameter]]
    """Parameters of a model of this name alone, over those of all."""


def read_space(path: Path, model: str = "") -> SearchSpace:
    """Read the search space of a model.

    Args:
        path: Of the YAML file.
        model: Its name; without one the parameters of all models are given.

    Raises:
        UsageError: It cannot be read, or is no search space; names the key.
    """
    file = read_space_file(path)
    return SearchSpace({**file.parameters, **file.models.get(model, {})})


def read_space_file(path: Path) -> SpaceFile:
    """Read a file; the arguments and errors are those of `read_space`."""
    where, data = shown(path), read_yaml(path, UsageError)
    expected = "keys such as 'recipe.learning_rate:', and 'models:' for those of some models alone"
    if not isinstance(data, dict) or not data:
        raise UsageError(f"{where} holds {brief(repr(data))}, expected {expected}.")
    models = data.pop("models", {})
    if not isinstance(models, dict):
        raise UsageError(f"{where}: models: got {brief(repr(models))}, expected models by name.")
    known = installed_plugins().catalogue.models.offers
    for name in models:
        if name not in known:
            raise UnknownNameError("model", str(name), known, f"It stands in {where}, in 'models:'.")
    return SpaceFile(
        parameters=_parameters(data, where),
        models={name: _parameters(own, f"{where}: models.{name}") for name, own in models.items()},
    )


def space_text(space: SearchSpace) -> str:
    """Write a space as YAML that `read_space` reads as the same."""
    import yaml

    data = {key: _written(parameter) for key, parameter in space.parameters.items()}
    return str(yaml.safe_dump(data, sort_keys=False, width=100, default_flow_style=None))


def json_schema() -> dict[str, Any]:
    """Describe such files."""
    one = adapter(Parameter).json_schema(ref_template="#/$defs/{model}")
    shapes = one.pop("$defs")
    choices = {"type": "array", "items": shapes["Choice"]["properties"]["choices"]["items"], "minItems": 2}
    parameter = {"anyOf": [*one["anyOf"], choices]}
    parameters = {"patternProperties": {r"^(recipe|model)\.": {"$ref": "#/$defs/Parameter"}}}
    of_models = {"type": "object", "additionalProperties": {"$ref": "#/$defs/Parameters"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "search space",
        "description": "What tuning may try, by dotted key: recipe.learning_rate, model.size.",
        "type": "object",
        "properties": {"models": of_models},
        **parameters,
        "additionalProperties": False,
        "minProperties": 1,
        "$defs": {
            **shapes,
            "Parameter": parameter,
            "Parameters": {"type": "object", **parameters, "additionalProperties": False},
        },
    }


def _parameters(data: object, where: str) -> dict[str, Parameter]:
    if not isinstance(data, dict):
        raise UsageError(f"{where}: got {brief(repr(data))}, expected keys such as 'model.size:'.")
    return {str(key): _parameter(value, f"{where}: {brief(key)}") for key, value in data.items()}


def _parameter(value: object, where: str) -> Parameter:
    """Read a list as choices, and a mapping by its ``type`` or else by what stands in it."""
    given = {"choices": value} if isinstance(value, list) else value
    if not isinstance(given, dict):
        raise UsageError(f"{where}: got {brief(repr(value))}, expected {FORMS}.")
    for one in given["choices"] if isinstance(given.get("choices"), list) else ():
        if not isinstance(one, OptionValue):  # of which pydantic would tell four times
            raise UsageError(
                f"{where}: got the choice {brief(repr(one))}, expected a text or number, or true."
            )
    type_ = _TYPES.get(str(given.get("type", _kind(given))))
    if type_ is None:
        raise UsageError(f"{where}: got type: {brief(given['type'])}, expected {', '.join(_TYPES)}.")
    parameter: Parameter = validate(type_, given, where)
    return parameter


def _kind(given: Mapping[Any, Any]) -> str:
    """Tell what is meant: whole numbers, where both ends and the step are written so."""
    if "choices" in given:
        return "choice"
    numbers = [given[key] for key in ("low", "high", "step") if key in given]
    return "int" if numbers and all(isinstance(one, int) for one in numbers) else "float"


def _written(parameter: Parameter) -> Any:
    """Write a parameter with nothing that is meant anyway."""
    if isinstance(parameter, Choice):
        return list(parameter.choices)
    untold = {"log": False, "step": 1 if isinstance(parameter, IntRange) else None, "type": parameter.type}
    return {key: value for key, value in plain(parameter).items() if untold.get(key, ...) != value}
