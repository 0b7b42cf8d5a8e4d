"""Which packages the stored trials' models, data, metrics and methods came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..contracts.errors import StoreError, UnknownNameError, UsageError
from ..files.store import Store, read_record
from ..plugins.registry import how_to_get


def told_by_stored(error: UnknownNameError, store: Store) -> UsageError:
    """Add to a name that nothing has which package it came from, where a stored trial knows.

    Args:
        error: Of the name.
        store: Of trials; what is damaged in it counts for nothing here.
    """
    for provider in _providers(error.name, store):
        if told := how_to_get(error.name, provider):
            return UsageError(f"{error}\n{told}")
    return error


def _providers(name: str, store: Store) -> Iterator[str]:
    for folder in store.trials():
        try:
            spec = read_record(folder)["spec"]
            for part in (spec["model"], spec["dataset"], *spec["metrics"], *spec.get("methods", ())):
                if _plain(part["name"]) == name:
                    yield str(part["provider"]["distribution"])
        except (StoreError, KeyError, TypeError, AttributeError):
            continue


def _plain(name: Any) -> str:
    """Return a name without the options behind it."""
    return str(name).partition("[")[0]
