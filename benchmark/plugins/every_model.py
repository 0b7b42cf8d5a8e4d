"""``--models all``: every registered model that can be used, without naming it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..contracts.errors import UsageError
from .references import parse_model

ALL = "all"
"""No model may have this name."""


def wanted_models(references: Sequence[str], registered: Iterable[str]) -> Mapping[str, bool]:
    """Put the registered models in the place of ``all``.

    Args:
        references: Models as they were asked for.
        registered: The names of all models.

    Returns:
        References in order, each once, and whether it was asked for by name: what was not may be left out
        if it cannot be used.

    Raises:
        UsageError: A reference is not one, or gives ``all`` an option or initialisation.
    """
    wanted: dict[str, bool] = {}
    for text in references:
        if parse_model(text).name != ALL:
            wanted[text] = True
        elif text.strip() != ALL:
            raise UsageError(f"got {text!r}, but 'all' takes neither options nor an initialisation.")
        else:
            wanted |= {name: wanted.get(name, False) for name in sorted(registered)}
    return wanted


def optional_models(references: Sequence[str], registered: Iterable[str]) -> frozenset[str]:
    """Name the models that only ``all`` asks for, which may be left out if they cannot be used."""
    wanted = wanted_models(references, registered)
    named = {parse_model(text).name for text, is_named in wanted.items() if is_named}
    return frozenset(text for text, is_named in wanted.items() if not is_named) - named
