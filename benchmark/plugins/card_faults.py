"""What is wrong with a plugin's card, found before anything trusts it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, get_args

from ..contracts.basics import Need
from ..contracts.cards import (
    DatasetCard,
    DecoderCard,
    Initialisation,
    ModelCard,
    PretrainingCard,
    ProtocolCard,
    RecipeCard,
    WeightsCard,
)
from ..contracts.data import ExtraOutput, Normalisation
from ..contracts.pretraining import PretrainingRecipe
from ..contracts.published import RemoteFile
from ..contracts.settings import Recipe, ScoringProtocol
from ..files.wording import listed
from .every_model import ALL
from .parameters import parameter_fault
from .references import MOST_CONTEXT, SHARED

FORBIDDEN = frozenset(",@[]=:/\\ \t\n")
"""What a name may not hold, since references are written ``name[option=value]@init`` or ``name:place``."""

_FILE_NAME = re.compile(r"[^./\\:][^/\\:]*")

SIMPLE_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "str | None": (str, NoneType),
    "int | None": (int, NoneType),
    "tuple[str, ...]": (tuple,),
    "tuple[str, ...] | None": (tuple, NoneType),
    "tuple[float, ...] | None": (tuple, NoneType),
    "tuple[float, float]": (tuple,),
    "tuple[Need, ...]": (tuple,),
    "type[Any] | None": (type, NoneType),
    "float | None": (float, int, NoneType),
    "Annotated[int, Ge(1)]": (int,),
    "Mapping[str, OptionValue]": (Mapping,),
    "Mapping[str, Parameter]": (Mapping,),
    "Mapping[str, tuple[OptionValue, ...]]": (Mapping,),
    "Normalisation | None": (Normalisation, NoneType),
    "str | Recipe | None": (str, Recipe, NoneType),
}
"""The annotations of cards that can be checked without importing what they speak of."""


def card_fault(card: object, kind: type[Any]) -> str:
    """Say what is wrong with a card, or nothing."""
    if not isinstance(card, kind):
        return f"it returned a {type(card).__name__} where a {kind.__name__} was expected"
    if not isinstance(card.name, str) or not card.name or FORBIDDEN & set(card.name):
        return f"{kind.__name__} name {card.name!r} is empty or holds one of , @ [ ] = : / \\ or a space"
    return next(filter(None, (find(card) for find in (_lazy_fault, _field_fault, _special_fault))), "")


def _lazy_fault(card: Any) -> str:
    if isinstance(card, RecipeCard | ProtocolCard):
        return ""
    what = "format" if isinstance(card, WeightsCard) else "factory"
    factory = getattr(card, what)
    if _is_named(factory):
        return ""
    return f"{card.name}'s {what} is {factory!r}, expected a callable or 'module:attribute'"


def _field_fault(card: Any) -> str:
    for field in fields(card):
        value, annotation = getattr(card, field.name), str(field.type)
        expected = SIMPLE_TYPES.get(annotation, object)
        if not isinstance(value, expected) or repr(value) not in _choices(annotation, repr(value)):
            return f"{card.name}'s {field.name} is {value!r}, expected {annotation}"
    return ""


def _choices(annotation: str, otherwise: str) -> list[str]:
    """Give what ``Literal["a", "b"]`` allows, as it is written."""
    if not annotation.startswith("Literal["):
        return [otherwise]
    return annotation.removeprefix("Literal[").removesuffix("]").replace('"', "'").split(", ")


def _special_fault(card: Any) -> str:
    return next(_special_faults(card), "")


def _special_faults(card: Any) -> Iterator[str]:
    options = getattr(card, "options", None)
    if isinstance(options, type) and not is_dataclass(options):
        yield f"{card.name}'s options are the class {options.__name__}, expected a frozen dataclass"
    elif getattr(card, "search_space", {}):
        yield from _search_faults(card, options)
    if isinstance(card, ModelCard):
        if card.name == ALL:
            yield f"a model may not be called {ALL!r}, which stands for every model"
        yield from _by_option_faults(card)
        yield from _all_are(card.name, "initialisations", card.initialisations, Initialisation)
        yield from _trained_faults(card)
    if isinstance(card, DatasetCard):
        yield from _published_faults(card)
    if isinstance(card, DecoderCard):
        yield from _decoder_faults(card)
    if isinstance(card, RecipeCard) and not (
        isinstance(card.recipe, Recipe) and card.recipe.name == card.name
    ):
        yield f"{card.name}'s recipe is {card.recipe!r}, expected a Recipe of the same name"
    if isinstance(card, ProtocolCard) and not (
        isinstance(card.protocol, ScoringProtocol) and card.protocol.name == card.name
    ):
        yield f"{card.name}'s protocol is {card.protocol!r}, expected a ScoringProtocol of the same name"
    if isinstance(card, PretrainingCard):
        yield from _all_are(card.name, "recipes", card.recipes, PretrainingRecipe)


def _trained_faults(card: ModelCard) -> Iterator[str]:
    """Find what is in the way of what any model may be asked for."""
    if not all(isinstance(prefix, str) and prefix for prefix in card.backbone):
        yield f"{card.name}'s backbone is {card.backbone!r}, expected beginnings of parameters' names"
    if type(card.context) is not int or not 0 <= card.context <= MOST_CONTEXT:
        yield f"{card.name}'s context is {card.context!r}, expected a whole number from 0 to {MOST_CONTEXT}"
    for name in SHARED:
        if card.options and any(field.name == name for field in fields(card.options)):
            yield f"{card.name} has an option called {name!r}, which every model has; call it otherwise"


def _by_option_faults(card: ModelCard) -> Iterator[str]:
    """Find what is wrong with what a card says itself or names a function of its options for."""
    divisor, outputs, decoder = card.size_divisor, card.extra_outputs, card.decoder
    if isinstance(divisor, int) and divisor < 1:
        yield f"{card.name}'s size_divisor is {divisor}, expected at least 1"
    if not (isinstance(divisor, int) or _is_named(divisor)):
        yield f"{card.name}'s size_divisor is {divisor!r}, expected int, a callable or 'module:attribute'"
    if isinstance(outputs, tuple):
        if not all(isinstance(one, ExtraOutput) for one in outputs):
            yield f"{card.name}'s extra_outputs are {outputs!r}, expected a tuple of ExtraOutput"
    elif not _is_named(outputs):
        yield f"{card.name}'s extra_outputs are {outputs!r}, expected a tuple, or what gives one"
    if not any((isinstance(decoder, str), callable(decoder))):
        yield f"{card.name}'s decoder is {decoder!r}, expected a reference, or a callable that gives one"


def _is_named(value: object) -> bool:
    return callable(value) or (isinstance(value, str) and value.count(":") == 1)


def _search_faults(card: Any, options: type[Any] | None) -> Iterator[str]:
    """Find what is wrong with what tuning may try of the options."""
    known = [field.name for field in fields(options)] if options else []
    for key, parameter in card.search_space.items():
        if key not in known:
            yield f"{card.name}'s search_space has {key!r}, expected some of its options: {listed(known)}"
        elif fault := parameter_fault(parameter):
            yield f"{card.name}'s search_space of {key}: {fault}"


def _decoder_faults(card: DecoderCard) -> Iterator[str]:
    """Find what is wrong with what a decoder says that it takes."""
    if unknown := [need for need in card.needs if need not in get_args(Need)]:
        yield f"{card.name}'s needs have {unknown[0]!r}, expected some of {listed(map(repr, get_args(Need)))}"
    if card.bytes_per_voxel < 1:
        yield f"{card.name}'s bytes_per_voxel is {card.bytes_per_voxel}, expected at least 1"
    known = [field.name for field in fields(card.options)] if card.options else []
    for key, values in card.tries.items():
        if key not in known:
            yield f"{card.name} tries {key!r}, expected some of its options: {listed(known)}"
        elif not isinstance(values, tuple) or not values:
            yield f"{card.name} tries {values!r} of {key}, expected a tuple of values"


def _published_faults(card: DatasetCard) -> Iterator[str]:
    """Find what is wrong with the part of a card that speaks of published files."""
    if card.files:
        yield from _all_are(card.name, "files", card.files, RemoteFile)
        names = [file.name for file in card.files]
        if len({*names}) < len(names) or not all(map(_FILE_NAME.fullmatch, names)):
            yield f"{card.name}'s files are called {names}, expected plain file names, each its own"
    if card.derived_from and card.convert is None:
        yield f"{card.name} is derived from other datasets and has no conversion"


def _all_are(name: str, what: str, values: object, kind: type[Any]) -> Iterator[str]:
    if not isinstance(values, tuple) or not values or not all(isinstance(value, kind) for value in values):
        yield f"{name}'s {what} are {values!r}, expected a tuple of at least one {kind.__name__}"
