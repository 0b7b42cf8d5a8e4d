"""Checking that imported weights are still what they were."""

from __future__ import annotations

from typing import Any

from ..contracts.cards import WeightsCard
from ..contracts.errors import WeightsError
from .importing import check_sha256
from .library import Entry, Library
from .reading import check_finite, read_content
from .weight_info import read_info


def verify(entry: Entry, card: WeightsCard | None, library: Library) -> str:
    """Hash and read imported weights again; say what is wrong with them, or nothing.

    Args:
        entry: Which.
        card: The published file of that name, if there is one.
        library: Where they are.
    """
    if fault := library.fault(entry):
        return fault
    path = library.file(entry.name)
    try:
        check_sha256(card, entry.original_sha256, f"the original of {entry.name}, {entry.original_name},")
        state: Any = read_content(path)
        check_finite(state, path)
        if read_info(path) is None:
            return f"{path} does not say what it is"
    except WeightsError as error:
        return str(error)
    return ""
