"""Checking plain data against the types of the contracts, with errors that name the key."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from ..contracts.errors import EmsegError, UsageError
from .printable import brief
from .texts import read_json

T = TypeVar("T")

MOST_PROBLEMS = 10
"""Told at once."""


class Versioned(Protocol):
    """A dataclass that is kept as a JSON file."""

    @property
    def version(self) -> int:
        """Of the file's form."""


V = TypeVar("V", bound=Versioned)


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
        UsageError: A value is wrong or a key is unknown; names every such key.  A truth value is no number.
    """
    try:
        value: T = adapter(cast(Hashable, type_)).validate_python(data)
    except ValidationError as error:
        problems = _of_nearest_members(error.errors())
        raise UsageError("\n".join(_explain_all(problems, type_, where))) from None
    if (key := _truth_for_number(data, value)) is not None:
        raise UsageError(f"{where}{key}: got a truth value (yes, no, true, false), expected a number.")
    return value


def _truth_for_number(data: object, made: object) -> str | None:
    """Find where pydantic has made 0 or 1 of a truth value, as ``.key``; None: nowhere."""
    if isinstance(data, bool):
        return "" if type(made) in (int, float) else None
    pairs: Iterable[tuple[str, object, object]] = ()
    if isinstance(data, Mapping):
        pairs = ((f".{key}", one, _member(made, key)) for key, one in data.items())
    elif isinstance(data, list | tuple) and isinstance(made, list | tuple):
        pairs = ((f"[{place}]", *both) for place, both in enumerate(zip(data, made, strict=False)))
    found = ((name, _truth_for_number(one, other)) for name, one, other in pairs)
    return next((name + rest for name, rest in found if rest is not None), None)


def _member(made: object, key: object) -> object:
    if isinstance(made, Mapping):
        return made.get(key)
    return getattr(made, key, None) if isinstance(key, str) else None


def read_versioned(type_: type[V], path: Path, version: int, error: type[EmsegError], remedy: str) -> V:
    """Read a JSON file that this program wrote.

    Args:
        type_: A dataclass.
        path: Of the file.
        version: That this program knows.
        error: What is raised.
        remedy: What else to do than to use the version that wrote it: ``remove the folder``.

    Raises:
        EmsegError: The file has gone, is damaged, or of another version; of the type `error`.
    """
    try:
        found: V = adapter(cast(Hashable, type_)).validate_python(read_json(path, error))
    except EmsegError as failure:
        raise error(f"{failure} Use the emseg-bench that wrote it, or {remedy}") from failure
    except ValidationError as failure:
        fault = failure.errors()[0]
        why = ": ".join([*map(str, fault["loc"]), fault["msg"]])
        raise error(
            f"{path} is damaged or of a later version ({why}); use the emseg-bench that wrote it, or {remedy}"
        ) from None
    if found.version != version:
        raise error(
            f"{path} has version {found.version}, expected {version}; use the emseg-bench that wrote it, or "
            f"{remedy}"
        )
    return found


def plain(value: object) -> Any:
    """Turn a dataclass into plain data, ready for JSON."""
    return adapter(cast(Hashable, type(value))).dump_python(value, mode="json")


def _of_nearest_members(problems: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Where a key may be one of several dataclasses, keep what is wrong by the one that is least wrong.

    Pydantic reports against each of them, with its class name as a part of the place.
    """
    members: dict[tuple[int | str, ...], list[ErrorDetails]] = {}
    for problem in problems:
        cut = next((i + 1 for i, part in enumerate(problem["loc"]) if _is_member(part)), 0)
        members.setdefault(problem["loc"][:cut], []).append(problem)
    nearest: dict[tuple[int | str, ...], list[ErrorDetails]] = {}
    for place, found in members.items():
        known = nearest.setdefault(place[:-1], found)
        nearest[place[:-1]] = min(known, found, key=len)
    return [problem for found in nearest.values() for problem in found]


def _is_member(part: int | str) -> bool:
    """Tell the class name of one of several possible dataclasses from a key."""
    return str(part)[:1].isupper()


def _explain_all(problems: Sequence[ErrorDetails], type_: type[Any], where: str) -> list[str]:
    told = [_explain(problem, type_, where) for problem in problems[:MOST_PROBLEMS]]
    rest = len(problems) - MOST_PROBLEMS
    return [*told, f"{where}: and {rest:,} more of this kind."] if rest > 0 else told


def _explain(problem: ErrorDetails, type_: type[Any], where: str) -> str:
    path = [str(part) for part in problem["loc"] if not str(part).startswith(("literal[", "constrained-"))]
    place = [part for part in path if not _is_member(part)]
    key = brief(".".join([where, *place]))
    if problem["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        return f"{key}: there is no such key{_nearest(place[-1], _keys(type_, path[:-1]))}."
    if problem["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        return f"{key}: this key is missing."
    return f"{key}: got {brief(repr(problem['input']))}; {problem['msg'][0].lower()}{problem['msg'][1:]}."


def _keys(type_: Any, path: Iterable[str]) -> list[str]:
    """List the keys of the dataclass at a path below `type_`."""
    for part in path:
        if _is_member(part):
            type_ = next((one for one in get_args(type_) if getattr(one, "__name__", "") == part), None)
        else:
            type_ = get_type_hints(type_).get(part) if is_dataclass(type_) else None
    return [field.name for field in fields(type_)] if is_dataclass(type_) else []


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint or '.'} Known: {', '.join(known)}" if known else hint


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one nested mapping over another."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged
