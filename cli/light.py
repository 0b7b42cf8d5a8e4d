"""Commands that start without pydantic, and take every option once.

From typer 0.29 on, pydantic reads every option that was not given, ``--help`` among them, unless its value
is a truth value already.  Importing it would take as long as all the rest of ``emseg-bench list``.

Of an option that is given twice, typer keeps the last without a word; here, lists are joined, and of all
others two different values are an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

from ..benchmark.contracts.errors import UsageError

LISTS: Final = frozenset(
    {"--models", "--datasets", "--metrics", "--label-fractions", "--classes", "--class-names"}
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
        for option in self.params:
            known: Any = option
            if known.type_descriptor.annotation is str:
                known.process_value = _as_it_is
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
        return super().parse_args(ctx, once_each(args, self.get_params(ctx)))


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


def _as_it_is(_: Any, value: str | None) -> str | None:
    return value
