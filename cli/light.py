"""Commands that start without pydantic, and take every option once.

From typer 0.29 on, pydantic reads every option, also one that was not given, unless its value is a truth
value already.  Importing it would take as long as all the rest of ``emseg-bench list``.

Of an option that is given twice, typer keeps the last without a word; here, lists are joined, and of all
others two different values are an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

from ..benchmark.contracts.errors import UsageError

LISTS: Final = frozenset(
    {
        "--models",
        "--datasets",
        "--metrics",
        "--label-fractions",
        "--label-counts",
        "--classes",
        "--class-names",
        "--tracker",
        "--objective",
    }
)
"""Options that take a comma-separated list, so that ``--models a --models b`` is ``--models a,b``."""


class LightGroup(TyperGroup):
    """A group of verbs whose ``--help`` and own texts need no pydantic, and whose own options stand once."""

    def get_help_option(self, ctx: Any) -> Any:
        """Give the option ``--help``, which is False where it is not given."""
        return _false_by_default(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options before the verb, and leave texts as they are, for a text may be anything.

        Raises:
            UsageError: One of them is given twice, with different values.
        """
        lighten(self.params)
        return super().parse_args(ctx, once_each(args, self.get_params(ctx)))


class LightCommand(TyperCommand):
    """A verb whose ``--help`` needs no pydantic, and whose options stand once."""

    def get_help_option(self, ctx: Any) -> Any:
        """Give the option ``--help``, which is False where it is not given."""
        return _false_by_default(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Join lists that are given in several options, and read the rest.

        Raises:
            UsageError: Another option is given twice, with different values.
        """
        lighten(self.params)
        return super().parse_args(ctx, once_each(args, self.get_params(ctx)))


def lighten(parameters: Sequence[Any]) -> None:
    """Keep pydantic from values that need no reading: defaults, texts, and paths that may be anywhere."""
    for parameter in parameters:
        if hasattr(parameter, "type_descriptor"):
            parameter.get_runtime_param = partial(_Light, parameter, parameter.get_runtime_param)


@dataclass(frozen=True, slots=True)
class _Light:
    """Reads the values of one parameter, in typer's stead where that is easy."""

    parameter: Any
    typers: Callable[[], Any]

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Turn what was typed into what the verb takes."""
        kind = self.parameter.type_descriptor.annotation
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if several and kind == list[str]:
            return list(value)
        if not several and (kind is str or type(value) is kind):
            return value
        if kind is Path and isinstance(value, str) and _may_be_any(param) and _is_readable(value):
            return Path(value)
        return self.typers().coerce(value, param=param, ctx=ctx)


def _may_be_any(param: Any) -> bool:
    """Tell whether nothing more is asked of a path than to be readable, if it is there."""
    wanted = param.type_descriptor.parameter_info
    asked = wanted.exists or wanted.writable or wanted.resolve_path or wanted.path_type is not None
    return wanted.file_okay and wanted.dir_okay and not asked


def _is_readable(path: str) -> bool:
    return not os.path.exists(path) or os.access(path, os.R_OK)  # noqa: PTH110 - asked of a text


def once_each(arguments: Sequence[str], parameters: Sequence[Any]) -> list[str]:
    """Bring options that are repeated together.

    Args:
        arguments: Of a verb, as they were typed.
        parameters: What the verb takes.

    Returns:
        The arguments, each option with a value in them once, at its first place.

    Raises:
        UsageError: An option that takes one value has different ones.
    """
    single = {
        name: parameter.opts[0]
        for parameter in parameters
        if getattr(parameter, "is_flag", None) is False and not parameter.multiple and parameter.nargs == 1
        for name in parameter.opts
        if name.startswith("--")
    }
    places: dict[str, int] = {}
    kept: list[list[str]] = []
    for name, piece in _pieces(arguments, single):
        first = places.setdefault(name, len(kept)) if name else len(kept)
        if first == len(kept):
            kept.append(piece)
        else:
            kept[first][-1] = _both(name, kept[first][-1], piece[-1])
    return [argument for piece in kept for argument in piece]


def _pieces(arguments: Sequence[str], single: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Cut arguments into options with their values, by name, and all else, without one."""
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            yield "", [argument, *rest]
            return
        written, equals, value = argument.partition("=")
        name = single.get(written)
        following = None if name is None or equals else next(rest, None)
        if name is None or (not equals and following is None):
            yield "", [argument]
        else:
            yield name, [written, value if following is None else following]


def _both(name: str, one: str, other: str) -> str:
    """Return what two values of an option come to.

    Raises:
        UsageError: They differ, and the option takes one.
    """
    if name in LISTS:
        return f"{one},{other}"
    if one != other:
        lists = " A list is written with commas, in one option." if name == "--seeds" else ""
        raise UsageError(f"{name} is given twice, as {one!r} and as {other!r}; it takes one value.{lists}")
    return one


def _false_by_default(option: Any) -> Any:
    if option is not None:
        option.default = False
    return option
