"""Checking plain data against the types of ``contracts.py``, with errors that name the key."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from .errors import UsageError

T = TypeVar("T")


@cache
def adapter(type_: Hashable) -> TypeAdapter[Any]:
    """Return pydantic's view of a dataclass."""
    return TypeAdapter(cast(Any, type_))


def validate(type_: type[T], data: object, where: str) -> T:
    """Make a `type_` from plain data.

    Args:
        type_: A dataclass.
        data: Mappings, sequences and scalars.
        where: Stands before each key in messages: ``recipe``, ``experiment.yaml``.

    Raises:
        UsageError: A value is wrong or a key is unknown; names every such key.
    """
    try:
        value: T = adapter(cast(Hashable, type_)).validate_python(data)
    except ValidationError as error:
        raise UsageError("\n".join(_explain(problem, type_, where) for problem in error.errors())) from None
    return value


def plain(value: object) -> Any:
    """Turn a dataclass into plain data, ready for JSON."""
    return adapter(cast(Hashable, type(value))).dump_python(value, mode="json")


def _explain(problem: ErrorDetails, type_: type[Any], where: str) -> str:
    place = [str(part) for part in problem["loc"] if not str(part).startswith(("literal[", "constrained-"))]
    key = ".".join([where, *place])
    if problem["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        return f"{key}: there is no such key{_nearest(place[-1], _keys(type_, place[:-1]))}."
    if problem["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        return f"{key}: this key is missing."
    return f"{key}: got {problem['input']!r}; {problem['msg'][0].lower()}{problem['msg'][1:]}."


def _keys(type_: Any, path: Iterable[str]) -> list[str]:
    """List the keys of the dataclass at a path below `type_`."""
    for part in path:
        type_ = get_type_hints(type_).get(part) if is_dataclass(type_) else None
    return [field.name for field in fields(type_)] if is_dataclass(type_) else []


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint} Known: {', '.join(known)}" if known else hint


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one nested mapping over another."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged
