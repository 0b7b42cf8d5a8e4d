"""What every plugin owes, whatever it offers: it is imported whenever ``emseg-bench`` starts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ..benchmark.plugins.registry import Problem
from .findings import BlockedError, Check, ContractError
from .importing import LIMIT_SECONDS, Imported, import_freshly, succeeded


class PluginBench:
    """A plugin under test.

    Args:
        module: What its entry point names, without an attribute.
        problems: What loading it has shown.
    """

    def __init__(self, module: str, problems: Sequence[Problem]) -> None:
        self.module, self.problems = module, problems

    @cached_property
    def imported(self) -> Imported:
        """How a fresh interpreter imports it."""
        return import_freshly(self.module)


def check_import(bench: PluginBench) -> None:
    """The module can be imported."""
    if bench.imported.error:
        raise ContractError(bench.imported.error, f"{bench.module} to be imported", "Mend the import")


def check_hooks(bench: PluginBench) -> None:
    """Its hooks exist, take the right arguments and return cards whose names are free."""
    succeeded(bench.imported)
    if bench.problems:
        what = "; ".join(f"{problem.where}: {problem.what}" for problem in bench.problems)
        raise ContractError(what, "hooks that return sound cards", "docs/plugins.md has every hook")


def check_import_without_torch(bench: PluginBench) -> None:
    """Importing it does not import torch."""
    if succeeded(bench.imported).torch:
        raise ContractError(
            f"torch, imported by {bench.module}",
            "none, for it takes a second or more whenever emseg-bench starts",
            'Name factories as "module:attribute" in the cards, and import torch in that module only',
        )


def check_import_time(bench: PluginBench) -> None:
    """Importing it takes less than 200 ms."""
    if succeeded(bench.imported).torch:
        raise BlockedError("it imports torch")
    seconds = bench.imported.seconds
    if seconds > LIMIT_SECONDS:
        raise ContractError(
            f"{seconds * 1000:.0f} ms to import {bench.module}",
            f"at most {LIMIT_SECONDS * 1000:.0f} ms",
            "Move heavy imports into the modules that the cards name",
        )


def check_import_silent(bench: PluginBench) -> None:
    """Importing it prints nothing."""
    if printed := succeeded(bench.imported).printed.strip():
        raise ContractError(
            f"{printed.splitlines()[0]!r} on standard output or error",
            "nothing, for every command would show it",
            "Take the print, warning or log message out",
        )


def check_import_offline(bench: PluginBench) -> None:
    """Importing it does not reach for the network."""
    if attempts := succeeded(bench.imported).attempts:
        raise ContractError(attempts[0], "no use of the network at import", "Fetch in a WeightSource.obtain")


CHECKS: tuple[Check, ...] = (
    check_import,
    check_hooks,
    check_import_without_torch,
    check_import_time,
    check_import_silent,
    check_import_offline,
)
