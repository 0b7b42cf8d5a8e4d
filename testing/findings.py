"""What a check finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ..benchmark.plugins.strangers import RAISED, describe_error

Check: TypeAlias = Callable[[Any], None]
"""A function called ``check_...``, given the bench of what is checked.

It returns where the contract is kept, raises `ContractError` where it is broken, and `BlockedError` where
another check's failure keeps it from finding out.  Its docstring's first line says what must be true.
"""


class ContractError(AssertionError):
    """A plugin breaks its contract.

    Args:
        got: What was found.
        expected: What the contract says.
        remedy: What its author can do, as a sentence without its full stop.
    """

    def __init__(self, got: str, expected: str, remedy: str) -> None:
        super().__init__(f"got {got}, expected {expected}. {remedy}.")


class BlockedError(Exception):
    """A check cannot be made, because of something that another check reports."""


@contextmanager
def demanding(expected: str, remedy: str, when: str = "") -> Iterator[None]:
    """Run a plugin's code, which may not raise.

    Args:
        expected: What the contract says comes of it.
        remedy: What its author can do, as a sentence without its full stop.
        when: Stands behind what it raised: `` for an empty image``.

    Raises:
        ContractError: It raised something.
    """
    try:
        yield
    except (ContractError, BlockedError):
        raise
    except RAISED as error:
        raise ContractError(f"{describe_error(error)}{when}", expected, remedy) from error


@contextmanager
def relying(unless: str) -> Iterator[None]:
    """Run a plugin's code that another check reports if it raises; `unless` says what it does then.

    Raises:
        BlockedError: It raised something.
    """
    try:
        yield
    except BlockedError:
        raise
    except (ContractError, *RAISED) as error:
        raise BlockedError(unless) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one check of one card ended."""

    subject: str
    """``model:unet``, ``plugin:my_package.plugin``"""
    check: str
    """The function's name in words: ``output shape``."""
    status: Literal["passed", "failed", "blocked"]
    message: str = ""
    """Why it failed or could not be made."""


def name_of(check: Check) -> str:
    """Give a check's name, in words."""
    return check.__name__.removeprefix("check_").replace("_", " ")
