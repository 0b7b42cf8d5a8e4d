"""Commands that start without pydantic.

From typer 0.29 on, pydantic reads every option that was not given, ``--help`` among them, unless its value
is a truth value already.  Importing it would take as long as all the rest of ``emseg-bench list``.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup


class LightGroup(TyperGroup):
    """A group of verbs whose ``--help`` needs no pydantic, nor do options of its own that are texts."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Leave texts as they are, for a text may be anything."""
        for option in self.params:
            known: Any = option
            if known.type_descriptor.annotation is str:
                known.process_value = _as_it_is
        return super().parse_args(ctx, args)

    def get_help_option(self, ctx: Any) -> Any:
        """Give the option ``--help``, which is False where it is not given."""
        return _false_by_default(super().get_help_option(ctx))


class LightCommand(TyperCommand):
    """A verb whose ``--help`` needs no pydantic."""

    def get_help_option(self, ctx: Any) -> Any:
        """Give the option ``--help``, which is False where it is not given."""
        return _false_by_default(super().get_help_option(ctx))


def _false_by_default(option: Any) -> Any:
    if option is not None:
        option.default = False
    return option


def _as_it_is(_: Any, value: str | None) -> str | None:
    return value
