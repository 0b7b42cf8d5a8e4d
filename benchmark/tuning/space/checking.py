"""Whether a search space fits what is tuned: its keys are there, and their values can be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from ...contracts.basics import OptionValue
from ...contracts.cards import ModelCard
from ...contracts.errors import UsageError
from ...contracts.near import did_you_mean
from ...contracts.searching import FloatRange, IntRange, Parameter
from ...contracts.settings import Recipe
from ...experiments.methods import find_methods
from ...experiments.named import NAMED
from ...experiments.parting import check_parts
from ...experiments.tuned_settings import MODEL, RECIPE, Setting, tuned_options, tuned_recipe
from ...files.printable import brief
from ...plugins.asked import complete_options
from ...plugins.parameters import parameter_fault, tried_values
from ...plugins.references import SHARED, parse_method
from ...plugins.registry import Catalogue
from .search_space import SearchSpace

MOST_PARAMETERS: Final = 100
UNTUNED: Final[Mapping[str, str]] = {
    "name": "it is what the recipe is called",
    "validations": "it decides what a setting is judged by",
    "validation_cases": "it decides what a setting is judged by",
    "processes": "it says what a trial runs on",
    "accumulate": "it says what a trial runs on",
    "precision": "it says what a trial runs on",
    "compile": "it says what a trial runs on",
    "deterministic": "it says what a trial runs on",
}
"""Keys of recipes that no space may hold, and why."""
_NUMBERS: Final[Mapping[type, str]] = {float: "{low: 0.1, high: 0.5}", int: "{low: 2, high: 8}"}
"""Ranges by what they are of, as files write them."""


def check_space(
    space: SearchSpace,
    recipe: Recipe,
    card: ModelCard,
    catalogue: Catalogue,
    where: str = "search space",
    given: Mapping[str, OptionValue] = MappingProxyType({}),
) -> None:
    """Check that every value that a space holds can be used.

    Args:
        space: Keys and parameters.
        recipe: That is tuned.
        card: Of the model.
        catalogue: What the plugins offer.
        where: Begins messages: the file's name.
        given: Options that the model was asked for with.

    Raises:
        UsageError: A key is not there, or its parameter is wrong; names the key.
    """
    types = tunable(recipe, card, catalogue)
    if not 0 < len(space.parameters) <= MOST_PARAMETERS:
        raise UsageError(
            f"{where}: got {len(space.parameters):,} parameters, expected 1 to {MOST_PARAMETERS}."
        )
    for key, parameter in space.parameters.items():
        if fault := _key_fault(key, space, types, card, given) or parameter_fault(parameter):
            raise UsageError(f"{where}: {brief(key)}: {fault}.")
        if fault := _kind_fault(parameter, types[key]):
            raise UsageError(f"{where}: {key}: {fault}.")
    try:
        for setting in _corners(space):
            changed = tuned_recipe(setting, recipe, catalogue)
            find_methods(changed, catalogue)
            check_parts(changed.batch_size, changed.processes, changed.accumulate)
            own = {key: value for key, value in given.items() if key not in SHARED}
            complete_options(card, {**own, **tuned_options(setting)}, MODEL, also=SHARED)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def tunable(recipe: Recipe, card: ModelCard, catalogue: Catalogue) -> dict[str, Any]:
    """Give the type of everything that may be tuned, by dotted key."""
    found = {
        f"{RECIPE}.{name}": hint
        for name, hint in _hints(Recipe).items()
        if name not in UNTUNED and _is_single(hint)
    }
    for key, registry in NAMED.items():
        offer = catalogue.find(getattr(catalogue, registry), parse_method(getattr(recipe, key), key).name)
        found |= {f"{RECIPE}.{key}.{name}": hint for name, hint in _hints(offer.card.options).items()}
    return found | {f"{MODEL}.{name}": hint for name, hint in _hints(card.options).items()}


def _hints(type_: type[Any] | None) -> dict[str, Any]:
    if type_ is None:
        return {}
    hints = get_type_hints(type_, include_extras=True)
    return {field.name: hints[field.name] for field in fields(type_)}


def _members(hint: Any) -> Iterator[Any]:
    """Give what a type may be: of ``Annotated[int, Ge(1)] | Literal["crop"]``, ``int`` and ``"crop"``."""
    if get_origin(hint) is Annotated:
        yield from _members(get_args(hint)[0])
    elif get_origin(hint) in {Union, UnionType}:
        for one in get_args(hint):
            yield from _members(one)
    elif get_origin(hint) is Literal:
        yield from get_args(hint)
    else:
        yield hint


def _is_single(hint: Any) -> bool:
    """Tell whether some value is a single one, and no list."""
    return any(one in {int, float, str, bool} or isinstance(one, str) for one in _members(hint))


def _key_fault(
    key: str,
    space: SearchSpace,
    types: Mapping[str, Any],
    card: ModelCard,
    given: Mapping[str, OptionValue],
) -> str:
    head, _, name = key.partition(".")
    whole = ".".join(key.split(".")[:2])
    if head == RECIPE and name in UNTUNED:
        return f"it cannot be tuned, for {UNTUNED[name]}"
    if whole != key and whole in space.parameters:
        return f"{whole} is tuned as a whole, too; say one"
    if head == MODEL and name in given:
        return f"the model was asked for with {name}={given[name]}, so that it is not tuned; say one"
    if key in types:
        return ""
    if head == MODEL and not card.options:
        return f"{card.name} takes no options"
    within = [one for one in types if one.rpartition(".")[0] == key.rpartition(".")[0]]
    known = within or [*types]
    return f"there is no such key; {did_you_mean(key, known)}known: {', '.join(known)}"


def _kind_fault(parameter: Parameter, hint: Any) -> str:
    """Say why a range is none of values that a setting of some type has."""
    members = {*_members(hint)}
    if isinstance(parameter, FloatRange) and float not in members:
        whole = "whole numbers" if int in members else "choices"
        return f"got a range of fractions, expected {whole}: {_example(members)}"
    if isinstance(parameter, IntRange) and int not in members:
        if float in members:
            return (
                "got a range of whole numbers for what takes fractions, too; write its ends with a point, "
                f"{{low: {parameter.low}.0, high: {parameter.high}.0}}, or name choices: [1, 2, 3]"
            )
        return f"got a range of whole numbers, expected choices: {_example(members)}"
    return next(filter(None, (_choice_fault(one, members) for one in tried_values(parameter))), "")


def _choice_fault(value: OptionValue, members: set[Any]) -> str:
    """Say why a value is none of a setting's type; texts are not taken for numbers."""
    if value in members or type(value) in members or (isinstance(value, int) and float in members):
        return ""
    written = "; YAML takes 1e-4 for a text and 1.0e-4 for a number" if isinstance(value, str) else ""
    return f"got the choice {brief(repr(value))}, expected some of: {_example(members)}{written}"


def _example(members: set[Any]) -> str:
    """Show what a setting may be."""
    if numbers := [shape for type_, shape in _NUMBERS.items() if type_ in members]:
        return numbers[0]
    values = ["true", "false"] if bool in members else sorted(str(one) for one in members - {str})
    return f"[{', '.join(values) or 'a, b'}]"


def _corners(space: SearchSpace) -> Iterator[Setting]:
    """Give settings of all lows, of all highs, and of every end of a range and every choice by itself."""
    values = {key: tried_values(parameter) for key, parameter in space.parameters.items()}
    yield {key: ends[0] for key, ends in values.items()}
    yield {key: ends[-1] for key, ends in values.items()}
    for key, ends in values.items():
        yield from ({key: value} for value in ends)
