"""Other values than the defaults of a card's options: each choice, both truths, the ends of ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt

from ..benchmark.contracts.basics import OptionValue

MOST = 12
"""Values that are tried of one card, spread evenly over all."""
MODERATE = 64
"""Ends of ranges beyond this are not tried where they are also more than four times the default: a network of
such a width need not fit into memory."""


def other_values(options: type[Any] | None) -> list[tuple[str, OptionValue]]:
    """List options with values that are not their defaults, one option at a time.

    Args:
        options: A card's dataclass; None: it has none.
    """
    if options is None:
        return []
    try:
        hints = get_type_hints(options, include_extras=True)
    except NameError:  # a name that is not there at run time; `check_options` says so
        return []
    found = [
        (field.name, value)
        for field in fields(options)
        for value in dict.fromkeys(_values(hints[field.name]))
        if value != field.default and _is_moderate(value, field.default)
    ]
    step = max(1, -(-len(found) // MOST))
    return found[::step]


def _values(annotation: Any) -> Iterator[OptionValue]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is bool:
        yield from (False, True)
    elif origin is Literal:
        yield from arguments
    elif origin is Annotated:
        yield from _values(arguments[0])
        yield from _ends(arguments[0], arguments[1:])
    elif origin in {Union, UnionType}:
        for argument in arguments:
            yield from _values(argument)


def _ends(type_: Any, constraints: tuple[Any, ...]) -> Iterator[OptionValue]:
    """Give the ends of a range; an open end of whole numbers is the number beside it."""
    for constraint in constraints:
        match constraint:
            case Ge(ge=int() | float() as end) | Le(le=int() | float() as end):
                yield end
            case Gt(gt=int() as end) if type_ is int:
                yield end + 1
            case Lt(lt=int() as end) if type_ is int:
                yield end - 1


def _is_moderate(value: OptionValue, default: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) <= MODERATE:
        return True
    return default is not MISSING and isinstance(default, (int, float)) and abs(value) <= 4 * abs(default)
