"""Options that would do nothing are refused, since whoever gave one expects that it does something."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from ..benchmark.contracts.errors import UsageError


def refuse_idle(options: Any, idle: Collection[str], why: str) -> None:
    """Refuse options that were changed and would do nothing.

    Args:
        options: An instance of a dataclass whose fields all have defaults.
        idle: Names of those that do nothing.
        why: Ends the sentence "... does nothing here: ...".

    Raises:
        UsageError: One of them is not at its default.
    """
    for field in fields(options):
        if field.name in idle and getattr(options, field.name) != field.default:
            raise UsageError(f"the option {field.name} does nothing here: {why}. Leave the option out.")
