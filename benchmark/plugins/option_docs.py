"""What an options dataclass tells people: types, defaults, constraints, and the words below each field."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from ..contracts.basics import OptionValue

WORDS: Mapping[str, str] = {
    "Ge": "at least {}",
    "Gt": "more than {}",
    "Le": "at most {}",
    "Lt": "less than {}",
    "MultipleOf": "a multiple of {}",
    "MinLen": "of {} or more characters",
    "MaxLen": "of {} or fewer characters",
}
"""Constraints of ``annotated_types``, each of which has one value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionDoc:
    """One option, for people."""

    name: str
    type: str
    default: OptionValue | None
    """None: it has to be given."""
    constraints: tuple[str, ...]
    description: str


def describe_options(type_: type[Any] | None) -> tuple[OptionDoc, ...]:
    """Describe the options of a card; nothing for a card without options."""
    if type_ is None:
        return ()
    hints, docs = _hints(type_), dict(field_texts(type_))
    return tuple(_describe(field, hints[field.name], docs.get(field.name, "")) for field in fields(type_))


def _hints(type_: type[Any]) -> Mapping[str, Any]:
    """Give the fields' types; as they are written where a name in them cannot be found."""
    try:
        return get_type_hints(type_, include_extras=True)
    except NameError:
        return {field.name: field.type for field in fields(type_)}


def _describe(field: Field[Any], hint: Any, description: str) -> OptionDoc:
    constraints: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *found = get_args(hint)
        constraints = tuple(found)
    return OptionDoc(
        name=field.name,
        type=_type_words(hint),
        default=_default(field),
        constraints=tuple(map(_constraint_words, constraints)),
        description=description,
    )


def _default(field: Field[Any]) -> Any:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else None


def _type_words(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        hint, *constraints = get_args(hint)
        return " ".join([_type_words(hint), *map(_constraint_words, constraints)])
    if get_origin(hint) is Literal:
        return " | ".join(map(str, get_args(hint)))
    if get_origin(hint) in (Union, UnionType):
        return " | ".join(map(_type_words, get_args(hint)))
    if hint is NoneType:
        return "none"
    return getattr(hint, "__name__", str(hint))


def _constraint_words(constraint: Any) -> str:
    words = WORDS.get(type(constraint).__name__)
    return words.format(getattr(constraint, fields(constraint)[0].name)) if words else str(constraint)


def field_texts(type_: type[Any]) -> Iterator[tuple[str, str]]:
    """Yield each field's name and the string below it, which only the source has; base classes first."""
    for owner in reversed(type_.__mro__[:-1]):
        try:
            (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        except (OSError, TypeError):  # a class without a source file says nothing
            continue
        body = tree.body if isinstance(tree, ast.ClassDef) else []
        for field, below in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                yield field.target.id, _text(below)


def _text(node: ast.stmt) -> str:
    """Give the string that a statement consists of, in one line; empty if it is another statement."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return ""
    value = node.value.value
    return " ".join(value.split()).replace("``", "'") if isinstance(value, str) else ""
